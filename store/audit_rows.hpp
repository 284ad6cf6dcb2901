// store/audit_rows.hpp - writing audit rows, and the bound on rows about refusals.
//
// Every accepted work that changed something gets one row in its own savepoint. A refused one gets
// a row too, but a stranger who is refused a thousand times a second must not fill the disk:
// RefusalBudget is a bucket of tokens.
//
// Threads   The commit thread.

#pragma once

#include <cstddef>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "store/records.hpp"

namespace hairpin::store {

[[nodiscard]] Result<void> write_audit(Database& database, const AuditRow& row);

class RefusalBudget {
public:
    explicit RefusalBudget(std::size_t per_minute) noexcept
        : per_minute_(per_minute), left_(static_cast<double>(per_minute)) {}
    /// Whether one more row may be written at `now`.
    [[nodiscard]] bool take(MonotonicTime now) noexcept;

private:
    std::size_t per_minute_;
    double left_;
    MonotonicTime at_{};
};

}  // namespace hairpin::store
