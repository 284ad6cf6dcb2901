// admin/transfer_door.hpp - transfers by the rules of the permission model: the sentence, and the
// audit of a refusal.
//
// Whether a transfer is given is decided where it is asked, from a policy that follows the same
// rows (store/transfer_rows.hpp) and waits for no disk. Here stands why not, as for any other door.
//
// Threads   judge_transfer(): as the Queries given. audit_refused_transfer(): any.

#pragma once

#include <cstdint>
#include <string>

#include "admin/context.hpp"
#include "admin/problem.hpp"
#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "core/result.hpp"
#include "store/reader.hpp"
#include "store/records.hpp"
#include "zones/address_rules.hpp"
#include "zones/name.hpp"

namespace hairpin::admin {

/// What allows a transfer of the whole zone by a grant. Errors: Forbidden, Unauthorized and their
/// like, with the sentence of zones::decide() or of the credential's standing.
[[nodiscard]] Result<std::string, Problem> judge_transfer(store::Queries& queries,
                                                          const store::Identity& identity,
                                                          const zones::Name& apex,
                                                          const IpAddress& source, WallTime now,
                                                          const zones::AddressRules& rules);

/// The sentence of a refusal that no grant is the reason of.
inline constexpr const char* kTransferNeedsTls =
    "refused: zones are transferred over TLS only (dns.transfer.transport)";

struct RefusedTransfer {
    std::int64_t credential_id = 0;
    std::string key;
    zones::Name apex;
    IpAddress source;
};
/// Writes the audit row, a moment later; as often as the credential may write.
void audit_refused_transfer(ApiContext& context, const RefusedTransfer& refused);

}  // namespace hairpin::admin
