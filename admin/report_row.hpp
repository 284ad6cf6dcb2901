// admin/report_row.hpp - a server's report, written inside the commit that follows from it.
//
// What changes nothing waits in the committer's batches (store/seen.hpp); a report that changes DNS
// or its own row is written with that change, so that the next one is decided over it.
//
// Threads   The commit thread.

#pragma once

#include "admin/problem.hpp"
#include "core/result.hpp"
#include "store/seen.hpp"
#include "store/writer.hpp"

namespace hairpin::admin {

/// Errors: Internal the row does not take it; Unavailable.
[[nodiscard]] Result<void, Problem> write_report_row(store::Writer& writer,
                                                     store::SeenUpdate update);

}  // namespace hairpin::admin
