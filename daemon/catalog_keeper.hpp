// daemon/catalog_keeper.hpp - brings the catalog zone up to date at the start.
//
// While we serve, the committer lists each zone in the commit that makes it. What is left is the
// catalog that was just configured, was renamed or is not wanted any more.
//
// Threads   The main thread.

#pragma once

#include <optional>

#include "core/result.hpp"
#include "store/committer.hpp"
#include "store/reader.hpp"
#include "zones/catalog.hpp"
#include "zones/name.hpp"
#include "zones/zone.hpp"

namespace hairpin::daemon {

/// The groups that operators chose, by zone. Errors: those of the store.
[[nodiscard]] Result<zones::CatalogGroups> read_catalog_groups(store::Queries& store);

/// Waits until what has to change is durable and published.
/// Errors: Conflict the name is one of the zones that it would list. A store that cannot be written
/// is none: it is logged, and the zones are served.
[[nodiscard]] Result<void> keep_catalog(store::Committer& committer, const zones::ZoneTable& table,
                                        const std::optional<zones::Name>& catalog,
                                        const zones::CatalogGroups& groups);

}  // namespace hairpin::daemon
