// store/retention.hpp - how long history is kept, and the small steps that remove what is older.
//
// Changes are kept singly in the journal by age and by size. What leaves it is merged
// (store/condensing.hpp) and kept by age and by size again, so that neither a quiet zone nor a dead
// secondary fills the disk. The audit is kept by age and by count; idempotency rows, the serials of
// dropped zones and those that secondaries hold by age.
// One step removes a bounded number of rows inside a commit that happens anyway or while the
// committer is idle, so that pruning is never felt. Where the last step of a zone goes too, IXFR
// falls back to AXFR, and nothing else depends on it.
//
// Threads   The commit thread.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/database.hpp"

namespace hairpin::store {

struct Retention {
    std::chrono::hours journal_age{24 * 90};
    std::int64_t journal_octets = std::int64_t{1} << 30;  // Of differences.
    std::chrono::hours condensed_age{24 * 365};           // Beyond journal_age.
    std::int64_t condensed_octets = std::int64_t{256} << 20;
    std::chrono::hours audit_age{24 * 400};
    std::int64_t audit_rows = 2'000'000;
    std::chrono::hours event_age{24 * 30};  // Web-hooks are given up long before.
    std::int64_t event_rows = 1'000'000;
    std::chrono::hours idempotency_age{24};
    /// How long the last serial of a dropped zone is remembered: longer than any secondary keeps it
    /// (the SOA's expire time).
    std::chrono::hours retired_age{24 * 400};
    std::size_t rows_per_step = 500;
    Milliseconds interval{
        10'000};  // Between steps; a step that found its bound full is followed by another at once.
};

struct Pruned {
    std::size_t rows = 0;
    bool more = false;  // The bound was reached: there may be more.
};
/// One step inside the open transaction.
[[nodiscard]] Result<Pruned> prune(Database& database, const Retention& retention, WallTime now);

}  // namespace hairpin::store
