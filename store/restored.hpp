// store/restored.hpp - serials after a restore: forward past everything that was ever served.
//
// A backup holds the serials of the day it was taken. A server that answered with them would have
// every secondary that has seen more refuse to transfer (RFC 1982: the serial went backward), and a
// serial could come to stand for two contents (DESIGN invariant 2). So a restore marks the database
// it puts in place, and the first start after it moves every zone, before anything is answered.
//
// How far. Where the database that is replaced can still be read and is of the same history, its
// serials are exactly what was served last (nothing is published that is not durable): one past
// them, or the Unix time, is enough. Where it is gone or damaged, what was served since the backup
// must be guessed: a zone may have had a serial per commit, ahead of the Unix time or, with serials
// like 2026112101, nowhere near it. Then the serial goes forward from the later of the backup's and
// the Unix time by a headroom:
//
//   one hour's worth at a serial a second + seconds since the backup's newest row x (1 + 2 x pace)
//
// where the pace is the zone's own, in serials a second, over what the backup's journal holds of
// it, at most 2^28. RFC 1982 allows 2^31 - 1 in one step; a serial ahead of time costs nothing but
// that it counts by ones until the time has come up to it.
//
// Standards RFC 1982 section 3.
// Threads   As the Database given.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "core/clock.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "store/database.hpp"

namespace hairpin::store {

/// What a database that is about to be replaced says it has served.
struct ServedSerials {
    Octets identity;                               // Empty: it could not be read.
    bool is_exact = false;                         // False: it waits for advance_serials() itself.
    std::map<std::string, std::uint32_t> serials;  // By apex; those of dropped zones too.
};
/// Errors: as any read.
[[nodiscard]] Result<ServedSerials> read_served_serials(Database& database);

/// Marks a migrated database as restored in the place of one that has served `served`, in a
/// transaction of its own. Errors: as any write.
[[nodiscard]] Result<void> mark_restored(Database& database, const ServedSerials& served);

/// Moves the serial of every zone of a marked database forward, with journal rows, and takes the
/// mark away: all in one transaction. Does nothing where there is no mark. For the start: after
/// migrate(), before load_zones(), with the StoreLock held.
/// @return  The zones that moved.
/// Errors: as load_zones() and any write.
[[nodiscard]] Result<std::size_t> advance_serials(Database& database, WallTime now);

}  // namespace hairpin::store
