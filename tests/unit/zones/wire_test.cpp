#include "zones/wire.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "tests/support/octets.hpp"

namespace hairpin::zones {
namespace {

using tests::octets;

// Three names: example.net. at 0, www -> 0 at 13, self-loop at 19. There is no message header
// because read_name does not treat one specially.
const auto kMessage = octets(
    "07 'example' 03 'net' 00"
    "03 'www' C0 00"
    "C0 13");

TEST_CASE("read_name follows a compression pointer back to an earlier name", "[zones][rfc1035]") {
    const auto www = read_name(kMessage, 13);

    REQUIRE(www);
    CHECK(www->name.wire().size() == 17);
    CHECK(www->name.text() == "www.example.net.");
    CHECK(www->next == 19);  // Right after the pointer, not after its target.
}

TEST_CASE("read_name refuses hostile names and says why", "[zones][rfc1035][hostile]") {
    struct Case {
        const char* why;
        std::vector<std::uint8_t> message;
        std::size_t offset;
        WireError error;
    };
    Octets too_long;
    for (int each = 0; each < 5; ++each) {
        too_long.push_back(63);
        too_long.insert(too_long.end(), 63, 'x');
    }
    too_long.push_back(0);
    const auto hostile = GENERATE_COPY(values<Case>({
        {"pointer to itself", kMessage, 19, WireError::PointerNotBackward},
        {"pointer forward", octets("C0 02 00"), 0, WireError::PointerNotBackward},
        {"two pointers that meet", octets("C0 02 C0 00"), 2, WireError::PointerNotBackward},
        {"label runs past the end", octets("05 'abc'"), 0, WireError::Truncated},
        {"half a pointer", octets("C0"), 0, WireError::Truncated},
        {"no root label", octets("03 'abc'"), 0, WireError::Truncated},
        {"0x40 label type", octets("41 00"), 0, WireError::ReservedLabelType},
        {"0x80 label type", octets("81 00"), 0, WireError::ReservedLabelType},
        {"256 octets and more", too_long, 0, WireError::NameTooLong},
        {"offset past the end", octets("00"), 1, WireError::Truncated},
    }));

    INFO(hostile.why);
    const auto name = read_name(hostile.message, hostile.offset);

    REQUIRE_FALSE(name);
    CHECK(name.error() == hostile.error);
}

TEST_CASE("read_record checks every length", "[zones][rfc1035]") {
    const auto record = octets("01 'a' 00 00 01 00 01 00 00 00 3C 00 04 C0 00 02 01");
    const auto read = read_record(record, 0);
    REQUIRE(read);
    CHECK(read->owner.text() == "a.");
    CHECK(read->type == 1);
    CHECK(read->ttl == 60);
    CHECK(read->rdlength == 4);
    CHECK(read->next == record.size());
    for (std::size_t size = 0; size < record.size(); ++size) {
        INFO(size);
        CHECK_FALSE(read_record(OctetView(record).first(size), 0));
    }
}

}  // namespace
}  // namespace hairpin::zones
