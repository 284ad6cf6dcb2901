// store/caa_rows.hpp - the values of CAA "issue" that we put at an apex, and since when.
//
// Which values there should be is acme/caa_keeper.hpp's. A row stands for a record of the zone that
// is ours; what an operator wrote has none. A row goes with its zone.
//
// Errors everywhere: Conflict, Unavailable, Corrupt as in sqlite_error.hpp.
//
// Threads   What takes a Database: as that; what takes a Writer: the commit thread.

#pragma once

#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "store/writer.hpp"
#include "zones/name.hpp"

namespace hairpin::store {

struct CaaRow {
    zones::Name zone;
    std::string account_url;
    std::string value;
    WallTime published_at{};
    WallTime usable_at{};  // From then on no CA has an older answer in its cache.
};

/// By zone.
[[nodiscard]] Result<std::vector<CaaRow>> caa_rows(Database& database);
[[nodiscard]] Result<std::vector<CaaRow>> caa_rows_of(Database& database, const zones::Name& zone);
/// Zones in which something is ordered, or was and is waiting to be renewed; in order.
[[nodiscard]] Result<std::vector<zones::Name>> zones_with_orders(Database& database);
/// Errors: NotFound no such zone.
[[nodiscard]] Result<void> put_caa(Writer& writer, const CaaRow& row);
/// No harm where there is none.
[[nodiscard]] Result<void> erase_caa(Writer& writer, const zones::Name& zone,
                                     const std::string& account_url);

}  // namespace hairpin::store
