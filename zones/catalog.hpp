// zones/catalog.hpp - what a catalog zone holds: the list of our zones that secondaries follow.
//
// A consumer (Knot, BIND, NSD) transfers the catalog like any zone and serves every member that it
// names: a new licence needs no hand at the secondary. This writes the records; that they change in
// the same commit as the zones is store/work_group.cpp's, who may see them is the answer path's.
//
//     version            TXT "2"
//     <id>.zones         PTR <member apex>
//     group.<id>.zones   TXT "licence" or "plain", or what the operator calls it
//
// The id of a member is a hash of its apex, so that it is the same after any restart, restore or
// change of machines, and can be found without a search. A zone that is dropped and made again
// keeps it: its serial goes on from where it was, so what a consumer holds is only older, never
// wrong. A member that is moved to another group keeps its id too: RFC 9432 section 5.4 makes a new
// id mean that what the consumer holds of the zone has to go.
//
// Standards RFC 9432 sections 4.1 to 4.3 (schema version 2, member zones, properties), 4.4.2
// (groups).
// Threads   Pure.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "zones/change.hpp"
#include "zones/name.hpp"
#include "zones/zone.hpp"

namespace hairpin::zones {

/// The longest apex that a catalog zone may have: ids and labels go in front of it.
inline constexpr std::size_t kMaxCatalogOctets = 200;

/// Where the member stands in the catalog.
[[nodiscard]] Name member_owner(const Name& catalog, const Name& member);
/// A group is one character-string of a TXT record.
inline constexpr std::size_t kMaxGroupOctets = 255;
/// The group that was chosen, or where that is empty the one of its kind.
[[nodiscard]] std::string_view catalog_group(ZoneKind kind, std::string_view chosen) noexcept;
/// The groups of zones that have one of their own.
using CatalogGroups = std::unordered_map<Name, std::string, NameHash>;
/// The member is listed in this group, whether it was before or not.
[[nodiscard]] std::vector<Edit> add_member(const Name& catalog, const Name& member,
                                           std::string_view group);
/// The member and all its properties are gone.
[[nodiscard]] std::vector<Edit> remove_member(const Name& catalog, const Name& member);
/// A catalog that lists nothing yet. Catalogs need no name server: RFC 9432 section 4.1 wants
/// "invalid.".
[[nodiscard]] ZoneChange new_catalog(const Name& catalog);

/// What makes the table hold this catalog alone, and the catalog name exactly the zones that are
/// none: its creation where it is missing, what has to be added and removed, the end of another one
/// (nobody would keep it true). Nothing: all is right as it is.
[[nodiscard]] std::vector<ZoneChange> catalog_repairs(const ZoneTable& table,
                                                      const std::optional<Name>& catalog,
                                                      const CatalogGroups& groups = {});

}  // namespace hairpin::zones
