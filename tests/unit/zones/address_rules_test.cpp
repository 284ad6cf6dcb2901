#include "zones/address_rules.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/support/zones.hpp"
#include "zones/special_ranges.hpp"

namespace hairpin::zones {
namespace {

using tests::name;

IpAddress address(std::string_view text) {
    const auto parsed = IpAddress::parse(text);
    if (!parsed) FAIL("not an address: " << text);
    return *parsed;
}

AddressRules rules_with(std::initializer_list<std::string_view> public_also) {
    AddressRules rules;
    for (const std::string_view text : public_also) {
        const auto prefix = Prefix::parse(text);
        if (!prefix) FAIL("not a prefix: " << text);
        rules.public_also.push_back(*prefix);
    }
    return rules;
}

// One registry row: its ends, and what the addresses just outside of it are.
struct Row {
    const char* prefix;
    const char* first;
    const char* last;
    const char* before;  // The neighbours; null at the ends of the address space.
    const char* after;
    const char* before_is;  // The most specific range they are in; null: ordinary.
    const char* after_is;
    const char* rfc;  // What the sentence names.
};

const std::vector<Row> kRows = {
    {"0.0.0.0/8", "0.0.0.1", "0.255.255.255", nullptr, "1.0.0.0", nullptr, nullptr, "RFC 791"},
    {"0.0.0.0/32", "0.0.0.0", "0.0.0.0", nullptr, "0.0.0.1", nullptr, "0.0.0.0/8", "RFC 1122"},
    {"10.0.0.0/8", "10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0", nullptr, nullptr,
     "RFC 1918"},
    {"100.64.0.0/10", "100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0", nullptr,
     nullptr, "RFC 6598"},
    {"127.0.0.0/8", "127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0", nullptr,
     nullptr, "RFC 1122"},
    {"169.254.0.0/16", "169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0", nullptr,
     nullptr, "RFC 3927"},
    {"172.16.0.0/12", "172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0", nullptr,
     nullptr, "RFC 1918"},
    {"192.0.0.0/24", "192.0.0.11", "192.0.0.255", "191.255.255.255", "192.0.1.0", nullptr, nullptr,
     "RFC 6890"},
    {"192.0.0.0/29", "192.0.0.0", "192.0.0.7", "191.255.255.255", "192.0.0.8", nullptr,
     "192.0.0.8/32", "RFC 7335"},
    {"192.0.0.8/32", "192.0.0.8", "192.0.0.8", "192.0.0.7", "192.0.0.9", "192.0.0.0/29",
     "192.0.0.9/32", "RFC 7600"},
    {"192.0.0.9/32", "192.0.0.9", "192.0.0.9", "192.0.0.8", "192.0.0.10", "192.0.0.8/32",
     "192.0.0.10/32", "RFC 7723"},
    {"192.0.0.10/32", "192.0.0.10", "192.0.0.10", "192.0.0.9", "192.0.0.11", "192.0.0.9/32",
     "192.0.0.0/24", "RFC 8155"},
    {"192.0.0.170/32", "192.0.0.170", "192.0.0.170", "192.0.0.169", "192.0.0.171", "192.0.0.0/24",
     "192.0.0.171/32", "RFC 7050"},
    {"192.0.0.171/32", "192.0.0.171", "192.0.0.171", "192.0.0.170", "192.0.0.172", "192.0.0.170/32",
     "192.0.0.0/24", "RFC 7050"},
    {"192.0.2.0/24", "192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0", nullptr, nullptr,
     "RFC 5737"},
    {"192.31.196.0/24", "192.31.196.0", "192.31.196.255", "192.31.195.255", "192.31.197.0", nullptr,
     nullptr, "RFC 7535"},
    {"192.52.193.0/24", "192.52.193.0", "192.52.193.255", "192.52.192.255", "192.52.194.0", nullptr,
     nullptr, "RFC 7450"},
    {"192.88.99.0/24", "192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0", nullptr,
     nullptr, "RFC 7526"},
    {"192.168.0.0/16", "192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0", nullptr,
     nullptr, "RFC 1918"},
    {"192.175.48.0/24", "192.175.48.0", "192.175.48.255", "192.175.47.255", "192.175.49.0", nullptr,
     nullptr, "RFC 7534"},
    {"198.18.0.0/15", "198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0", nullptr,
     nullptr, "RFC 2544"},
    {"198.51.100.0/24", "198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0", nullptr,
     nullptr, "RFC 5737"},
    {"203.0.113.0/24", "203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0", nullptr,
     nullptr, "RFC 5737"},
    {"224.0.0.0/4", "224.0.0.0", "239.255.255.255", "223.255.255.255", "240.0.0.0", nullptr,
     "240.0.0.0/4", "RFC 5771"},
    {"240.0.0.0/4", "240.0.0.0", "255.255.255.254", "239.255.255.255", "255.255.255.255",
     "224.0.0.0/4", "255.255.255.255/32", "RFC 1112"},
    {"255.255.255.255/32", "255.255.255.255", "255.255.255.255", "255.255.255.254", nullptr,
     "240.0.0.0/4", nullptr, "RFC 919"},

    {"::/3", "0:0:1::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr, "2000::", nullptr,
     nullptr, "RFC 4291"},
    {"4000::/2", "4000::", "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "8000::", nullptr, "8000::/1", "RFC 4291"},
    {"8000::/1", "8000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fc00::", "4000::/2", "fc00::/7", "RFC 4291"},
    {"::/128", "::", "::", nullptr, "::1", nullptr, "::1/128", "RFC 4291"},
    {"::1/128", "::1", "::1", "::", "::2", "::/128", "::/96", "RFC 4291"},
    {"::/96", "::2", "::ffff:ffff", "::1", "::1:0:0", "::1/128", "::/3", "RFC 4291"},
    {"::ffff:0:0/96", "::ffff:0:0", "::ffff:ffff:ffff", "::fffe:ffff:ffff", "::1:0:0:0", "::/3",
     "::/3", "RFC 4291"},
    {"64:ff9b::/96", "64:ff9b::", "64:ff9b::ffff:ffff", "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff",
     "64:ff9b::1:0:0", "::/3", "::/3", "RFC 6052"},
    {"64:ff9b:1::/48", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
     "64:ff9b:0:ffff:ffff:ffff:ffff:ffff", "64:ff9b:2::", "::/3", "::/3", "RFC 8215"},
    {"100::/64", "100::", "100::ffff:ffff:ffff:ffff", "ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "100:0:0:1::", "::/3", "100:0:0:1::/64", "RFC 6666"},
    {"100:0:0:1::/64", "100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", "100::ffff:ffff:ffff:ffff",
     "100:0:0:2::", "100::/64", "::/3", "RFC 9780"},
    {"2001::/23", "2001:5::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::", nullptr, nullptr, "RFC 2928"},
    {"2001::/32", "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
     "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:1::", nullptr, "2001::/23", "RFC 4380"},
    {"2001:1::1/128", "2001:1::1", "2001:1::1", "2001:1::", "2001:1::2", "2001::/23",
     "2001:1::2/128", "RFC 7723"},
    {"2001:1::2/128", "2001:1::2", "2001:1::2", "2001:1::1", "2001:1::3", "2001:1::1/128",
     "2001:1::3/128", "RFC 8155"},
    {"2001:1::3/128", "2001:1::3", "2001:1::3", "2001:1::2", "2001:1::4", "2001:1::2/128",
     "2001::/23", "RFC 9665"},
    {"2001:2::/48", "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff",
     "2001:1:ffff:ffff:ffff:ffff:ffff:ffff", "2001:2:1::", "2001::/23", "2001::/23", "RFC 5180"},
    {"2001:3::/32", "2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:2:ffff:ffff:ffff:ffff:ffff:ffff", "2001:4::", "2001::/23", "2001::/23", "RFC 7450"},
    {"2001:4:112::/48", "2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff",
     "2001:4:111:ffff:ffff:ffff:ffff:ffff", "2001:4:113::", "2001::/23", "2001::/23", "RFC 7535"},
    {"2001:10::/28", "2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:f:ffff:ffff:ffff:ffff:ffff:ffff", "2001:20::", "2001::/23", "2001:20::/28", "RFC 4843"},
    {"2001:20::/28", "2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", "2001:30::", "2001:10::/28", "2001:30::/28",
     "RFC 7343"},
    {"2001:30::/28", "2001:30::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", "2001:40::", "2001:20::/28", "2001::/23", "RFC 9374"},
    {"2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::", nullptr, nullptr, "RFC 3849"},
    {"2002::/16", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::", nullptr, nullptr, "RFC 3056"},
    {"2620:4f:8000::/48", "2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff",
     "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", "2620:4f:8001::", nullptr, nullptr, "RFC 7534"},
    {"3fff::/20", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
     "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::", nullptr, nullptr, "RFC 9637"},
    {"5f00::/16", "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "5f01::", "4000::/2", "4000::/2", "RFC 9602"},
    {"fc00::/7", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::", "8000::/1", "8000::/1", "RFC 4193"},
    {"fe80::/10", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fec0::", "8000::/1", "fec0::/10", "RFC 4291"},
    {"fec0::/10", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ff00::", "fe80::/10", "ff00::/8", "RFC 3879"},
    {"ff00::/8", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr, "fec0::/10", nullptr, "RFC 4291"},
};

const std::set<std::string_view> kPrivate = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                                             "fc00::/7"};

void check_range(const char* text, const char* expected) {
    if (text == nullptr) return;
    CAPTURE(text);
    const auto range = special_range(address(text));
    if (expected == nullptr) {
        CHECK_FALSE(range.has_value());
        CHECK_FALSE(AddressRules().refusal(TwinRole::Public, address(text)));
        return;
    }
    REQUIRE(range.has_value());
    CHECK(range->prefix == expected);
}

TEST_CASE("Every range of the IANA registries begins and ends where it should",
          "[zones][rfc6890][invariant4]") {
    for (const Row& row : kRows) {
        CAPTURE(row.prefix);
        check_range(row.first, row.prefix);
        check_range(row.last, row.prefix);
        check_range(row.before, row.before_is);
        check_range(row.after, row.after_is);
    }
}

TEST_CASE("No public name takes an address of any range, and the sentence says why",
          "[zones][rfc6890][invariant4]") {
    const AddressRules rules;
    for (const Row& row : kRows) {
        for (const char* text : {row.first, row.last}) {
            CAPTURE(row.prefix, text);
            const auto refused = rules.refusal(TwinRole::Public, address(text));
            REQUIRE(refused.has_value());
            CHECK_THAT(*refused, Catch::Contains(address(text).text()));
            CHECK_THAT(*refused, Catch::Contains(row.prefix));
            CHECK_THAT(*refused, Catch::Contains(row.rfc));
            CHECK(refused->find(": ") < refused->size() - 20);  // What to do follows.
        }
    }
}

TEST_CASE("An internal name takes private addresses and nothing else",
          "[zones][rfc1918][rfc4193][invariant4]") {
    const AddressRules rules;
    for (const Row& row : kRows) {
        for (const char* text : {row.first, row.last, row.before, row.after}) {
            if (text == nullptr) continue;
            CAPTURE(row.prefix, text);
            const auto range = special_range(address(text));
            const bool allowed = range && kPrivate.contains(range->prefix);
            CHECK(is_private(address(text)) == allowed);
            const auto refused = rules.refusal(TwinRole::Internal, address(text));
            CHECK(refused.has_value() == !allowed);
            if (refused) CHECK_THAT(*refused, Catch::Contains("RFC 1918"));
        }
    }
    // What is opened for public names stays closed for internal ones.
    CHECK(rules_with({"100.64.0.0/10"}).refusal(TwinRole::Internal, address("100.64.0.1")));
}

TEST_CASE("The table of this test has every row of the registries", "[zones][rfc6890]") {
    std::set<std::string_view> tested;
    for (const Row& row : kRows)
        tested.insert(row.prefix);
    for (const RangeRow& row : special_ranges()) {
        CAPTURE(row.prefix);
        CHECK(tested.contains(row.prefix));
        CHECK(Prefix::parse(row.prefix));
    }
    CHECK(tested.size() == special_ranges().size());
}

TEST_CASE("Ordinary addresses are public and not internal", "[zones][invariant4]") {
    const AddressRules rules;
    for (const char* text : {"1.1.1.1", "8.8.8.8", "100.0.0.1", "172.15.0.1", "172.32.0.1",
                             "192.0.1.1", "193.99.144.80", "223.255.255.254", "2000::1",
                             "2003:e0:bf00::1", "2606:4700:4700::1111", "2a00:1450:4001::1"}) {
        CAPTURE(text);
        CHECK_FALSE(special_range(address(text)));
        CHECK_FALSE(rules.refusal(TwinRole::Public, address(text)));
        const auto refused = rules.refusal(TwinRole::Internal, address(text));
        REQUIRE(refused);
        CHECK_THAT(*refused, Catch::Contains("is a public address"));
    }
}

TEST_CASE("public_also opens a range, and only that", "[zones][invariant4]") {
    const AddressRules rules = rules_with({"192.0.2.0/24", "2001:db8::/32", "10.1.0.0/16"});
    CHECK_FALSE(rules.refusal(TwinRole::Public, address("192.0.2.1")));
    CHECK_FALSE(rules.refusal(TwinRole::Public, address("2001:db8::1")));
    CHECK_FALSE(rules.refusal(TwinRole::Public, address("10.1.2.3")));
    CHECK(rules.refusal(TwinRole::Public, address("10.2.0.1")));
    CHECK(rules.refusal(TwinRole::Public, address("198.51.100.1")));
    CHECK(rules.refusal(TwinRole::Public, address("::ffff:192.0.2.1")));
}

TEST_CASE("A private IPv4 address does not pass in the clothes of IPv6", "[zones][invariant4]") {
    for (const char* text : {"::ffff:192.168.1.11", "::192.168.1.11", "2002:c0a8:10b::1",
                             "64:ff9b::192.168.1.11", "64:ff9b:1::192.168.1.11"}) {
        CAPTURE(text);
        CHECK(AddressRules().refusal(TwinRole::Public, address(text)));
        CHECK(AddressRules().refusal(TwinRole::Internal, address(text)));
        CHECK_FALSE(is_private(address(text)));
    }
    // Not even where the translation prefix was opened.
    const AddressRules rules = rules_with({"2002::/16", "64:ff9b::/96", "::ffff:0:0/96"});
    for (const char* text : {"::ffff:192.168.1.11", "2002:c0a8:10b::1", "64:ff9b::192.168.1.11",
                             "64:ff9b::127.0.0.1"}) {
        CAPTURE(text);
        const auto refused = rules.refusal(TwinRole::Public, address(text));
        REQUIRE(refused);
        CHECK_THAT(*refused, Catch::Contains("carries"));
    }
    CHECK_FALSE(rules.refusal(TwinRole::Public, address("2002:0101:0101::1")));
    CHECK_FALSE(rules.refusal(TwinRole::Public, address("64:ff9b::1.1.1.1")));
}

TEST_CASE("The sentence for a private address in a public name", "[zones][invariant4]") {
    CHECK(AddressRules().refusal(TwinRole::Public, address("192.168.1.11")) ==
          "192.168.1.11 lies in 192.168.0.0/16, private (RFC 1918): the internet cannot reach it, "
          "so it "
          "belongs into the internal name; a public name takes the public address of the box");
}

TEST_CASE("Twin names are one label below the apex, in either case", "[zones]") {
    const AddressRules rules;
    const Name apex = name("pl-acme.example.net");
    struct Case {
        const char* owner;
        std::optional<TwinRole> role;
    };
    const std::vector<Case> cases = {
        {"nur1.pl-acme.example.net", TwinRole::Public},
        {"NUR12.PL-ACME.example.net", TwinRole::Public},
        {"i-nur1.pl-acme.example.net", TwinRole::Internal},
        {"I-Nur999999999.pl-acme.example.net", TwinRole::Internal},
        {"nur0.pl-acme.example.net", std::nullopt},
        {"nur01.pl-acme.example.net", std::nullopt},
        {"nur.pl-acme.example.net", std::nullopt},
        {"i-nur.pl-acme.example.net", std::nullopt},
        {"nur1234567890.pl-acme.example.net", std::nullopt},
        {"nur1x.pl-acme.example.net", std::nullopt},
        {"nur-1.pl-acme.example.net", std::nullopt},
        {"xnur1.pl-acme.example.net", std::nullopt},
        {"i-i-nur1.pl-acme.example.net", std::nullopt},
        {"i-.pl-acme.example.net", std::nullopt},
        {"*.pl-acme.example.net", std::nullopt},
        {"_acme-challenge.nur1.pl-acme.example.net", std::nullopt},
        {"a.nur1.pl-acme.example.net", std::nullopt},
        {"pl-acme.example.net", std::nullopt},
        {"nur1.example.net", std::nullopt},
        {"nur1.pl-other.example.net", std::nullopt},
        {".", std::nullopt},
    };
    for (const Case& c : cases) {
        CAPTURE(c.owner);
        CHECK((rules.role_of(name(c.owner), apex) == c.role));
    }
    AddressRules renamed;
    renamed.server_label = "Box-";
    renamed.internal_prefix = "lan.";  // As a label's octet, which no configuration allows.
    CHECK((renamed.role_of(name("box-7.pl-acme.example.net"), apex) == TwinRole::Public));
    CHECK((renamed.role_of(name("lan\\.box-7.pl-acme.example.net"), apex) == TwinRole::Internal));
    CHECK_FALSE(renamed.role_of(name("nur7.pl-acme.example.net"), apex));
}

TEST_CASE("An RRset is refused for any of its addresses, other types never",
          "[zones][invariant4]") {
    const AddressRules rules;
    const auto rrset = [](RType type, std::initializer_list<std::string_view> texts) {
        std::vector<Octets> rdatas;
        for (const std::string_view text : texts)
            rdatas.push_back(tests::rdata(type, text));
        return RRset::create(type, 60, std::move(rdatas));
    };
    CHECK_FALSE(rules.refusal(TwinRole::Public, *rrset(RType::A, {"1.1.1.1", "9.9.9.9"})));
    const auto refused = rules.refusal(TwinRole::Public, *rrset(RType::A, {"1.1.1.1", "10.0.0.1"}));
    REQUIRE(refused);
    CHECK_THAT(*refused, Catch::Contains("10.0.0.1"));
    CHECK(rules.refusal(TwinRole::Public, *rrset(RType::AAAA, {"fd00::1"})));
    CHECK_FALSE(rules.refusal(TwinRole::Internal, *rrset(RType::AAAA, {"fd00::1"})));
    CHECK(rules.refusal(TwinRole::Internal, *rrset(RType::AAAA, {"2606:4700::1"})));
    CHECK_FALSE(rules.refusal(TwinRole::Public, *rrset(RType::TXT, {"10.0.0.1"})));
}

}  // namespace
}  // namespace hairpin::zones
