// acme/rate_limit.hpp - what a CA that refuses an order says about its limits.
//
// A CA answers 429 with Retry-After, and Let's Encrypt says besides which limit it is and until
// when: "too many certificates (50) already issued for "example.net" in the last 168h0m0s, retry
// after 2026-11-28 12:00:00 UTC: see ..". The words are read for what they are worth: a limit that
// is not recognized is no limit of ours, and who reads this parks the class of work instead.
//
// Standards RFC 8555 section 6.6 (rateLimited), RFC 9110 section 10.2.3 (Retry-After).
// Threads   Pure functions, over what a stranger sent.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "acme/budget.hpp"
#include "acme/client.hpp"
#include "core/clock.hpp"

namespace hairpin::acme {

/// A CA that says nothing is asked again after an hour; what it says is held to these.
inline constexpr Milliseconds kSilentLimit{3600 * 1000};
inline constexpr Milliseconds kShortestLimit{1'000};
inline constexpr Milliseconds kLongestLimit{31LL * 24 * 3600 * 1000};

struct ReachedLimit {
    std::optional<Charge> bucket;  // Empty: it did not say which.
    WallTime until{};
};

/// Whether the refusal is one of a limit: 429, or the problem type.
[[nodiscard]] bool is_rate_limited(const CaFailure& failure) noexcept;
/// Whether the CA has paused a name of ours: a person must follow the link in its words.
[[nodiscard]] bool is_paused_by_ca(const CaFailure& failure) noexcept;
/// @param order  What was asked for: the bucket is one of its own.
[[nodiscard]] ReachedLimit read_reached_limit(const CaFailure& failure, const OrderKeys& order,
                                              WallTime now);
/// "retry after 2026-11-28 12:00:00 UTC", or with a time as RFC 3339 has it; empty: not there.
[[nodiscard]] std::optional<WallTime> read_retry_date(std::string_view text);

}  // namespace hairpin::acme
