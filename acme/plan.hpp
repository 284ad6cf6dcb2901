// acme/plan.hpp - what will be: when each of those that wait may order, and how long a fleet takes.
//
// Both walk a copy of the waiting line with a copy of the budget, from token to token: the code
// that decides is the code that foretells. What only the CA knows (that it is down, that it fails)
// is not foreseen.
//
// Threads   Pure functions.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "acme/budget.hpp"
#include "acme/waiting_line.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"

namespace hairpin::acme {

struct Departure {
    Waiting waiting;
    WallTime at{};
};

/// All that stand in the line, in the order in which they may go; those that would go after `until`
/// are left out.
[[nodiscard]] std::vector<Departure> foretell(WaitingLine line, Budget budget, WallTime now,
                                              WallTime until);

inline constexpr std::int64_t kMaxPlanned = 50'000;

struct PlanRequest {
    std::int64_t servers = 0;  // 1..kMaxPlanned, each with a first certificate to get.
    std::int64_t domains = 1;  // Registered domains that they are spread over; 1..servers.
    std::string domain;        // The one, where it is one: its bucket is as it is now.
    Milliseconds lifetime{0};  // Of a certificate; renewed at two thirds of it, at half under ten
                               // days, as duties do.
    /// Whether renewals are exempt from the CA's limits (RFC 9773). Else each takes an order of the
    /// account; of the domain none: CAs do not count the same names again there.
    bool renewals_are_exempt = true;
};

struct Plan {
    WallTime begin{};
    WallTime ready_at{};             // When the last one may order its first certificate.
    std::int64_t first_issues = 0;   // Until then.
    std::int64_t renewals = 0;       // Until then.
    std::int64_t late_renewals = 0;  // Of these: not before the certificate had expired.
    /// When a tenth, a half and nine tenths of the servers have theirs.
    WallTime tenth_at{};
    WallTime half_at{};
    WallTime nine_tenths_at{};
    /// The limit that sets the pace; empty: none does, the line never waited.
    std::optional<Limit> pace;
};

/// @param budget  What is left now and what holds. Nameless domains have full buckets.
/// Errors: Invalid a number out of its bounds, Limit it would take more than a hundred years.
[[nodiscard]] Result<Plan> make_plan(const PlanRequest& request, Budget budget, WallTime now);

/// "3.8 years", "140 days", "100 hours", "25 minutes": two digits and a unit that a person would
/// choose.
[[nodiscard]] std::string text_of_span(Milliseconds span);

}  // namespace hairpin::acme
