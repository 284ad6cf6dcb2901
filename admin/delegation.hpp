// admin/delegation.hpp - keeps a licence zone's delegation in step where its parent is hosted here.
//
// Given a change and the zones it will meet, adds the edits to the parent zones that follow from
// it:
//   a licence zone is made            its NS go into the parent
//   the NS at its apex are replaced   so do those in the parent
//   it is dropped                     NS and DS leave the parent
//   a parent is made or replaced      the delegations of all licence zones below go into it
// DS follow when licence zones are signed.
//
// Standards RFC 1034 section 4.2.2: NS on both sides of a zone cut should be the same.
// Threads   Pure.

#pragma once

#include "zones/change.hpp"
#include "zones/zone.hpp"

namespace hairpin::admin {

/// TTL of NS in licence zones and of their delegations.
inline constexpr zones::Ttl kNsTtl = 3600;

void keep_delegations(const zones::ZoneTable& table, zones::Change& change);

}  // namespace hairpin::admin
