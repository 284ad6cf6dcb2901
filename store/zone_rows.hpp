// store/zone_rows.hpp - an edited zone into rows: RRsets that differ, the zone's serial, the
// journal.
//
// For the committer alone: nobody else writes zones (store/writer.hpp does not offer it). Costs
// what differs, never the zone. Not here: whether the change is allowed (zones/edit.hpp).
//
// Threads   The commit thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "zones/change.hpp"
#include "zones/edit.hpp"

namespace hairpin::store {

struct ZoneWrite {
    const zones::ZoneChange& change;
    const zones::EditedZone& edited;  // It changed.
    std::uint32_t
        serial_before;  // Of the step the journal shows: what readers saw before this commit.
    std::uint32_t serial_after;
    const zones::Actor& actor;
    const std::string& reason;
    WallTime at;
};

/// Writes all rows of one edited zone into the open transaction.
/// @return RRset rows written or deleted (those of a dropped zone are not counted).
/// Errors: Corrupt the row has another serial than `edited` came from, is missing, or (Create) is
/// there: somebody else writes the database, and the whole transaction must be given up.
[[nodiscard]] Result<std::size_t> write_zone(Database& database, const ZoneWrite& write);

/// A zone that was dropped.
struct RetiredZone {
    std::uint32_t serial = 0;             // The last that it had.
    std::optional<zones::ZoneKind> kind;  // None: it was dropped by an older version.
};
[[nodiscard]] Result<std::optional<RetiredZone>> retired_zone(Database& database,
                                                              const zones::Name& apex);

}  // namespace hairpin::store
