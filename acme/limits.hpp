// acme/limits.hpp - the limits that a CA counts orders by, and token buckets that keep below them.
//
// A limit is "so many within so long" by some key: the account, a registered domain, an exact set
// of names, a name. Each key has a bucket, and a bucket is one stored time, its arrival (GCRA, the
// way Let's Encrypt's own limiter counts): the moment at which it would be full again. Taking a
// token moves the arrival one interval on; a token can be taken while the arrival is less than the
// whole bucket ahead of now.
//
//   burst     what of a limit we use at once: `share` percent of it, rounded up to a whole order
//   interval  a token comes back so often: the limit's own pace, stretched by the same share
//
// Let's Encrypt says that it counts by buckets: 90 percent there. Of other CAs nobody says how they
// count, so their presets use 45: a bucket of N lets through at most 2N within its period, and
// twice 45 is inside any window. What a person sets (an override that was granted) is used at 90
// unless told otherwise.
//
// Whose limits they are: kPresets in limits.cpp, one table.
//
// Threads   Values and pure functions.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"

namespace hairpin::acme {

enum class Limit : std::uint8_t {
    OrdersPerAccount,       // Key: "", the one account of the directory.
    CertificatesPerDomain,  // Key: the registered domain.
    CertificatesPerNames,   // Key: the exact set of names, sorted, with commas.
    FailuresPerName,        // Key: the name. Authorizations that failed at the CA.
    FailuresInARow,         // Key: the name. At the end of it the CA pauses the name.
};
inline constexpr std::size_t kLimits = 5;
inline constexpr std::array<Limit, kLimits> kAllLimits = {
    Limit::OrdersPerAccount, Limit::CertificatesPerDomain, Limit::CertificatesPerNames,
    Limit::FailuresPerName, Limit::FailuresInARow};
/// As stored and shown: "certificates-per-domain".
[[nodiscard]] std::string_view to_string(Limit limit) noexcept;
[[nodiscard]] std::optional<Limit> limit_from_text(std::string_view text) noexcept;

inline constexpr std::int64_t kMaxAllowed = 10'000'000;
inline constexpr Milliseconds kMinPeriod{1'000};
inline constexpr Milliseconds kMaxPeriod{1'200LL * 24 * 3600 * 1000};
inline constexpr int kOverrideShare = 90;

/// What the CA allows of a limit, and which part of it we use.
struct Allowance {
    std::int64_t count = 0;      // 1..kMaxAllowed.
    Milliseconds period{0};      // kMinPeriod..kMaxPeriod.
    int share = kOverrideShare;  // Percent: 1..100.
    friend bool operator==(const Allowance&, const Allowance&) = default;
};
[[nodiscard]] bool is_usable(const Allowance& allowance) noexcept;
/// "50 in 7 days".
[[nodiscard]] std::string text_of(const Allowance& allowance);
/// "7 days", "3 hours", "90 minutes": the largest unit that is whole.
[[nodiscard]] std::string text_of(Milliseconds period);

/// The bucket of an allowance.
struct Rate {
    std::int64_t burst = 1;  // 1 and up.
    Milliseconds interval{1};
    friend bool operator==(const Rate&, const Rate&) = default;
};
/// `allowance` is usable.
[[nodiscard]] Rate rate_of(const Allowance& allowance) noexcept;

// A bucket is its arrival; a time that is past is a full bucket.

/// The first moment from `now` on at which a token can be taken so that `keep` are left.
[[nodiscard]] WallTime open_at(WallTime arrival, const Rate& rate, WallTime now,
                               std::int64_t keep = 0) noexcept;
/// 0..burst.
[[nodiscard]] std::int64_t tokens_left(WallTime arrival, const Rate& rate, WallTime now) noexcept;
/// The arrival after a token was taken; also where none was left (what the CA counted is counted).
[[nodiscard]] WallTime taken(WallTime arrival, const Rate& rate, WallTime now) noexcept;
/// The arrival after a token was given back.
[[nodiscard]] WallTime given_back(WallTime arrival, const Rate& rate) noexcept;
/// The arrival that lets the next token out at `until` and then one per interval; never earlier
/// than it was.
[[nodiscard]] WallTime closed_until(WallTime arrival, const Rate& rate, WallTime until) noexcept;
/// The arrival under another rate: with as many tokens missing as before, or as far ahead as
/// before, whatever is later, at most a whole bucket. Let's Encrypt keeps the time: a bucket that
/// was empty is empty still when its limit is raised, and fills at the new pace.
[[nodiscard]] WallTime rescaled(WallTime arrival, const Rate& old, const Rate& next,
                                WallTime now) noexcept;

/// What a CA allows where nobody set anything; an empty one is no limit.
using Allowances = std::array<std::optional<Allowance>, kLimits>;
struct Preset {
    std::string_view name;  // "Let's Encrypt"; "unknown".
    std::string_view host;  // Of its directory; empty: any other.
    Allowances allowances;
};
/// The preset of a CA by the host of its directory's URL.
[[nodiscard]] const Preset& preset_of(std::string_view directory) noexcept;

}  // namespace hairpin::acme
