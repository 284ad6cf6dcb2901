// acme/pacing.hpp - how often one server may be given certificates, and where it stands in the
// line.
//
// The decisions of admission that need no store: admission.cpp and budgeting.cpp read what they are
// about and ask here; tests/support/fleet.hpp asks the same for ten thousand servers and two years.
//
// Threads   Pure functions.

#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "acme/attempt.hpp"
#include "acme/waiting_line.hpp"
#include "core/clock.hpp"
#include "store/acme_rows.hpp"

namespace hairpin::acme {

struct IssueLimits {
    std::size_t per_day = 1;   // For renewals.
    std::size_t per_week = 3;  // For any reason.
};

/// @param issued  When the server was given certificates within a week, newest first; per_week + 1
///                of them are enough.
/// Empty: it may have another one now. The first one is free.
[[nodiscard]] std::optional<Postponed> enough_issued(std::span<const WallTime> issued,
                                                     store::AttemptCause cause,
                                                     const IssueLimits& limits, WallTime now);

/// When a certificate is good.
struct CertificateSpan {
    WallTime not_before{};
    WallTime not_after{};
};

struct LinePlace {
    WorkClass work = WorkClass::First;
    WallTime due{};  // As Waiting has it.
    /// When a renewal that waits will stand among the most urgent; empty: it does, or never will.
    std::optional<WallTime> urgent_at;
};

/// @param current  What the server has; empty: nothing that is good.
[[nodiscard]] LinePlace place_in_line(const Attempt& attempt,
                                      const std::optional<CertificateSpan>& current, WallTime now);

}  // namespace hairpin::acme
