// admin/update_lines.hpp - an UPDATE in the words of nsupdate, for who asks what would come of it.
//
// It reads lines of text into what the name server reads from a message (dnsd/update_message.hpp).
// What may not be is said by the door that is asked; here, only what no UPDATE could say.
//
// Standards RFC 2136 sections 2.4 and 2.5; nsupdate(1) for the words.
// Threads   Pure.

#pragma once

#include <span>
#include <string>

#include "admin/json_value.hpp"
#include "admin/problem.hpp"
#include "core/result.hpp"
#include "zones/change.hpp"

namespace hairpin::admin {

/// "[update] add NAME TTL [IN] TYPE DATA", "[update] delete NAME [IN] [TYPE [DATA]]",
/// "prereq nxdomain|yxdomain NAME", "prereq nxrrset|yxrrset NAME [IN] TYPE [DATA]" (data behind
/// yxrrset only), in the order of a message, about the zone `apex`.
/// Errors: InvalidRequest, with the line and what is wrong with it.
[[nodiscard]] Result<zones::ZoneChange, Problem> read_update_lines(std::span<const JsonValue> lines,
                                                                   const zones::Name& apex);

}  // namespace hairpin::admin
