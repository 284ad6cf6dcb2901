// admin/credential_check.hpp - what a credential that was recognised may do, whatever the door.
//
// The one place where kinds become grants: an operator's token may do everything, a server's
// credential speaks for its twin names and their challenges (DESIGN invariant 3), all others have
// the grants that were given. What a licence owns never reaches beyond the licence's zone,
// whatever its rows say.
//
// Threads   As the Queries given.

#pragma once

#include <vector>

#include "admin/names.hpp"
#include "admin/problem.hpp"
#include "core/ip_address.hpp"
#include "core/result.hpp"
#include "store/reader.hpp"
#include "store/records.hpp"
#include "zones/address_rules.hpp"
#include "zones/permission.hpp"

namespace hairpin::admin {

/// The grants by which zones::decide() judges what `identity` asks for.
[[nodiscard]] Result<std::vector<zones::Grant>, Problem> effective_grants(
    store::Queries& queries, const store::Identity& identity, const zones::AddressRules& rules);

/// Of a server's credential: read and update of the addresses at both names, and of challenge
/// values beneath them.
[[nodiscard]] std::vector<zones::Grant> server_grants(const TwinNames& names,
                                                      const zones::Name& apex);

/// Errors: Forbidden: the credential may not be used from there.
[[nodiscard]] Result<void, Problem> check_source(const store::CredentialRow& credential,
                                                 const IpAddress& source);

}  // namespace hairpin::admin
