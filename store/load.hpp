// store/load.hpp - the zones as the database holds them.
//
// For the start (before the listeners open) and for the committer after an uncertain commit.
// Cost: one pass over the RRset rows in the order they lie; 100,000 zones of three servers take a
// couple of seconds.
//
// Threads   As the Database given.

#pragma once

#include "core/result.hpp"
#include "store/database.hpp"
#include "zones/name.hpp"
#include "zones/zone.hpp"

namespace hairpin::store {

/// Errors: Corrupt a row does not decode, or a zone lacks its SOA or NS, with the zone's name;
/// Unavailable.
[[nodiscard]] Result<zones::ZoneTable> load_zones(Database& database);
/// One zone; empty when there is none.
[[nodiscard]] Result<zones::ZoneRef> load_zone(Database& database, const zones::Name& apex);

}  // namespace hairpin::store
