// admin/past_reading.hpp - moments as callers write them, and the past as answers need it.
//
// What /at, /diff, /undo and /return have in common (past.cpp, zone_undo.cpp, zone_return.cpp). The
// journal is read on the bulk worker, with its own reader: it can take seconds.
//
// Standards RFC 3339.
// Threads   Pure; what reads the journal is for the bulk worker.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/api.hpp"
#include "admin/context.hpp"
#include "admin/paging.hpp"
#include "admin/problem.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/past.hpp"
#include "store/reader.hpp"

namespace hairpin::admin {

/// An instant in whole seconds means their end, so that the `at` of a step that a list shows is a
/// moment at which it had happened. Errors: InvalidRequest at `pointer`, also for the future.
[[nodiscard]] Result<store::Moment, Problem> read_time(std::string_view text, const char* pointer,
                                                       WallTime now);
/// Errors: InvalidRequest at `pointer`.
[[nodiscard]] Result<store::Moment, Problem> read_serial(std::string_view text,
                                                         const char* pointer);
/// A serial where it has digits only, else a time.
[[nodiscard]] Result<store::Moment, Problem> read_moment(std::string_view text, const char* pointer,
                                                         WallTime now);

/// A place in a zone as the key of a cursor, and back. Errors: InvalidRequest.
[[nodiscard]] std::string place_text(const zones::Name& owner, zones::RType type);
[[nodiscard]] Result<std::optional<store::RRsetPlace>, Problem> place_of(const Page& page);

/// `?dry_run=true`. Errors: InvalidRequest neither true nor false.
[[nodiscard]] Result<bool, Problem> asks_for_dry_run(const Call& call);

/// Errors: Unavailable this process reads no history.
[[nodiscard]] Result<store::Queries*, Problem> history_of(ApiContext& context);
/// Errors: NotFound, Gone, TooLarge, Unavailable as store::NoPast has them.
[[nodiscard]] Result<store::Past, Problem> read_past(ApiContext& context,
                                                     const store::PastQuestion& question);
/// "17 changes that are kept as one, from serial 5 to 22, made .. to ..: ask for .."
[[nodiscard]] std::string merged_text(const store::JournalRow& row);
/// Where the bulk worker takes no more.
[[nodiscard]] Problem too_much_history();

}  // namespace hairpin::admin
