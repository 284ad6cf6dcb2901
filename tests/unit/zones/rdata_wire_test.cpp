#include "zones/rdata_wire.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/octets.hpp"
#include "zones/presentation.hpp"

namespace hairpin::zones {
namespace {

using tests::octets;

/// A record of the root with this RDATA behind the name example.net. at 0.
Result<Octets, WireError> expanded(std::uint16_t type, const Octets& rdata) {
    Octets message = octets("07 'example' 03 'net' 00");
    const std::size_t at = message.size() + 11;
    message.resize(at);
    message.insert(message.end(), rdata.begin(), rdata.end());
    const RecordAt record{
        Name(), type, 1, 60, at, static_cast<std::uint16_t>(rdata.size()), at + rdata.size()};
    return expanded_rdata(message, record);
}

TEST_CASE("Names in RDATA are spelled out for the types that may have them compressed",
          "[zones][rfc3597]") {
    struct Case {
        RType type;
        const char* rdata;
        const char* text;
    };
    for (const Case& each : std::vector<Case>{
             {RType::NS, "02 'ns' C0 00", "ns.example.net."},
             {RType::CNAME, "C0 00", "example.net."},
             {RType::MX, "00 0A 02 'mx' C0 00", "10 mx.example.net."},
             {RType::SOA, "02 'ns' C0 00 01 'h' C0 08 00000001 00000002 00000003 00000004 00000005",
              "ns.example.net. h.net. 1 2 3 4 5"},
             {RType{17}, "01 'p' C0 00 C0 08", "p.example.net. net."},
             {RType::SRV, "0001 0002 0003 C0 00", "1 2 3 example.net."},
             {RType::NAPTR, "0001 0002 01 's' 00 00 C0 00", "1 2 \"s\" \"\" \"\" example.net."},
             {RType::A, "C0 00 02 01", "192.0.2.1"},
         }) {
        INFO(each.text);
        const auto rdata = expanded(to_number(each.type), octets(each.rdata));
        REQUIRE(rdata);
        CHECK(rdata_text(each.type, *rdata) == each.text);
    }
}

TEST_CASE("RDATA whose names or fields run out of it is refused", "[zones][hostile]") {
    struct Case {
        const char* why;
        std::uint16_t type;
        const char* rdata;
        WireError error;
    };
    for (const Case& each : std::vector<Case>{
             {"nothing where a name belongs", 2, "", WireError::Truncated},
             {"a label that runs out", 2, "05 'ab'", WireError::Truncated},
             {"a pointer cut in two", 2, "C0", WireError::Truncated},
             {"octets left over", 2, "C0 00 00", WireError::Truncated},
             {"a preference cut in two", 15, "00", WireError::Truncated},
             {"numbers missing behind the names", 6, "C0 00 C0 00 00 00", WireError::Truncated},
             {"a pointer at itself", 5, "C0 18", WireError::PointerNotBackward},
             {"a reserved label", 12, "80 00", WireError::ReservedLabelType},
         }) {
        INFO(each.why);
        const auto rdata = expanded(each.type, octets(each.rdata));
        REQUIRE_FALSE(rdata);
        CHECK(rdata.error() == each.error);
    }
}

TEST_CASE("A pointer in the RDATA of any other type stays one, and is not valid",
          "[zones][rfc3597]") {
    for (const std::uint16_t type : std::vector<std::uint16_t>{39, 64, 107}) {  // DNAME, SVCB, LP
        INFO(type);
        const Octets sent = octets(type == 39 ? "C0 00" : "00 01 C0 00");
        const auto rdata = expanded(type, sent);
        REQUIRE(rdata);
        CHECK(*rdata == sent);
        CHECK_FALSE(rdata_is_valid(RType{type}, *rdata));
    }
}

}  // namespace
}  // namespace hairpin::zones
