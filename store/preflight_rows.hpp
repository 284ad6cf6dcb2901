// store/preflight_rows.hpp - what the last preflight of a zone found, where that was not good.
//
// For people: nothing is decided by these rows. What a preflight is, acme/preflight.hpp says; its
// outcome is here the text that acme/ gives it, with a CHECK in the schema. A row goes with its
// zone.
//
// Errors everywhere: Conflict, Unavailable, Corrupt as in sqlite_error.hpp.
//
// Threads   What takes a Database: as that; what takes a Writer: the commit thread.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "store/writer.hpp"
#include "zones/name.hpp"

namespace hairpin::store {

struct PreflightRow {
    zones::Name zone;
    std::string outcome;  // "unknown", "problem".
    std::string text;     // For a person.
    WallTime at{};
};

[[nodiscard]] Result<std::optional<PreflightRow>> preflight_of(Database& database,
                                                               const zones::Name& zone);
[[nodiscard]] Result<std::vector<PreflightRow>> preflights(Database& database);
/// No harm where the zone is gone.
[[nodiscard]] Result<void> put_preflight(Writer& writer, const PreflightRow& row);
/// No harm where there is none.
[[nodiscard]] Result<void> erase_preflight(Writer& writer, const zones::Name& zone);

}  // namespace hairpin::store
