#include "acme/canary_trial.hpp"

namespace hairpin::acme {

bool is_canary_due(const std::optional<store::CanaryRow>& row, WallTime now) {
    return !row || row->due_at <= now;
}

store::CanaryRow after_trial(store::CanaryRow row, const std::string& problem,
                             const CanaryPace& pace, WallTime now) {
    row.problem = problem;
    if (problem.empty()) {
        row.good_at = now;
        row.failures = 0;
        row.due_at = now + pace.interval;
    } else {
        row.failed_at = now;
        ++row.failures;
        row.due_at = now + pace.retry;
    }
    return row;
}

}  // namespace hairpin::acme
