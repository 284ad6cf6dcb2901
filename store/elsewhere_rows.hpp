// store/elsewhere_rows.hpp - the TXT values of challenges that stand in zones which are not ours.
//
// A value is noted in the commit that gives its authorization a place elsewhere, so before it is
// put there, and erased when it is known to be gone. What is noted and in no authorization any more
// has to be taken away: an attempt that goes on, fails, is ended by somebody else or goes with its
// server needs to do nothing for that, and a crash loses nothing.
//
// Errors everywhere: Conflict, Unavailable, Corrupt as in sqlite_error.hpp.
//
// Threads   What takes a Database: as that; what takes a Writer: the commit thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "store/writer.hpp"
#include "zones/name.hpp"

namespace hairpin::store {

struct ElsewhereRow {
    zones::Name owner;
    std::string value;
    zones::Name apex;  // Of the zone that it is in.
    std::int64_t attempt_id = 0;
    WallTime noted_at{};
};

/// One that is there is from now on the attempt's of this row.
[[nodiscard]] Result<void> note_elsewhere(Writer& writer, const ElsewhereRow& row);
/// Those that no authorization asks for, the oldest first.
[[nodiscard]] Result<std::vector<ElsewhereRow>> left_elsewhere(Database& database,
                                                               std::size_t limit);
/// No harm where there is none, or where it is another attempt's by now.
[[nodiscard]] Result<void> erase_elsewhere(Writer& writer, const ElsewhereRow& row);

}  // namespace hairpin::store
