#include "zones/rdata_layout.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "tests/support/octets.hpp"
#include "zones/presentation.hpp"

namespace hairpin::zones {
namespace {

using tests::octets;

RType type_named(std::string_view mnemonic) {
    const auto type = type_from_text(mnemonic);
    if (!type) FAIL("unknown type " << mnemonic);
    return *type;
}

TEST_CASE("RDATA is valid only when its fields fill it exactly", "[zones][hostile]") {
    struct Case {
        const char* type;
        const char* wire;
        bool valid;
    };
    const std::vector<Case> cases = {
        {"A", "C0 00 02 01", true},
        {"A", "C0 00 02", false},
        {"A", "C0 00 02 01 00", false},
        {"A", "", false},
        {"NS", "00", true},
        {"NS", "01 'a' 00", true},
        {"NS", "01 'a'", false},
        {"NS", "01 'a' C0 0C", false},
        {"NS", "41 'a' 00", false},
        {"NS", "01 'a' 00 00", false},
        {"TXT", "", false},
        {"TXT", "00", true},
        {"TXT", "01 'a' 01 'b'", true},
        {"TXT", "02 'a'", false},
        {"HINFO", "01 'a'", false},
        {"HINFO", "01 'a' 00", true},
        {"MX", "00 0A", false},
        {"CAA", "00 00", false},
        {"CAA", "00 01 'a'", true},
        {"CAA", "00 01 2D", false},
        {"CAA", "00 05 'issue' 'x'", true},
        {"URI", "00 01 00 01", false},
        {"NSEC", "00", true},
        {"NSEC", "00 00 01 40", true},
        {"NSEC", "00 00 00", false},              // A window without octets.
        {"NSEC", "00 00 01 00", false},           // A trailing zero octet.
        {"NSEC", "00 00 02 40", false},           // Past the end.
        {"NSEC", "00 01 01 40 00 01 40", false},  // Windows descend.
        {"NSEC", "00 00 01 40 00 01 40", false},  // A window twice.
        {"NSEC3", "01 00 00 00 00 00", false},    // An empty hash.
        {"NSEC3PARAM", "01 00 00 00 02 AA", false},
        {"DS", "00 01 0D 02", false},
        {"HTTPS", "00 01 00", true},
        {"HTTPS", "00 01 00 00 03 00 02 00 35", true},
        {"HTTPS", "00 01 00 00 03 00 01 35", false},
        {"HTTPS", "00 01 00 00 03 00 02 00 35 00 03 00 02 00 35", false},    // A key twice.
        {"HTTPS", "00 01 00 00 03 00 02 00 35 00 01 00 03 02 'h2'", false},  // Out of order.
        {"HTTPS", "00 01 00 00 01 00 01 00", false},                         // An empty protocol.
        {"HTTPS", "00 01 00 00 01 00 00", false},                            // No protocol.
        {"HTTPS", "00 01 00 00 02 00 00", false},  // no-default-alpn without alpn.
        {"HTTPS", "00 01 00 00 04 00 03 C0 00 02", false},
        {"HTTPS", "00 01 00 00 06 00 04 C0 00 02 01", false},
        {"HTTPS", "00 01 00 00 00 00 02 00 03 00 03 00 02 00 35", true},
        {"HTTPS", "00 01 00 00 00 00 02 00 03", false},  // A mandatory key that is missing.
        {"HTTPS", "00 01 00 00 00 00 02 00 00", false},  // "mandatory" itself.
        {"HTTPS", "00 01 00 00 00 00 00", false},
        {"HTTPS", "00 01 00 03 E8 00 00", true},  // An unknown key is opaque.
        {"HTTPS", "00 01 00 FF FF 00 00", false},
        {"HTTPS", "00 01 C0 0C", false},
        {"LOC", "00 12 16 13 80000000 80000000 00989680", true},
        {"LOC", "01 12 16 13 80000000 80000000 00989680", false},
        {"LOC", "00 A2 16 13 80000000 80000000 00989680", false},
        {"LOC", "00 12 16 13 FFFFFFFF 80000000 00989680", false},
        {"APL", "00 01 15 03 C0 A8 20", true},
        {"APL", "00 01 15 03 C0 A8 00", false},
        {"APL", "00 01 21 03 C0 A8 20", false},
        {"APL", "00 01 15 05 C0 A8 20 01 01", false},
        {"APL", "00 01 15 04 C0 A8 20", false},
        {"IPSECKEY", "0A 01 02 C0 00 02 26 01", true},
        {"IPSECKEY", "0A 01 02 C0 00 02 26", false},
        {"IPSECKEY", "0A 04 02 01", false},
        {"IPSECKEY", "0A 03 02 C0 0C 01", false},
        {"HIP", "01 02 00 01 AA BB", true},
        {"HIP", "01 02 00 01 AA", false},
        {"HIP", "01 02 00 01 AA BB C0 0C", false},
        {"EUI48", "00 00 5E 00 53", false},
        {"TYPE65280", "", true},
        {"TYPE65280", "FF FF", true},
        {"NULL", "", true},
    };
    for (const Case& c : cases) {
        CAPTURE(c.type, c.wire);
        CHECK(rdata_is_valid(type_named(c.type), octets(c.wire)) == c.valid);
    }
    CHECK_FALSE(rdata_is_valid(RType::TXT, Octets(65'536, 0)));
    CHECK(rdata_is_valid(RType::TXT, Octets(65'535, 0)));
}

TEST_CASE("A layout is found by number and by mnemonic in either case", "[zones]") {
    REQUIRE(layout_of(RType::HTTPS) != nullptr);
    CHECK(layout_of(RType::HTTPS)->mnemonic == "HTTPS");
    CHECK(layout_named("https") == layout_of(RType::HTTPS));
    CHECK(layout_named("nsap-ptr") != nullptr);
    CHECK(layout_named("") == nullptr);
    CHECK(layout_named("HTTP") == nullptr);
    CHECK(layout_of(static_cast<RType>(0)) == nullptr);
    CHECK(layout_of(static_cast<RType>(65'535)) == nullptr);
}

}  // namespace
}  // namespace hairpin::zones
