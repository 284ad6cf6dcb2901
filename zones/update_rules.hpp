// zones/update_rules.hpp - what an edit comes to where conflicts are settled instead of refused.
//
// RFC 2136 has no data dependent errors behind its prerequisites: an update that cannot be is
// ignored, record by record. This turns one edit into what is really to be done to its owner. Not
// here: doing it (zones/draft.hpp), bounds and rules that refuse (zones/zone_rules.hpp).
//
// Standards RFC 2136 section 3.4.2; RFC 6672 section 5.2 (DNAME); RFC 1982 (serial); RFC 2181
//           section 10.1 with RFC 4035 section 2.5 (what stands beside a CNAME).
// Threads   Pure.

#pragma once

#include <optional>

#include "zones/change.hpp"
#include "zones/draft.hpp"
#include "zones/rtype.hpp"

namespace hairpin::zones {

/// RFC 4035 section 2.5: a CNAME's signatures and NSEC stand beside it.
[[nodiscard]] constexpr bool may_stand_beside_cname(RType type) noexcept {
    return type == RType::CNAME || type == RType::RRSIG || type == RType::NSEC;
}

/// @param edit     Well-formed by itself (check_edit()).
/// @param present  What its owner holds before it.
/// @param at_apex  Whether its owner is the zone's apex.
/// @return The edit that has the effect; nullopt: there is none, the update is ignored.
[[nodiscard]] std::optional<Edit> settle(const Edit& edit, const RRsetList& present, bool at_apex);

}  // namespace hairpin::zones
