// zones/zone_rules.hpp - what may stand in a zone: rules of one edit and rules of one owner.
//
// Standards RFC 1034 section 3.6.2 and RFC 2181 section 10.1 (CNAME stands alone), RFC 6672
// section 2.4 (DNAME),
//           RFC 2136 section 3.4.1 (no meta types), RFC 2181 section 8 (TTL); twin names:
//           zones/address_rules.hpp.
// Threads   Pure.

#pragma once

#include "core/result.hpp"
#include "zones/change.hpp"
#include "zones/draft.hpp"
#include "zones/edit.hpp"

namespace hairpin::zones {

/// Whether an edit is well-formed by itself: owner in the zone, type storable, TTL and RDATA valid.
[[nodiscard]] Result<void, Refusal> check_edit(const Edit& edit, const Name& apex);

/// Whether the RRsets that an owner would hold may stand together.
[[nodiscard]] Result<void, Refusal> check_owner(const DraftOwner& owner, const Name& apex,
                                                ZoneKind kind, const EditRules& rules);

}  // namespace hairpin::zones
