#include "dnsd/cookies.hpp"

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

SipKey key(const char* hex) {
    const auto parsed = from_hex(hex).value();
    SipKey made{};
    std::copy(parsed.begin(), parsed.end(), made.begin());
    return made;
}

// RFC 9018 appendix A.
const char* const kSecret = "e5e973e5a6b2a43f48e7dc849e37bfcf";
const char* const kOldSecret = "dd3bdf9344b678b185a6f5cb60fca715";
const char* const kNewSecret = "445536bcd2513298075a5d379663c962";
constexpr std::uint32_t kMade = 0x5cf79f11;
const std::string kClientCookie = "2464c4abcf10c957";
const std::string kBothCookies = kClientCookie + "010000005cf79f111f8130c3eee29480";

CookiePolicy policy(const char* current, const char* other = nullptr) {
    CookiePolicy made{CookieUse::Answered, {key(current), std::nullopt}};
    if (other != nullptr) made.secrets.other = key(other);
    return made;
}

IpAddress address(const char* text) {
    return IpAddress::parse(text).value();
}

TEST_CASE("The server cookies of RFC 9018 appendix A are made and accepted", "[dnsd][rfc9018]") {
    struct Case {
        const char* why;
        CookiePolicy policy;
        const char* client;
        std::string query;
        std::uint32_t now;
        CookieState state;
        std::string reply;
    };
    const char* v6 = "2001:db8:220:1:59de:d0f4:8769:82b8";
    const auto cases = std::vector<Case>{
        {"A.1: learning a new server cookie", policy(kSecret), "198.51.100.100", kClientCookie,
         kMade, CookieState::ClientOnly, kBothCookies},
        {"A.2: renewed after 40 minutes", policy(kSecret), "198.51.100.100", kBothCookies,
         0x5cf7a871, CookieState::Valid, kClientCookie + "010000005cf7a871d4a564a1442aca77"},
        {"A.3: another client; reserved octets are hashed as they came", policy(kSecret),
         "203.0.113.203", "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", 0x5cf78f71,
         CookieState::Valid, "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5"},
        {"A.3: the renewed one", policy(kSecret), "203.0.113.203", "fc93fc62807ddb86", 0x5cf7a9ac,
         CookieState::ClientOnly, "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e"},
        {"A.4: IPv6, the secret was rolled", policy(kNewSecret, kOldSecret), v6,
         "22681ab97d52c298010000005cf7c57926556bd0934c72f8", 0x5cf7c609, CookieState::Valid,
         "22681ab97d52c298010000005cf7c609a6bb79d16625507a"},
        {"A.4: the old secret is forgotten", policy(kNewSecret), v6,
         "22681ab97d52c298010000005cf7c57926556bd0934c72f8", 0x5cf7c609, CookieState::Bad,
         "22681ab97d52c298010000005cf7c609a6bb79d16625507a"},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        const Cookie cookie =
            judge_cookie(each.policy, octets(each.query), address(each.client), each.now);
        CHECK(cookie.state == each.state);
        CHECK(to_hex(cookie.reply) == each.reply);
    }
}

TEST_CASE("A server cookie is valid for an hour, and young for half of one", "[dnsd][rfc9018]") {
    struct Case {
        std::int64_t age;
        CookieState state;
        bool goes_back;
    };
    const auto each = GENERATE(values<Case>({{0, CookieState::Valid, true},
                                             {1800, CookieState::Valid, true},
                                             {1801, CookieState::Valid, false},
                                             {3600, CookieState::Valid, false},
                                             {3601, CookieState::Bad, false},
                                             {-300, CookieState::Valid, true},
                                             {-301, CookieState::Bad, false},
                                             {std::int64_t{1} << 31, CookieState::Bad, false}}));
    INFO(each.age << " seconds old");
    const Cookie cookie =
        judge_cookie(policy(kSecret), octets(kBothCookies), address("198.51.100.100"),
                     static_cast<std::uint32_t>(kMade + each.age));
    CHECK(cookie.state == each.state);
    CHECK((to_hex(cookie.reply) == kBothCookies) == each.goes_back);
}

TEST_CASE("Time stamps wrap around in 2106 and cookies do not notice", "[dnsd][rfc9018]") {
    const IpAddress client = address("198.51.100.100");
    const Cookie before = judge_cookie(policy(kSecret), octets(kClientCookie), client, 0xffffffffu);
    const Cookie after = judge_cookie(policy(kSecret), before.reply, client, 10);
    CHECK(after.state == CookieState::Valid);
    CHECK(after.reply == before.reply);
}

TEST_CASE("A server cookie is bound to everything that made it", "[dnsd][rfc9018][hostile]") {
    const auto state = [](std::string cookies, const char* client = "198.51.100.100") {
        return judge_cookie(policy(kSecret), octets(cookies), address(client), kMade).state;
    };
    CHECK(state(kBothCookies) == CookieState::Valid);
    CHECK(state(kBothCookies, "198.51.100.101") == CookieState::Bad);
    CHECK(state(kBothCookies, "2001:db8::1") == CookieState::Bad);
    for (std::size_t digit = 0; digit < kBothCookies.size(); ++digit) {
        std::string changed = kBothCookies;
        changed[digit] = changed[digit] == '0' ? '1' : '0';
        INFO(changed);
        CHECK(state(changed) == CookieState::Bad);
    }
    CHECK(state(kBothCookies.substr(0, 32)) == CookieState::Bad);
    CHECK(state(kBothCookies + "00") == CookieState::Bad);
    CHECK(state(kBothCookies + std::string(32, '0')) == CookieState::Bad);
}

TEST_CASE("Secrets are rolled without a cookie failing", "[dnsd][rfc9018]") {
    const IpAddress client = address("198.51.100.100");
    const auto stages =
        std::vector<CookiePolicy>{policy(kOldSecret), policy(kOldSecret, kNewSecret),
                                  policy(kNewSecret, kOldSecret), policy(kNewSecret)};
    std::vector<std::uint8_t> kept = octets(kClientCookie);
    for (std::size_t stage = 0; stage < stages.size(); ++stage) {
        const Cookie cookie = judge_cookie(stages[stage], kept, client, kMade);
        INFO("stage " << stage);
        CHECK(cookie.state == (stage == 0 ? CookieState::ClientOnly : CookieState::Valid));
        kept.assign(cookie.reply.begin(), cookie.reply.end());
    }
    // Half of the servers are a step behind: they know the new secret's cookies.
    const Cookie behind = judge_cookie(stages[1], kept, client, kMade);
    CHECK(behind.state == CookieState::Valid);
}

// --- in answers
// -----------------------------------------------------------------------------------

/// Asks with the client of RFC 9018 A.1 while its cookie is young; the reply's cookies as
/// " cookie=..".
std::string ask(const CookiePolicy& cookies, const Octets& message, Transport transport,
                World& world) {
    Octets out(kMaxMessageOctets);
    const Engine engine{world.zones_, world.identity_, world.counters_, nullptr, kMade, &cookies};
    Gist gist;
    out.resize(answer(engine, message, {transport, address("198.51.100.100")}, out, gist));
    std::string text = message_text(out);
    const auto option = octets("000A 0018");
    const auto at = std::search(out.begin(), out.end(), option.begin(), option.end());
    if (at != out.end()) text += "cookie=" + to_hex(OctetView(&*at + 4, 24)) + "\n";
    return text;
}

Octets option(const std::string& hex) {
    Octets made{0, 10, 0, static_cast<std::uint8_t>(hex.size() / 2)};
    const Octets value = octets(hex);
    made.insert(made.end(), value.begin(), value.end());
    return made;
}

Octets query_with(const std::string& cookies) {
    return MessageBuilder()
        .question("nur1.example.net.", RType::A)
        .opt(1232, 0, option(cookies))
        .octets();
}

const std::string kAnswer = "NOERROR aa\nanswer: nur1.example.net. 60 IN A 198.51.100.7\n";
const std::string kOpt = "opt: 1232 option10\ncookie=" + kBothCookies + "\n";

TEST_CASE("A COOKIE is answered with a COOKIE, whatever it is worth", "[dnsd][rfc7873]") {
    struct Case {
        const char* why;
        Octets message;
        std::string response;
    };
    const std::string bad = kClientCookie + "0100000000000000" + "0000000000000000";
    const auto twice = [&] {
        Octets both = option(kClientCookie);
        const Octets second = option("0102030405060708");
        both.insert(both.end(), second.begin(), second.end());
        return MessageBuilder().question("nur1.example.net.", RType::A).opt(1232, 0, both).octets();
    };
    const auto with = [](const Octets& options) {
        return MessageBuilder().opt(1232, 0, options).octets();
    };
    const std::vector<Case> cases = {
        {"no cookie", MessageBuilder().question("nur1.example.net.", RType::A).opt().octets(),
         kAnswer + "opt: 1232\n"},
        {"client cookie", query_with(kClientCookie), kAnswer + kOpt},
        {"both", query_with(kBothCookies), kAnswer + kOpt},
        {"a server cookie of somebody else", query_with(bad), kAnswer + kOpt},
        {"8 octets of server cookie", query_with(kClientCookie + "0102030405060708"),
         kAnswer + kOpt},
        {"32 octets of server cookie", query_with(kClientCookie + std::string(64, 'a')),
         kAnswer + kOpt},
        {"only the first of two counts (RFC 7873 section 5)", twice(), kAnswer + kOpt},
        {"refusals carry it too",
         MessageBuilder()
             .question("www.example.com.", RType::A)
             .opt(1232, 0, option(kClientCookie))
             .octets(),
         "REFUSED\nopt: 1232 option10 ede=20\ncookie=" + kBothCookies + "\n"},
        {"no question (RFC 7873 section 5.4)", with(option(kClientCookie)),
         "NOERROR\nno question\n" + kOpt},
        {"no question, a valid cookie", with(option(kBothCookies)),
         "NOERROR\nno question\n" + kOpt},
        {"no question, a bad cookie", with(option(bad)), "RCODE23\nno question\n" + kOpt},
        {"another version of EDNS",
         MessageBuilder()
             .question("nur1.example.net.", RType::A)
             .opt(1232, 0x10000, option(kClientCookie))
             .octets(),
         "BADVERS\nopt: 1232\n"},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        World world;
        CHECK(ask(policy(kSecret), each.message, Transport::Udp, world) == each.response);
    }
}

TEST_CASE("A COOKIE of a wrong length is a format error", "[dnsd][rfc7873][hostile]") {
    World world;
    for (std::size_t size = 0; size < 60; ++size) {
        const bool good = size == 8 || (size >= 16 && size <= 40);
        const auto message = query_with(std::string(2 * size, 'a'));
        INFO(size << " octets");
        const std::string text = ask(policy(kSecret), message, Transport::Udp, world);
        CHECK(text.starts_with(good ? "NOERROR" : "FORMERR"));
        if (!good) CHECK(text == "FORMERR\nopt: 1232\n");
    }
}

TEST_CASE("Where cookies are required, UDP without a valid one gets BADCOOKIE", "[dnsd][rfc7873]") {
    CookiePolicy required = policy(kSecret);
    required.use = CookieUse::Required;
    const std::string refused = "RCODE23\n" + kOpt;
    const std::string bad = kClientCookie + std::string(32, '0');
    World world;
    CHECK(ask(required, query_with(kClientCookie), Transport::Udp, world) == refused);
    CHECK(ask(required, query_with(bad), Transport::Udp, world) == refused);
    CHECK(ask(required, query_with(kBothCookies), Transport::Udp, world) == kAnswer + kOpt);
    CHECK(ask(required, query_with(kClientCookie), Transport::Tcp, world) == kAnswer + kOpt);
    CHECK(ask(required, query_with(bad), Transport::Tcp, world) == kAnswer + kOpt);
    const auto none = MessageBuilder().question("nur1.example.net.", RType::A).octets();
    CHECK(ask(required, none, Transport::Udp, world) == kAnswer);
    CHECK(world.counters_.of(CookieState::ClientOnly) == 2);
    CHECK(world.counters_.of(CookieState::Bad) == 2);
    CHECK(world.counters_.of(CookieState::Valid) == 1);
    CHECK(world.counters_.of(CookieState::None) == 1);
    CHECK(world.counters_.of(Rcode::BadCookie) == 2);
}

TEST_CASE("While cookies are off, COOKIE is an unknown option", "[dnsd][rfc7873]") {
    CookiePolicy off = policy(kSecret);
    off.use = CookieUse::Off;
    World world;
    CHECK(ask(off, query_with(kClientCookie), Transport::Udp, world) == kAnswer + "opt: 1232\n");
    CHECK(ask(off, MessageBuilder().opt(1232, 0, option(kClientCookie)).octets(), Transport::Udp,
              world) == "FORMERR\nno question\nopt: 1232\n");
    CHECK(world.counters_.of(CookieState::None) == 0);
}

TEST_CASE("An answer leaves room for its COOKIE", "[dnsd][rfc7873]") {
    // 22 delegations' glue fills whatever it is given.
    World world;
    for (unsigned size = 512; size < 1400; ++size) {
        const auto message = MessageBuilder()
                                 .question("x.manyglue.example.net.", RType::A)
                                 .opt(static_cast<std::uint16_t>(size), 0, option(kClientCookie))
                                 .octets();
        Octets out(kMaxMessageOctets);
        const CookiePolicy cookies = policy(kSecret);
        const Engine engine{world.zones_, world.identity_, world.counters_,
                            nullptr,      kMade,           &cookies};
        out.resize(answer(engine, message, Transport::Udp, out));
        INFO(size);
        CHECK(out.size() <= std::min<std::size_t>(size, 1232));
        CHECK(message_text(out).find("option10") != std::string::npos);
    }
}

}  // namespace
}  // namespace hairpin::dnsd::tests
