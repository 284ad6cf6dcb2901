// Two CAs in simulated time, the first one in trouble: see fleet.hpp and simulated_ca.hpp.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>

#include "tests/simulation/fleet.hpp"

namespace hairpin::tests {
namespace {

const WallTime kFailoverBegin = *from_rfc3339("2027-03-01T00:00:00Z");
constexpr std::size_t kFirstCa = 0;
constexpr std::size_t kReserve = 1;
/// So long after an outage orders may go to the reserve still: the first CA must be found to be
/// back, and be steady.
constexpr Milliseconds kReturn = kSimHour;

WallTime failover_day(std::int64_t number) {
    return kFailoverBegin + kSimDay * number;
}

SimulatedCaOptions first_ca() {
    SimulatedCaOptions options;
    options.certificates_per_domain = CountedLimit{20'000, kSimDay * 7};
    options.lifetime = [](const std::string& profile, WallTime) {
        return profile == "shortlived" ? Milliseconds(kSimHour * 160) : Milliseconds(kSimDay * 45);
    };
    return options;
}

/// It counts in windows, and allows little.
SimulatedCaOptions reserve_ca() {
    SimulatedCaOptions options = first_ca();
    options.way = CountingWay::Window;
    options.orders_per_account = {100, kSimHour * 3};
    options.certificates_per_domain = CountedLimit{240, kSimDay * 7};
    return options;
}

/// A fleet that is installed in forty days; afterwards three new customers come a day.
class TwoCas {
public:
    static constexpr std::int64_t kServers = 1'500;
    static constexpr std::int64_t kInstalled = 40;  // Days.
    static constexpr std::int64_t kTroubleDay = 60;
    static constexpr std::int64_t kEndDay = 110;

    SimulatedCa first{first_ca(), 11};
    SimulatedCa reserve{reserve_ca(), 12};
    Fleet fleet{{{&first, "https://acme-v02.api.letsencrypt.org/directory"},
                 {&reserve, "https://reserve.test/directory"}},
                kFailoverBegin,
                13};

    void run() {
        const std::string domain = fleet.domain();
        fleet.set_limit(
            {acme::Limit::CertificatesPerDomain, domain, acme::Allowance{20'000, kSimDay * 7, 90}},
            kFirstCa);
        fleet.set_limit({acme::Limit::OrdersPerAccount, "", acme::Allowance{100, kSimHour * 3, 45}},
                        kReserve);
        fleet.set_limit(
            {acme::Limit::CertificatesPerDomain, domain, acme::Allowance{240, kSimDay * 7, 45}},
            kReserve);
        for (std::int64_t number = 1; number <= kServers; ++number)
            fleet.at(failover_day(0) + kSimDay * kInstalled * number / kServers, [this, number] {
                fleet.add_server(number % 20 == 3 ? "shortlived" : "tlsserver");
            });
        for (std::int64_t each = 0; each < 3 * (kEndDay - 5 - kInstalled); ++each)
            fleet.at(failover_day(kInstalled) + kSimHour * 8 * each + kSimHour / 3,
                     [this] { added_[fleet.add_server("tlsserver")] = fleet.now(); });
        fleet.run_until(failover_day(kEndDay));
    }

    /// What holds whatever happens to the CAs.
    void check_all() const {
        INFO(first_of(first.overruns()) << " " << first_of(reserve.overruns()));
        CHECK(first.overruns().empty());
        CHECK(reserve.overruns().empty());
        INFO(first_of(fleet.mistakes()));
        CHECK(fleet.mistakes().empty());
        const auto losses = fleet.losses();
        INFO(losses.size() << " lost, first: " << (losses.empty() ? "" : text_of(losses.front())));
        CHECK(losses.empty());
        CHECK(fleet.waiting() == 0);
        CHECK(fleet.served().size() ==
              static_cast<std::size_t>(kServers + 3 * (kEndDay - 5 - kInstalled)));
        check_canaries();
    }

    /// Orders that are no canaries go to the reserve between these times only, and only when they
    /// cannot wait. How many did.
    std::size_t check_moved(WallTime from, WallTime to) const {
        std::size_t moved = 0;
        for (const PlacedOrder& order : fleet.placed()) {
            if (order.issuer != kReserve || order.is_canary) continue;
            ++moved;
            INFO("server " << order.server_id << " at " << to_rfc3339(order.at) << ", urgent from "
                           << to_rfc3339(order.urgent_at));
            CHECK(order.at >= order.urgent_at);
            CHECK(order.at >= from);
            CHECK(order.at <= to);
        }
        return moved;
    }

    /// The longest that a new server has waited for its first certificate, of those that came then.
    [[nodiscard]] Milliseconds slowest_first(WallTime from, WallTime to) const {
        Milliseconds longest{0};
        for (const auto& [server, at] : added_)
            if (at >= from && at < to)
                longest = std::max(longest, fleet.issues().at(server).front().first - at);
        return longest;
    }

    /// How often the certificate of a server came from another CA than the one before; the most.
    [[nodiscard]] int most_changes() const {
        int most = 0;
        for (const auto& [server, issues] : fleet.issues()) {
            int changes = 0;
            for (std::size_t each = 1; each < issues.size(); ++each)
                changes += issues[each].second != issues[each - 1].second ? 1 : 0;
            most = std::max(most, changes);
        }
        return most;
    }

    /// The reserve is tried once a week while it works; the first CA is in use.
    void check_canaries() const {
        std::optional<WallTime> before;
        for (const PlacedOrder& order : fleet.placed()) {
            if (!order.is_canary) continue;
            CHECK(order.issuer == kReserve);
            if (before) {
                CHECK(order.at - *before >= kSimDay);
                // It stands behind all others where the reserve's limits are used up.
                CHECK(order.at - *before <= kSimDay * 14);
            }
            before = order.at;
        }
        REQUIRE(before);
        CHECK(*before > failover_day(kEndDay - 8));
    }

    void print(const char* what, std::size_t moved, Milliseconds slowest) const {
        std::printf(
            "%s: %zu orders at the reserve, the slowest first one in %lld minutes, the "
            "breaker opened %llu times, %d moves of an attempt and %d changes of a server "
            "at most\n",
            what, moved, static_cast<long long>(slowest.count() / 60'000),
            static_cast<unsigned long long>(fleet.breaker(kFirstCa).openings()), fleet.most_moves(),
            most_changes());
    }

private:
    std::map<std::int64_t, WallTime> added_;
};

TEST_CASE("the first CA is away for three or for ten days: what cannot wait goes to the reserve",
          "[acme][simulation]") {
    const auto days = GENERATE(3, 10);
    TwoCas two;
    const WallTime from = failover_day(TwoCas::kTroubleDay);
    const WallTime to = from + kSimDay * days;
    two.first.add_outage(from, to);
    two.run();

    two.check_all();
    const std::size_t moved = two.check_moved(from, to + kReturn);
    const Milliseconds slowest = two.slowest_first(from, to);
    two.print(days == 3 ? "three days" : "ten days", moved, slowest);
    CHECK(moved > (days == 3 ? 30U : 200U));
    // In ten days the limits of the reserve are used up by renewals that are more urgent.
    CHECK(slowest < (days == 3 ? kSimHour / 2 : kSimHour * 12));
    CHECK(two.most_changes() == 2);  // There and back.
    CHECK(two.fleet.most_moves() <= 2);
}

TEST_CASE("the reserve is away too for a day: what waited for it is in time all the same",
          "[acme][simulation]") {
    TwoCas two;
    const WallTime from = failover_day(TwoCas::kTroubleDay);
    const WallTime to = from + kSimDay * 8;
    two.first.add_outage(from, to);
    two.reserve.add_outage(from + kSimDay * 3, from + kSimDay * 4 + kSimHour * 6);
    two.run();

    two.check_all();
    const std::size_t moved = two.check_moved(from, to + kReturn);
    two.print("both", moved, two.slowest_first(from, to));
    CHECK(moved > 100);
    CHECK(two.most_changes() == 2);
    CHECK(two.fleet.most_moves() <= 4);
}

TEST_CASE("a CA that fails or is slow half of the time does not make orders go to and fro",
          "[acme][simulation]") {
    const bool is_slow = GENERATE(false, true);
    TwoCas two;
    const WallTime from = failover_day(TwoCas::kTroubleDay);
    const WallTime to = from + kSimDay * 10;
    two.first.add_trouble({from, to, is_slow ? 0.0 : 0.5, is_slow ? 0.5 : 0.0});
    two.run();

    two.check_all();
    // What failed there several times is tried elsewhere after its pause, which takes up to a day.
    const std::size_t moved = two.check_moved(from, to + kSimDay);
    const Milliseconds slowest = two.slowest_first(from, to);
    two.print(is_slow ? "slow" : "failing", moved, slowest);
    CHECK(slowest < kSimHour);
    CHECK(two.fleet.most_moves() <= 4);
}

}  // namespace
}  // namespace hairpin::tests
