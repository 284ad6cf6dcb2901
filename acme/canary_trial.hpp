// acme/canary_trial.hpp - when a way that is kept in reserve is tried, and what a trial leaves
// behind.
//
// Pure: canaries.cpp reads and writes the rows, and tries; a simulation keeps them in memory.
//
// Threads   Pure functions.

#pragma once

#include <optional>
#include <string>

#include "core/clock.hpp"
#include "store/issuer_rows.hpp"

namespace hairpin::acme {

struct CanaryPace {
    Milliseconds interval{7LL * 24 * 3600 * 1000};
    Milliseconds retry{24LL * 3600 * 1000};  // After a failure.
};

/// @param row  What the last trial left; empty: there was none.
[[nodiscard]] bool is_canary_due(const std::optional<store::CanaryRow>& row, WallTime now);
/// The row after a trial. `problem`: why it failed; empty: it went well.
[[nodiscard]] store::CanaryRow after_trial(store::CanaryRow row, const std::string& problem,
                                           const CanaryPace& pace, WallTime now);

}  // namespace hairpin::acme
