// tests/support/renewal_fleet.hpp - when ten thousand servers renew: a year in simulated time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <vector>

#include "acme/renewal_window.hpp"
#include "core/clock.hpp"

namespace hairpin::tests {

struct RenewalFleet {
    const char* what;
    Milliseconds life;
    bool has_windows;  // As Let's Encrypt gives them: 1 % of the lifetime to both sides.
    std::int64_t servers = 10'000;
    /// All get their first certificates within this: 300 orders in three hours, by default.
    Milliseconds first = Seconds(100 * 3600);
    std::int64_t days = 365;
};

/// The six fleets that tests and bench look at.
inline std::vector<RenewalFleet> renewal_fleets() {
    constexpr Seconds kDay{24 * 3600};
    return {{"90 days, windows", kDay * 90, true},       {"90 days, none", kDay * 90, false},
            {"45 days, windows", kDay * 45, true},       {"45 days, none", kDay * 45, false},
            {"160 hours, windows", kDay * 20 / 3, true}, {"160 hours, none", kDay * 20 / 3, false}};
}

/// Renewals in each minute from the first issue on.
inline std::vector<int> renewals_per_minute(const RenewalFleet& fleet) {
    constexpr Seconds kMinute{60};
    const WallTime begin = from_unix_milliseconds(1'795'000'000'000);
    std::mt19937 random(4711);  // NOLINT(cert-msc51-cpp): the same fleet each time.
    std::vector<int> minutes(static_cast<std::size_t>(fleet.days) * 24 * 60, 0);
    const int middle = fleet.life < Seconds(10 * 24 * 3600) ? 50 : 67;  // Percent.
    for (std::int64_t server = 1; server <= fleet.servers; ++server) {
        WallTime issued = begin + fleet.first * server / fleet.servers;
        for (;;) {
            const WallTime from = issued - Seconds(3600);
            const acme::RenewalFacts facts{from, from + fleet.life, issued, server};
            WallTime next = acme::usual_renewal(facts);
            const acme::RenewalWindow window{from + fleet.life * (middle - 1) / 100,
                                             from + fleet.life * (middle + 1) / 100};
            if (fleet.has_windows)
                next = acme::plan_renewal(facts, {window, ""}, std::nullopt, next, {}, issued,
                                          static_cast<std::uint32_t>(random()))
                           .renew_at;
            if (next <= issued || next > facts.not_after - fleet.life / 10)
                throw std::logic_error("a renewal at a time that is none");
            issued = next;
            const auto minute = static_cast<std::size_t>((issued - begin) / kMinute);
            if (minute >= minutes.size()) break;
            ++minutes[minute];
        }
    }
    return minutes;
}

/// Sums of so many neighbours each.
inline std::vector<int> summed(const std::vector<int>& parts, std::size_t each) {
    std::vector<int> sums((parts.size() + each - 1) / each, 0);
    for (std::size_t index = 0; index < parts.size(); ++index)
        sums[index / each] += parts[index];
    return sums;
}

inline int most_of(const std::vector<int>& parts) {
    return *std::max_element(parts.begin(), parts.end());
}

}  // namespace hairpin::tests
