#include "zones/name.hpp"

#include <catch2/catch.hpp>

#include "tests/support/octets.hpp"

namespace hairpin::zones {
namespace {

Name parsed(std::string_view text) {
    const auto name = Name::parse(text);
    REQUIRE(name);
    return *name;
}

TEST_CASE("Name::parse reads presentation format with and without the final dot",
          "[zones][rfc1035]") {
    CHECK(parsed("www.example.net.") == parsed("www.example.net"));
    CHECK(parsed("www.example.net").labels() == 3);
    CHECK(parsed(".").is_root());
    CHECK(parsed("a\\.b.example").labels() == 2);
    CHECK(parsed("a\\000b.example").first_label().size() == 3);
    CHECK(parsed("nur1.Example.NET").text() == "nur1.Example.NET.");
    CHECK(parsed("a\\032b\\.c\\\"").text() == "a\\032b\\.c\\\".");
}

TEST_CASE("Name::parse refuses what is not a name and says why", "[zones][rfc1035][hostile]") {
    struct Case {
        std::string text;
        NameError error;
    };
    const std::string long_label(64, 'a');
    std::string long_name;
    for (int each = 0; each < 64; ++each)
        long_name += "abc.";
    const auto refused = GENERATE_COPY(values<Case>({{"", NameError::Empty},
                                                     {"..", NameError::EmptyLabel},
                                                     {".a", NameError::EmptyLabel},
                                                     {"a..b", NameError::EmptyLabel},
                                                     {long_label, NameError::LabelTooLong},
                                                     {long_name, NameError::NameTooLong},
                                                     {"a\\", NameError::BadEscape},
                                                     {"a\\25", NameError::BadEscape},
                                                     {"a\\256", NameError::BadEscape}}));
    INFO(refused.text);
    const auto name = Name::parse(refused.text);
    REQUIRE_FALSE(name);
    CHECK(name.error() == refused.error);
}

TEST_CASE("A name of exactly 255 octets is accepted, one of 256 is not", "[zones][rfc1035]") {
    std::string text;
    for (int each = 0; each < 3; ++each)
        text += std::string(63, 'x') + ".";
    CHECK(parsed(text + std::string(61, 'y')).size() == 255);
    CHECK_FALSE(Name::parse(text + std::string(62, 'y')));
}

TEST_CASE("Name::from_wire wants exactly one uncompressed name", "[zones][hostile]") {
    using tests::octets;
    CHECK(Name::from_wire(octets("03 'www' 00")));
    CHECK(Name::from_wire(octets("00")));
    CHECK_FALSE(Name::from_wire({}));
    CHECK_FALSE(Name::from_wire(octets("03 'www'")));
    CHECK_FALSE(Name::from_wire(octets("03 'www' 00 00")));
    CHECK_FALSE(Name::from_wire(octets("40 'www' 00")));
    CHECK_FALSE(Name::from_wire(octets("C0 00")));
    CHECK_FALSE(Name::from_wire(octets("05 'www' 00")));
}

TEST_CASE("Names compare without regard to ASCII case only", "[zones][rfc4343]") {
    CHECK(parsed("WWW.Example") == parsed("www.eXAMPLE"));
    CHECK_FALSE(parsed("www.example") == parsed("www.exampl\\197"));
    CHECK(NameHash()(parsed("WWW.Example")) == NameHash()(parsed("www.example")));
    CHECK_FALSE(parsed("a\\[.example") == parsed("a{.example"));  // 0x5B and 0x7B are not letters.
}

TEST_CASE("Eight octets get lower case together as each does alone", "[zones][rfc4343]") {
    for (unsigned octet = 0; octet < 256; ++octet) {
        for (unsigned beside = 0; beside < 256; ++beside) {
            std::uint64_t together = 0;
            std::uint64_t alone = 0;
            for (unsigned at = 0; at < 8; ++at) {
                const auto here = static_cast<std::uint8_t>(at % 2 == 0 ? octet : beside);
                together |= std::uint64_t{here} << (8 * at);
                alone |= std::uint64_t{lower(here)} << (8 * at);
            }
            if (lower_eight(together) != alone) FAIL(octet << " beside " << beside);
        }
    }
    CHECK(lower_eight(0x5a41405b617a20ff) == 0x7a61405b617a20ff);
}

TEST_CASE("is_within looks at whole labels", "[zones]") {
    CHECK(parsed("a.example.net").is_within(parsed("example.NET")));
    CHECK(parsed("example.net").is_within(parsed("example.net")));
    CHECK(parsed("example.net").is_within(Name()));
    CHECK_FALSE(parsed("badexample.net").is_within(parsed("example.net")));
    CHECK_FALSE(parsed("net").is_within(parsed("example.net")));
    // The octets of the suffix stand inside one label here.
    CHECK_FALSE(parsed("x\\007example\\003net").is_within(parsed("example.net")));
}

TEST_CASE("Names are taken apart and put together by labels", "[zones]") {
    const Name name = parsed("nur1.pl-acme.example.net");
    CHECK(name.without_labels(1) == parsed("pl-acme.example.net"));
    CHECK(name.without_labels(9).is_root());
    CHECK(Name::join(name.relative_to(parsed("example.net")), parsed("example.org")) ==
          parsed("nur1.pl-acme.example.org"));
    CHECK(Name::child("i-nur1", parsed("example.net")) == parsed("i-nur1.example.net"));
    CHECK_FALSE(Name::child("", parsed("example.net")));
    CHECK_FALSE(Name::child(std::string(64, 'a'), parsed("example.net")));
}

TEST_CASE("Canonical order goes by label from the right, a NUL octet included",
          "[zones][rfc4034]") {
    // RFC 4034 section 6.1's own example, and the name that Knot 3.2 sorts wrongly.
    const std::vector<std::string> sorted = {
        "example",           "a.example", "yljkjljk.a.example", "Z.a.example", "zABC.a.EXAMPLE",
        "a\\000nul.example", "z.example", "\\001.z.example",    "*.z.example", "\\200.z.example"};
    for (std::size_t a = 0; a < sorted.size(); ++a)
        for (std::size_t b = 0; b < sorted.size(); ++b) {
            INFO(sorted[a] << " before " << sorted[b]);
            CHECK(canonical_less(parsed(sorted[a]), parsed(sorted[b])) == (a < b));
        }
}

}  // namespace
}  // namespace hairpin::zones
