// store/condensing.hpp - what becomes of changes that are too old, or too many, for the journal:
// many of a zone as one row, which still leads from serial to serial.
//
// A merged row holds the net difference (zones/condensed.hpp) of the changes of one zone in one day
// (UTC), from the serial before the first to the one after the last. IXFR from the serial at which
// it begins goes on as before; what the zone was in between is not known any more. It ends early
//   - at a serial that a secondary was heard to hold (store/follower_rows.hpp), so that whoever is
//     behind is served its difference for as long as anything is kept,
//   - where it would grow over kMergedOctets.
// A zone that is made or dropped, and a step too large to be merged, is moved as it is.
//
// Standards RFC 1995 section 5 (condensation).
// Threads   The commit thread, inside the open transaction.

#pragma once

#include <cstddef>
#include <cstdint>

#include "core/result.hpp"
#include "store/database.hpp"

namespace hairpin::store {

/// What one merged row holds at most, in memory (zones::Condensed::octets).
inline constexpr std::size_t kMergedOctets = std::size_t{256} << 10;

/// Moves the rows of the journal up to `last_id`, which ends a commit, into the merged history.
/// Rows that cannot be read, or do not follow one another, are moved as they are.
/// @return Rows of the journal that went.
[[nodiscard]] Result<std::size_t> condense_journal(Database& database, std::int64_t last_id);

}  // namespace hairpin::store
