// store/load.hpp - the zones as the database holds them.
//
// For the start (before the listeners open) and for the committer after an uncertain commit.
// Cost: one pass over the RRset rows in the order they lie; 100,000 zones of three servers take a
// couple of seconds.
//
// Threads   As the Database given.

#pragma once

#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "zones/name.hpp"
#include "zones/zone.hpp"

namespace hairpin::store {

/// `at`: when they are published (Zone::published_at); what nobody asks the age of needs none.
/// Errors: Corrupt a row does not decode, or a zone lacks its SOA or NS, with the zone's name;
/// Unavailable.
[[nodiscard]] Result<zones::ZoneTable> load_zones(Database& database, WallTime at = {});
/// One zone; empty when there is none.
[[nodiscard]] Result<zones::ZoneRef> load_zone(Database& database, const zones::Name& apex,
                                               WallTime at = {});

}  // namespace hairpin::store
