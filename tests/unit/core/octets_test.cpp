#include "core/octets.hpp"

#include <catch2/catch.hpp>

namespace hairpin {
namespace {

TEST_CASE("Base64 gives RFC 4648's own examples, both ways", "[core][rfc4648]") {
    struct Case {
        const char* plain;
        const char* base64;
    };
    const auto row = GENERATE(values<Case>({{"", ""},
                                            {"f", "Zg=="},
                                            {"fo", "Zm8="},
                                            {"foo", "Zm9v"},
                                            {"foob", "Zm9vYg=="},
                                            {"fooba", "Zm9vYmE="},
                                            {"foobar", "Zm9vYmFy"}}));
    CHECK(to_base64(as_octets(row.plain)) == row.base64);
    const auto back = from_base64(row.base64);
    REQUIRE(back);
    CHECK(as_text(*back) == row.plain);
}

TEST_CASE("Base64 refuses second spellings of a value", "[core][hostile]") {
    for (const char* text :
         {"Zg", "Zg=", "Zh==", "Zg==\n", "Z g=", "====", "Zm9=", "Zg==Zg==", "Zm8*", "-_=="}) {
        INFO(text);
        CHECK_FALSE(from_base64(text));
    }
    for (const char* text : {"Zg==", "Zh", "A", "+/8"}) {
        INFO(text);
        CHECK_FALSE(from_base64url(text));
    }
    CHECK(from_base64url("-_8").value() == Octets{0xfb, 0xff});
}

TEST_CASE("Hexadecimal is read in both cases and written in lower case", "[core]") {
    CHECK(to_hex(Octets{0x00, 0xab, 0xff}) == "00abff");
    CHECK(from_hex("00aBFf") == Octets{0x00, 0xab, 0xff});
    CHECK_FALSE(from_hex("0"));
    CHECK_FALSE(from_hex("0g"));
}

}  // namespace
}  // namespace hairpin
