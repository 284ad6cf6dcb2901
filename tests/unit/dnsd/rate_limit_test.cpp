#include "dnsd/rate_limit.hpp"

#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/dns_world.hpp"
#include "tests/support/octets.hpp"

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::message_text;
using hairpin::tests::MessageBuilder;
using hairpin::tests::octets;
using zones::RType;

constexpr SipKey kKey{1, 2, 3};
const Octets kName = octets("03 'www' 07 'example' 03 'net' 00");
const Octets kOther = octets("03 'ftp' 07 'example' 03 'net' 00");

IpAddress address(const std::string& text) {
    return IpAddress::parse(text).value();
}
MonotonicTime at(int milliseconds) {
    return MonotonicTime(Milliseconds(1'000'000 + milliseconds));
}

/// 10 a second of every kind, whatever is sent about it, and no window unless said.
RateLimits ten() {
    RateLimits limits;
    limits.mode = RateLimiting::On;
    limits.per_second = {10, 10, 10, 10, 10, 0};
    limits.window = Seconds(0);
    limits.slip = 0;
    return limits;
}

struct Answer {
    std::string client = "192.0.2.1";
    Outcome outcome = Outcome::Match;
    Octets subject = kName;
};

/// "s" sent, "t" slipped with TC, "." dropped.
char judge(RateLimiter& limiter, const Answer& answer, int milliseconds) {
    const Verdict verdict =
        limiter.judge(address(answer.client), answer.outcome, answer.subject, at(milliseconds));
    if (verdict == Verdict::Send) return 's';
    return verdict == Verdict::Slip ? 't' : '.';
}

/// `count` answers, one every `every` milliseconds from `from` on.
std::string judge(RateLimiter& limiter, int count, int every, int from = 0,
                  const Answer& answer = {}) {
    std::string verdicts;
    for (int each = 0; each < count; ++each)
        verdicts += judge(limiter, answer, from + each * every);
    return verdicts;
}

TEST_CASE("A second's worth of answers is sent, then as many as the limit says", "[dnsd][rrl]") {
    RateLimiter limiter(ten(), kKey);
    CHECK(judge(limiter, 12, 0) == "ssssssssss..");
    // One more each 100 ms, and no more than those.
    CHECK(judge(limiter, 8, 50, 50) == ".s.s.s.s");
    // After a second of silence everything is forgotten.
    CHECK(judge(limiter, 12, 0, 1'500) == "ssssssssss..");
}

TEST_CASE("Who keeps to the limit is never held back", "[dnsd][rrl]") {
    RateLimits limits = ten();
    limits.window = Seconds(15);
    RateLimiter limiter(limits, kKey);
    CHECK(judge(limiter, 1'000, 100) == std::string(1'000, 's'));
    CHECK(limiter.begun() == 0);
}

TEST_CASE("Within the window who asks too often gets nothing until it calms down", "[dnsd][rrl]") {
    RateLimits limits = ten();
    limits.window = Seconds(5);
    RateLimiter limiter(limits, kKey);
    // 20 a second: the first second's worth and a little more is sent, then nothing.
    const std::string flood = judge(limiter, 400, 50);
    CHECK(flood.find('.') == 19);
    CHECK(flood.find('s', 19) == std::string::npos);
    // 15 s past the limit cost 15 s of credit, but no more than the window is owed.
    CHECK(judge(limiter, 1, 0, 20'000 + 4'800) == ".");
    CHECK(judge(limiter, 1, 0, 20'000 + 5'200) == "s");
    CHECK(limiter.begun() == 1);
}

TEST_CASE("Every slip-th answer that is held back is sent with TC", "[dnsd][rrl]") {
    struct Case {
        std::uint32_t slip;
        std::string verdicts;
    };
    const auto each = GENERATE(values<Case>({{0, "ssssssssss......"},
                                             {1, "sssssssssstttttt"},
                                             {2, "ssssssssss.t.t.t"},
                                             {3, "ssssssssss..t..t"}}));
    RateLimits limits = ten();
    limits.slip = each.slip;
    RateLimiter limiter(limits, kKey);
    INFO("slip " << each.slip);
    CHECK(judge(limiter, 16, 0) == each.verdicts);
}

TEST_CASE("Networks, kinds and subjects are counted apart", "[dnsd][rrl]") {
    const Octets upper = octets("03 'WWW' 07 'EXAMPLE' 03 'NET' 00");
    const std::string v6 = "2001:db8:0:ff00::1";
    struct Case {
        const char* why;
        Answer flood;
        Answer answer;
        char verdict;
    };
    const std::vector<Case> cases = {
        {"the same", {}, {}, '.'},
        {"another client of the /24", {}, {"192.0.2.255"}, '.'},
        {"another /24", {}, {"192.0.3.1"}, 's'},
        {"the same /56", {v6}, {"2001:db8:0:ffff:1::"}, '.'},
        {"another /56", {v6}, {"2001:db8:0:fe00::1"}, 's'},
        {"IPv4 and IPv6", {"32.1.13.1"}, {"2001:d01::"}, 's'},
        {"another name", {}, {"192.0.2.1", Outcome::Match, kOther}, 's'},
        {"the same name in another case", {}, {"192.0.2.1", Outcome::Match, upper}, '.'},
        {"an alias is positive too", {}, {"192.0.2.1", Outcome::Alias, kName}, '.'},
        {"NODATA", {}, {"192.0.2.1", Outcome::NoData, kName}, 's'},
        {"NXDOMAIN", {}, {"192.0.2.1", Outcome::NxDomain, kName}, 's'},
        {"a referral", {}, {"192.0.2.1", Outcome::Referral, kName}, 's'},
        {"a refusal", {}, {"192.0.2.1", Outcome::Refused, {}}, 's'},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        RateLimiter limiter(ten(), kKey);
        static_cast<void>(judge(limiter, 50, 0, 0, each.flood));
        CHECK(judge(limiter, each.answer, 1) == each.verdict);
    }
}

TEST_CASE("Subjects of any size are told apart by each octet, but for its case", "[dnsd][rrl]") {
    for (std::size_t size = 1; size <= zones::kMaxNameOctets; ++size) {
        INFO(size << " octets");
        RateLimiter limiter(ten(), kKey);
        const Octets flood(size, std::uint8_t{'q'});
        const Octets upper(size, std::uint8_t{'Q'});
        Octets longer = flood;
        longer.push_back(0);
        Octets first = flood;
        first.front() = 'r';
        Octets last = flood;
        last.back() = 'r';
        static_cast<void>(judge(limiter, 50, 0, 0, {"192.0.2.1", Outcome::Match, flood}));
        CHECK(judge(limiter, {"192.0.2.1", Outcome::Match, upper}, 0) == '.');
        for (const Octets& other : {longer, first, last})
            CHECK(judge(limiter, {"192.0.2.1", Outcome::Match, other}, 0) == 's');
    }
}

TEST_CASE("Prefix lengths decide what one network is", "[dnsd][rrl]") {
    struct Case {
        unsigned ipv4, ipv6;
        const char* flood;
        const char* client;
        char verdict;
    };
    const auto each = GENERATE(values<Case>({{32, 56, "192.0.2.1", "192.0.2.2", 's'},
                                             {31, 56, "192.0.2.2", "192.0.2.3", '.'},
                                             {31, 56, "192.0.2.1", "192.0.2.2", 's'},
                                             {20, 56, "192.0.2.1", "192.0.15.2", '.'},
                                             {20, 56, "192.0.2.1", "192.0.16.2", 's'},
                                             {0, 56, "192.0.2.1", "203.0.113.1", '.'},
                                             {24, 128, "2001:db8::1", "2001:db8::2", 's'},
                                             {24, 128, "2001:db8::1", "2001:db8::1", '.'},
                                             {24, 64, "2001:db8::1", "2001:db8::2", '.'},
                                             {24, 0, "2001:db8::1", "fe80::1", '.'}}));
    RateLimits limits = ten();
    limits.ipv4_bits = each.ipv4;
    limits.ipv6_bits = each.ipv6;
    RateLimiter limiter(limits, kKey);
    static_cast<void>(judge(limiter, 50, 0, 0, {each.flood}));
    INFO(each.flood << " and " << each.client << " with " << each.ipv4 << " and " << each.ipv6);
    CHECK(judge(limiter, {each.client}, 0) == each.verdict);
}

TEST_CASE("What is charged together is judged one after the other", "[dnsd][rrl]") {
    RateLimiter limiter(ten(), kKey);
    const Octets subject(24, 'a');
    const auto charge = [&](const char* client) {
        return limiter.charge_for(address(client), Outcome::Match, subject);
    };
    std::vector<RateLimiter::Charge> batch;
    for (int each = 0; each < 12; ++each)
        batch.push_back(charge("192.0.2.1"));
    batch.push_back(charge("203.0.113.1"));
    int sent = 0;
    for (std::size_t each = 0; each < 12; ++each)
        sent += limiter.judge(batch[each], at(0)) == Verdict::Send ? 1 : 0;
    CHECK(sent == 10);
    CHECK(limiter.judge(batch[12], at(0)) == Verdict::Send);
    CHECK(limiter.take_first()->network == address("192.0.2.0"));
    CHECK(limiter.judge(RateLimiter::Charge(), at(0)) == Verdict::Send);
}

TEST_CASE("A limit of 0 is none, and all counts every kind", "[dnsd][rrl]") {
    RateLimits limits = ten();
    limits.per_second = {0, 0, 10, 0, 0, 20};
    RateLimiter limiter(limits, kKey);
    CHECK(judge(limiter, 10, 0, 0, {"192.0.2.1", Outcome::NxDomain, kName}) == "ssssssssss");
    CHECK(judge(limiter, 12, 0, 0, {"192.0.2.1", Outcome::Refused, {}}) == "ssssssssss..");
    CHECK(judge(limiter, 2, 0, 0) == "..");
    CHECK(judge(limiter, 2, 0, 0, {"198.51.100.1"}) == "ss");
}

TEST_CASE("Exempt prefixes are never held back, nor is anybody while it is off", "[dnsd][rrl]") {
    RateLimits limits = ten();
    limits.exempt = {Prefix::parse("192.0.2.0/28").value()};
    RateLimiter limiter(limits, kKey);
    CHECK(judge(limiter, 30, 0) == std::string(30, 's'));
    CHECK(judge(limiter, 12, 0, 0, {"192.0.2.16"}) == "ssssssssss..");
    limits.mode = RateLimiting::Off;
    limiter.set(limits);
    CHECK(judge(limiter, 12, 0, 0, {"192.0.2.16"}) == std::string(12, 's'));
}

TEST_CASE("New limits hold from the next answer on", "[dnsd][rrl]") {
    RateLimits limits = ten();
    limits.mode = RateLimiting::Off;
    RateLimiter limiter(limits, kKey);
    CHECK(judge(limiter, 12, 0) == std::string(12, 's'));
    limiter.set(ten());
    CHECK(judge(limiter, 12, 0) == "ssssssssss..");
    limits = ten();
    limits.per_second[0] = 1'000;
    limiter.set(limits);
    CHECK(judge(limiter, 100, 1, 200).find('.') == std::string::npos);
}

TEST_CASE("That a network begins to be held back is remembered once", "[dnsd][rrl]") {
    RateLimits limits = ten();
    limits.window = Seconds(15);
    RateLimiter limiter(limits, kKey);
    CHECK_FALSE(limiter.take_first());
    static_cast<void>(judge(limiter, 50, 0, 0, {"192.0.2.77"}));
    static_cast<void>(judge(limiter, 50, 0, 0, {"198.51.100.1", Outcome::NxDomain, kName}));
    CHECK(limiter.begun() == 2);
    const auto first = limiter.take_first();
    REQUIRE(first);
    CHECK(first->network.text() == "192.0.2.0");
    CHECK(to_string(first->kind) == "answers");
    CHECK_FALSE(limiter.take_first());
}

// What dnsd/rate_limit.hpp promises of a table that is far too small for what is thrown at it.
TEST_CASE("A million networks neither free a flood nor hold each other back",
          "[dnsd][rrl][hostile]") {
    RateLimits limits = ten();
    limits.window = Seconds(15);
    limits.slots = 1'024;
    RateLimiter limiter(limits, kKey);
    const Answer flood;
    static_cast<void>(judge(limiter, 200, 0));
    std::mt19937 random(1);
    std::size_t held_back = 0;
    std::size_t escaped = 0;
    for (int each = 0; each < 1'000'000; ++each) {
        const auto number = random();
        const auto client = IpAddress::v4({static_cast<std::uint8_t>(number >> 24 | 1),
                                           static_cast<std::uint8_t>(number >> 16),
                                           static_cast<std::uint8_t>(number >> 8), 1});
        const int now = each / 1'000;  // A million a second.
        if (limiter.judge(client, Outcome::Match, kName, at(now)) != Verdict::Send) ++held_back;
        if (each % 100 == 0 && judge(limiter, flood, now) != '.') ++escaped;
    }
    CHECK(escaped == 0);
    CHECK(held_back == 0);
}

TEST_CASE("Where all slots are held back a newcomer is answered", "[dnsd][rrl][hostile]") {
    RateLimits limits = ten();
    limits.window = Seconds(15);
    limits.slots = 4;
    RateLimiter limiter(limits, kKey);
    const std::vector<std::string> floods = {"192.0.2.1", "198.51.100.1", "203.0.113.1",
                                             "10.0.0.1"};
    for (const std::string& each : floods)
        static_cast<void>(judge(limiter, 50, 0, 0, {each}));
    CHECK(judge(limiter, 50, 0, 1, {"172.16.0.1"}) == std::string(50, 's'));
    for (const std::string& each : floods)
        CHECK(judge(limiter, {each}, 2) == '.');
}

// --- what an answer is about
// ----------------------------------------------------------------------

TEST_CASE("Names that anybody can make up are one subject", "[dnsd][rrl]") {
    struct Case {
        const char* question;
        const char* subject;
        Outcome outcome;
    };
    const std::vector<Case> cases = {
        {"nur1.example.net. A", "nur1.example.net.", Outcome::Match},
        {"NUR1.example.net. A", "nur1.example.net.", Outcome::Match},
        {"alias.example.net. A", "alias.example.net.", Outcome::Match},
        {"outside.example.net. A", "outside.example.net.", Outcome::Alias},
        {"any.wild.example.net. A", "example.net.", Outcome::Match},
        {"any.wild.example.net. AAAA", "example.net.", Outcome::NoData},
        {"any.wcname.example.net. A", "example.net.", Outcome::Match},
        {"x.dname.example.net. A", "example.net.", Outcome::Match},
        {"nur1.example.net. TXT", "nur1.example.net.", Outcome::NoData},
        {"missing.example.net. A", "example.net.", Outcome::NxDomain},
        {"dangling.example.net. A", "example.net.", Outcome::NxDomain},
        {"a.b.sub.example.net. A", "sub.example.net.", Outcome::Referral},
        {"tocut.example.net. A", "tocut.example.net.", Outcome::Referral},
        {"across.example.net. A", "across.example.net.", Outcome::Match},
    };
    for (const Case& each : cases) {
        INFO(each.question);
        World world;
        MessageBuilder builder;
        hairpin::tests::add_question(builder, each.question);
        Octets out(kMaxMessageOctets);
        Gist gist;
        static_cast<void>(answer({world.zones_, world.identity_, world.counters_}, builder.octets(),
                                 Transport::Udp, out, gist));
        CHECK(gist.outcome == each.outcome);
        const auto subject = zones::Name::from_wire(gist.subject);
        REQUIRE(subject);
        CHECK(subject->lower().text() == each.subject);
    }
}

TEST_CASE("An answer cut short is question, OPT and TC", "[dnsd][rrl]") {
    struct Case {
        const char* why;
        Octets message;
        std::string response;
    };
    const auto asking = [](const char* name, RType type = RType::A) {
        return MessageBuilder(7, 0x0100).question(name, type);
    };
    const std::vector<Case> cases = {
        {"without EDNS", asking("www.example.net.").octets(), "NOERROR tc rd\n"},
        {"with EDNS", asking("www.example.net.").opt(1232, 0x8000).octets(),
         "NOERROR tc rd\nopt: 1232 do\n"},
        {"NSID is kept", asking("www.example.net.").opt(1232, 0, octets("0003 0000")).octets(),
         "NOERROR tc rd\nopt: 1232 nsid=ns-a\n"},
        {"NXDOMAIN", asking("missing.example.net.").opt().octets(), "NOERROR tc rd\nopt: 1232\n"},
        {"a referral", asking("x.sub.example.net.").opt().octets(), "NOERROR tc rd\nopt: 1232\n"},
        {"BADVERS", asking("www.example.net.").opt(1232, 0x10000).octets(),
         "NOERROR tc rd\nopt: 1232\n"},
        {"no question", MessageBuilder().opt().octets(), "NOERROR tc\nno question\nopt: 1232\n"},
        {"the root", asking(".").octets(), "NOERROR tc rd\n"},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        World world;
        Octets out(kMaxMessageOctets);
        Gist gist;
        const std::size_t octets = answer({world.zones_, world.identity_, world.counters_},
                                          each.message, Transport::Udp, out, gist);
        out.resize(cut_short(std::span(out).first(octets), gist.opt_octets));
        CHECK(message_text(out) == each.response);
        CHECK(out.size() <= each.message.size() + world.identity_.nsid.size());
    }
}

}  // namespace
}  // namespace hairpin::dnsd::tests
