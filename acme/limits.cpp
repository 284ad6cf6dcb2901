#include "acme/limits.hpp"

#include <algorithm>
#include <cmath>

namespace hairpin::acme {
namespace {

constexpr std::array<std::string_view, kLimits> kLimitTexts = {
    "orders-per-account", "certificates-per-domain", "certificates-per-names", "failures-per-name",
    "failures-in-a-row"};

constexpr Milliseconds kHourLong{3600 * 1000};
constexpr Milliseconds kDayLong = kHourLong * 24;
constexpr Milliseconds kWeekLong = kDayLong * 7;

// Figures as of August 2026: Let's Encrypt's pages "Rate Limits" and "Staging Environment".
// Failures of a name are held to two an hour of the five that the CA takes, whatever the share of
// the rest. Google and ZeroSSL publish none for the directory that we use; what stands here is
// ours, modest.
constexpr std::array kPresets = {
    Preset{"Let's Encrypt",
           "acme-v02.api.letsencrypt.org",
           {Allowance{300, kHourLong * 3, 90}, Allowance{50, kWeekLong, 90},
            Allowance{5, kWeekLong, 90}, Allowance{5, kHourLong, 40},
            Allowance{1'152, kDayLong * 1'152, 90}}},
    Preset{"Let's Encrypt staging",
           "acme-staging-v02.api.letsencrypt.org",
           {Allowance{1'500, kHourLong * 3, 90}, Allowance{30'000, kWeekLong, 90},
            Allowance{30'000, kWeekLong, 90}, Allowance{200, kHourLong, 40},
            Allowance{1'152, kDayLong * 1'152, 90}}},
    Preset{"Google Trust Services",
           "dv.acme-v02.api.pki.goog",
           {Allowance{100, kHourLong, 45}, std::nullopt, Allowance{5, kWeekLong, 90},
            Allowance{5, kHourLong, 40}, std::nullopt}},
    Preset{"ZeroSSL",
           "acme.zerossl.com",
           {Allowance{100, kHourLong, 45}, std::nullopt, Allowance{5, kWeekLong, 90},
            Allowance{5, kHourLong, 40}, std::nullopt}},
    // Nobody knows: as if it were the strictest of those above, and at half.
    Preset{"unknown",
           "",
           {Allowance{300, kHourLong * 3, 45}, Allowance{50, kWeekLong, 45},
            Allowance{5, kWeekLong, 90}, Allowance{5, kHourLong, 40},
            Allowance{1'152, kDayLong * 1'152, 45}}},
};
static_assert(kPresets.back().host.empty());

std::string_view host_of(std::string_view url) noexcept {
    const auto scheme = url.find("://");
    if (scheme != url.npos) url.remove_prefix(scheme + 3);
    return url.substr(0, url.find_first_of(":/?#"));
}

}  // namespace

std::string_view to_string(Limit limit) noexcept {
    return kLimitTexts[static_cast<std::size_t>(limit)];
}

std::optional<Limit> limit_from_text(std::string_view text) noexcept {
    const auto found = std::find(kLimitTexts.begin(), kLimitTexts.end(), text);
    if (found == kLimitTexts.end()) return std::nullopt;
    return static_cast<Limit>(found - kLimitTexts.begin());
}

bool is_usable(const Allowance& allowance) noexcept {
    return allowance.count >= 1 && allowance.count <= kMaxAllowed &&
           allowance.period >= kMinPeriod && allowance.period <= kMaxPeriod &&
           allowance.share >= 1 && allowance.share <= 100;
}

std::string text_of(Milliseconds period) {
    struct Unit {
        Milliseconds length;
        std::string_view one;
    };
    constexpr std::array kUnits = {Unit{kDayLong, "day"}, Unit{kHourLong, "hour"},
                                   Unit{Milliseconds(60'000), "minute"}};
    for (const Unit& unit : kUnits) {
        if (period < unit.length || period % unit.length != Milliseconds(0)) continue;
        const auto count = period / unit.length;
        return std::to_string(count) + " " + std::string(unit.one) + (count == 1 ? "" : "s");
    }
    const auto seconds = std::chrono::ceil<Seconds>(period).count();
    return std::to_string(seconds) + (seconds == 1 ? " second" : " seconds");
}

std::string text_of(const Allowance& allowance) {
    return std::to_string(allowance.count) + " in " + text_of(allowance.period);
}

Rate rate_of(const Allowance& allowance) noexcept {
    Rate rate;
    rate.burst = allowance.count - allowance.count * (100 - allowance.share) / 100;
    rate.burst = std::max<std::int64_t>(rate.burst, 1);
    const std::int64_t pace = allowance.count * allowance.share;
    // Rounded up: never faster than the share.
    const std::int64_t interval = (allowance.period.count() * 100 + pace - 1) / pace;
    rate.interval = Milliseconds(std::max<std::int64_t>(interval, 1));
    return rate;
}

WallTime open_at(WallTime arrival, const Rate& rate, WallTime now, std::int64_t keep) noexcept {
    const std::int64_t kept = std::clamp<std::int64_t>(keep, 0, rate.burst - 1);
    return std::max(now, arrival - rate.interval * (rate.burst - 1 - kept));
}

std::int64_t tokens_left(WallTime arrival, const Rate& rate, WallTime now) noexcept {
    const Milliseconds ahead = std::max(arrival - now, Milliseconds(0));
    // What is not wholly back is not there.
    const std::int64_t missing = (ahead + rate.interval - Milliseconds(1)) / rate.interval;
    return std::max<std::int64_t>(rate.burst - missing, 0);
}

WallTime taken(WallTime arrival, const Rate& rate, WallTime now) noexcept {
    return std::max(arrival, now) + rate.interval;
}

WallTime given_back(WallTime arrival, const Rate& rate) noexcept {
    return arrival - rate.interval;
}

WallTime closed_until(WallTime arrival, const Rate& rate, WallTime until) noexcept {
    return std::max(arrival, until + rate.interval * (rate.burst - 1));
}

WallTime rescaled(WallTime arrival, const Rate& old, const Rate& next, WallTime now) noexcept {
    if (arrival <= now) return arrival;
    // In halves of a token and less it does not have to be exact; a product of both would not fit.
    const double missing =
        static_cast<double>((arrival - now).count()) / static_cast<double>(old.interval.count());
    const double full =
        static_cast<double>(next.burst) * static_cast<double>(next.interval.count());
    // A CA keeps the time as it is, as many tokens as that then means.
    const double ahead = std::max(missing * static_cast<double>(next.interval.count()),
                                  static_cast<double>((arrival - now).count()));
    return now + Milliseconds(static_cast<std::int64_t>(std::ceil(std::min(ahead, full))));
}

const Preset& preset_of(std::string_view directory) noexcept {
    const std::string_view host = host_of(directory);
    for (const Preset& each : kPresets)
        if (!each.host.empty() && each.host == host) return each;
    return kPresets.back();
}

}  // namespace hairpin::acme
