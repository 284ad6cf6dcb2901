#include "store/audit_rows.hpp"

#include <algorithm>

namespace hairpin::store {

Result<void> write_audit(Database& database, const AuditRow& row) {
    return database.run(
        "INSERT INTO audit (at, actor_kind, actor_id, source, door, credential, action,"
        " subject, outcome, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        row.at, row.actor.kind, row.actor.id, row.actor.source, row.actor.door,
        row.actor.credential, row.action, row.subject, to_string(row.outcome), row.reason);
}

bool RefusalBudget::take(MonotonicTime now) noexcept {
    const double bound = static_cast<double>(per_minute_);
    const double minutes = std::chrono::duration<double, std::ratio<60>>(now - at_).count();
    left_ = std::min(bound, left_ + minutes * bound);
    at_ = now;
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
}

}  // namespace hairpin::store
