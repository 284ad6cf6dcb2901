#include "store/journal_format.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "tests/support/octets.hpp"
#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;
using zones::RRset;
using zones::RRsetDifference;
using zones::RRsetRef;
using zones::RType;

const auto kApex = name("example.net.");

RRsetRef a_rrset(std::initializer_list<const char*> addresses, zones::Ttl ttl = 60) {
    std::vector<Octets> rdatas;
    for (const char* address : addresses)
        rdatas.push_back(rdata(RType::A, address));
    return RRset::create(RType::A, ttl, std::move(rdatas));
}

bool same(const RRsetRef& a, const RRsetRef& b) {
    return (!a && !b) || (a && b && a->same_as(*b));
}

TEST_CASE("A difference is written as its header says, octet by octet", "[store][journal]") {
    const RRsetDifference difference = {name("nur1.example.net."), RType::A,
                                        a_rrset({"192.0.2.1"}, 300),
                                        a_rrset({"192.0.2.3", "192.0.2.2"})};

    const auto parts = encode_difference({&difference, 1}, kApex);

    REQUIRE(parts.size() == 1);
    CHECK(parts[0] == octets("01"
                             "05 04 'nur1' 00 01"
                             "00 00 01 2C 00 00 00 06 00 04 C0 00 02 01"
                             "00 00 00 3C 00 00 00 0C 00 04 C0 00 02 02 00 04 C0 00 02 03"));
}

TEST_CASE("Differences come back as they went, absent sides and the apex included",
          "[store][journal]") {
    const std::vector<RRsetDifference> written = {
        {kApex, RType::A, {}, a_rrset({"192.0.2.1"})},
        {name("A.B.example.net."), RType::A, a_rrset({"192.0.2.1", "192.0.2.9"}), {}},
        {name("x.example.net."), static_cast<RType>(65280),
         RRset::create(static_cast<RType>(65280), 0, {Octets{}}),
         RRset::create(static_cast<RType>(65280), zones::kMaxTtl, {Octets(40'000, 7)})},
    };
    const auto parts = encode_difference(written, kApex);
    REQUIRE(parts.size() == 1);

    const auto read = must(decode_difference(parts[0], kApex));

    REQUIRE(read.size() == written.size());
    for (std::size_t each = 0; each < read.size(); ++each) {
        CHECK(read[each].owner.text() == written[each].owner.text());  // The case is kept.
        CHECK(read[each].type == written[each].type);
        CHECK(same(read[each].before, written[each].before));
        CHECK(same(read[each].after, written[each].after));
    }
}

TEST_CASE("A large difference is cut between RRsets, a small one is whole", "[store][journal]") {
    std::vector<RRsetDifference> many;
    for (int each = 0; each < 60'000; ++each)
        many.push_back({name("h" + std::to_string(each) + ".example.net."),
                        RType::A,
                        {},
                        a_rrset({"192.0.2.1"})});

    const auto parts = encode_difference(many, kApex);

    REQUIRE(parts.size() > 1);
    std::size_t read = 0;
    for (const Octets& part : parts) {
        CHECK(part.size() <= kJournalPartOctets);
        read += must(decode_difference(part, kApex)).size();
    }
    CHECK(read == many.size());
    CHECK(encode_difference({}, kApex).empty());
}

TEST_CASE("Damaged octets are refused, never read past", "[store][journal][hostile]") {
    const RRsetDifference difference = {name("nur1.example.net."), RType::A, a_rrset({"192.0.2.1"}),
                                        a_rrset({"192.0.2.2"})};
    const Octets whole = encode_difference({&difference, 1}, kApex)[0];
    for (std::size_t size = 0; size < whole.size(); ++size) {
        INFO(size << " octets");
        const auto read = decode_difference(OctetView(whole).first(size), kApex);
        if (size == 1) {
            CHECK(read.value().empty());  // A version and nothing else.
        } else {
            REQUIRE_FALSE(read);
            CHECK(read.error().code == ErrorCode::Corrupt);
        }
    }
    std::mt19937 random(1);
    for (int round = 0; round < 20'000; ++round) {
        Octets damaged = whole;
        damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
        const auto read = decode_difference(damaged, kApex);
        if (!read) CHECK(read.error().code == ErrorCode::Corrupt);
    }
}

TEST_CASE("An RRset column is refused where it cannot be one", "[store][journal][hostile]") {
    struct Case {
        const char* why;
        std::int64_t ttl;
        Octets records;
    };
    Octets oversized;
    for (int each = 0; each < 20; ++each) {
        oversized.insert(oversized.end(), {0x0f, 0xff});
        oversized.insert(oversized.end(), 0xfff, static_cast<std::uint8_t>(each));
    }
    const auto broken = GENERATE_COPY(values<Case>({
        {"no record", 60, {}},
        {"half a length", 60, {0}},
        {"RDATA that ends early", 60, {0, 4, 192, 0, 2}},
        {"TTL below zero", -1, {0, 0}},
        {"TTL over 31 bits", 0x80000000, {0, 0}},
        {"over the bound of an RRset", 60, oversized},
    }));
    INFO(broken.why);
    const auto read = decode_rrset(RType::TXT, broken.ttl, broken.records);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::Corrupt);
}

}  // namespace
}  // namespace hairpin::store
