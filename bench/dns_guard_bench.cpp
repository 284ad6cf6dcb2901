// bench/dns_guard_bench.cpp - what cookies, rate limits and counting cost an answer, without
// sockets.
//
// The same answers with nothing, with each guard and with all of them, in turns, so that the
// machine's noise meets all alike; the median of several rounds. What is told is the difference to
// nothing: hold it against CPU per answer over the socket (tools/bench dns). Names and clients are
// in random order; every answer finds another account of the rate limiter.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "dnsd/answer.hpp"
#include "dnsd/rate_limit.hpp"
#include "net/udp_batch.hpp"
#include "zones/edit.hpp"
#include "zones/name.hpp"
#include "zones/rtype.hpp"
#include "zones/wire.hpp"
#include "zones/zone.hpp"

namespace {

using namespace hairpin;  // NOLINT(google-build-using-namespace): a program of one file.

constexpr int kRounds = 21;
constexpr std::size_t kQueries = 50'000;
constexpr unsigned kServers = 1'000;
constexpr std::size_t kBatch = net::UdpBatch::kDatagrams;
constexpr std::uint64_t kNow = 1'795'000'000;

struct Asked {
    Octets message;
    IpAddress client;
};

Octets wire(const zones::Name& name) {
    return {name.wire().begin(), name.wire().end()};
}

zones::Name name(const std::string& text) {
    return zones::Name::parse(text).value();
}

zones::Edit replace(const zones::Name& owner, zones::RType type, const Octets& rdata) {
    zones::Edit edit;
    edit.owner = owner;
    edit.type = type;
    edit.ttl = 60;
    edit.rdatas = {rdata};
    return edit;
}

zones::ZoneTable make_table() {
    const zones::Name apex = name("pl-1.example.net.");
    Octets soa = wire(name("ns1.example.org."));
    const Octets hostmaster = wire(name("hostmaster.example.org."));
    soa.insert(soa.end(), hostmaster.begin(), hostmaster.end());
    for (const std::uint8_t number : std::array<std::uint8_t, 5>{1, 2, 3, 4, 60})
        soa.insert(soa.end(), {0, 0, 0, number});
    zones::ZoneChange change;
    change.apex = apex;
    change.action = zones::ZoneAction::Create;
    change.edits.push_back(replace(apex, zones::RType::SOA, soa));
    change.edits.push_back(replace(apex, zones::RType::NS, wire(name("ns1.example.org."))));
    for (unsigned each = 1; each <= kServers; ++each) {
        const auto owner = zones::Name::child("nur" + std::to_string(each), apex).value();
        change.edits.push_back(
            replace(owner, zones::RType::A, {203, 0, 113, static_cast<std::uint8_t>(each)}));
    }
    zones::ZoneTable table;
    table.put(zones::apply({}, change, {1'795'000'000, {}}, {}).value().zone);
    return table;
}

/// With EDNS; with an option of its own if one is given.
Octets query(const std::string& owner, const Octets& option) {
    Octets message(12);
    zones::write_u16(message.data() + 4, 1);
    zones::write_u16(message.data() + 10, 1);
    const Octets qname = wire(name(owner));
    message.insert(message.end(), qname.begin(), qname.end());
    message.insert(message.end(), {0, 1, 0, 1, 0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0,
                                   static_cast<std::uint8_t>(option.size())});
    message.insert(message.end(), option.begin(), option.end());
    return message;
}

enum class Shown { Nothing, ClientCookie, BothCookies };

/// The same questions without a cookie, with a client's first one, or with a valid one.
std::vector<Asked> questions(const dnsd::CookiePolicy& cookies, Shown shown) {
    std::mt19937 random(1);
    std::vector<Asked> made;
    for (std::size_t each = 0; each < kQueries; ++each) {
        const std::string owner =
            "nur" + std::to_string(1 + random() % kServers) + ".pl-1.example.net.";
        const auto bits = static_cast<std::uint32_t>(random());
        Asked asked;
        asked.client = IpAddress::v4(
            {10, static_cast<std::uint8_t>(bits >> 8), static_cast<std::uint8_t>(bits), 1});
        Octets option;
        if (shown != Shown::Nothing) {
            Octets value{1, 2, 3, 4, 5, 6, 7, static_cast<std::uint8_t>(each)};
            if (shown == Shown::BothCookies) {
                const auto cookie = judge_cookie(cookies, value, asked.client, kNow);
                value.assign(cookie.reply.begin(), cookie.reply.end());
            }
            option = {0, dnsd::kOptionCookie, 0, static_cast<std::uint8_t>(value.size())};
            option.insert(option.end(), value.begin(), value.end());
        }
        asked.message = query(owner, option);
        made.push_back(std::move(asked));
    }
    return made;
}

struct Setting {
    const char* what;
    const std::vector<Asked>& asked;
    const dnsd::CookiePolicy* cookies;
    dnsd::RateLimiter* limiter;
    std::vector<double> rounds = {};
};

double nanoseconds(const Setting& setting, const zones::ZoneTable& table,
                   std::vector<std::uint8_t>& out) {
    const dnsd::Identity identity;
    dnsd::Counters counters;
    std::uint64_t octets = 0;
    std::array<dnsd::RateLimiter::Charge, kBatch> charges;
    std::size_t charged = 0;
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t each = 0; each < kQueries; ++each) {
        const Asked& asked = setting.asked[each];
        dnsd::Gist gist;
        octets += dnsd::answer({table, identity, counters, nullptr, kNow, setting.cookies},
                               asked.message, {dnsd::Transport::Udp, asked.client}, out, gist);
        if (setting.limiter == nullptr || gist.cookie == dnsd::CookieState::Valid) continue;
        // As dnsd/udp_server.cpp does it: a batch is judged when all of it is answered.
        charges[charged++] = setting.limiter->charge_for(asked.client, gist.outcome, gist.subject);
        if (charged < kBatch && each + 1 < kQueries) continue;
        // Slow enough that nobody is limited: a microsecond for each answer.
        const MonotonicTime now(Milliseconds(1'000'000 + each / 1'000));
        for (std::size_t answer = 0; answer < charged; ++answer) {
            const auto verdict = setting.limiter->judge(charges[answer], now);
            if (verdict != dnsd::Verdict::Send) counters.rate_dropped.add();
        }
        charged = 0;
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    if (octets == 0) std::printf("nothing was answered\n");
    return took.count() / static_cast<double>(kQueries);
}

/// The counters that one answer moves, and those only (dnsd/counters.hpp).
double counting() {
    dnsd::Counters counters;
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t each = 0; each < kQueries; ++each) {
        counters.count(dnsd::Transport::Udp);
        counters.count(dnsd::CookieState{static_cast<std::uint8_t>(each & 3)});
        counters.count(dnsd::Outcome::Match);
        counters.count(dnsd::Rcode::NoError);
        counters.opcodes[0].add();
        counters.count_response(dnsd::Transport::Udp, 100 + each % 64);
        // Read once for each batch of the socket; here for each answer, the worst there is.
        const Stopwatch stopwatch;
        counters.count_latency(dnsd::Transport::Udp, stopwatch.nanoseconds(), 1);
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    return took.count() / static_cast<double>(kQueries);
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace

int main() {
    const zones::ZoneTable table = make_table();
    const dnsd::CookiePolicy cookies{dnsd::CookieUse::Answered, {}};
    dnsd::RateLimits limits;
    limits.mode = dnsd::RateLimiting::On;
    dnsd::RateLimiter limiter(limits, {1, 2, 3});
    const auto without = questions(cookies, Shown::Nothing);
    const auto first = questions(cookies, Shown::ClientCookie);
    const auto with = questions(cookies, Shown::BothCookies);
    std::array settings = {
        Setting{"nothing", without, nullptr, nullptr},
        Setting{"cookies, the client sends none", without, &cookies, nullptr},
        Setting{"rate limits", without, nullptr, &limiter},
        Setting{"both, the client sends no cookie", without, &cookies, &limiter},
        Setting{"nothing, the client's first cookie", first, nullptr, nullptr},
        Setting{"cookies, the client's first cookie", first, &cookies, nullptr},
        Setting{"both, the client's first cookie", first, &cookies, &limiter},
        Setting{"nothing, a valid server cookie", with, nullptr, nullptr},
        Setting{"both, a valid server cookie", with, &cookies, &limiter},
    };
    std::vector<std::uint8_t> out(dnsd::kMaxMessageOctets);
    std::vector<double> counted;
    for (int round = 0; round < kRounds; ++round) {
        for (Setting& setting : settings)
            setting.rounds.push_back(nanoseconds(setting, table, out));
        counted.push_back(counting());
    }
    const double least = median(settings.front().rounds);
    for (const Setting& setting : settings) {
        const double here = median(setting.rounds);
        std::printf("%-36s median %6.1f ns  %+6.1f ns\n", setting.what, here, here - least);
    }
    std::printf("%-36s median %6.1f ns  (in all of the above)\n", "counting alone",
                median(counted));
    return 0;
}
