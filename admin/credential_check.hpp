// admin/credential_check.hpp - what a credential that was recognised may do, whatever the door.
//
// The one place where kinds become grants: an operator's token may do everything, a server's
// credential speaks for its twin names and their challenges (DESIGN invariant 3), all others have
// the grants that were given. What a licence owns never reaches beyond the licence's zone,
// whatever its rows say.
//
// Threads   As the Queries given.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/names.hpp"
#include "admin/problem.hpp"
#include "core/clock.hpp"
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
/// values beneath them. The names are words yet (zones::NamePattern::is_of_server()).
[[nodiscard]] std::vector<zones::Grant> server_grants(const zones::Name& apex);

/// Puts a server's names in the place of the words for them; where there is no server, the words
/// stand for nothing, and a grant of nothing else goes.
[[nodiscard]] std::vector<zones::Grant> with_names_of(std::vector<zones::Grant> grants,
                                                      const std::optional<TwinNames>& names);

/// A question that is no edit's, by all that stands in its way: standing, source, grants. The rule
/// that allows it. Errors: as check_standing() and check_source(); Forbidden, with the sentence of
/// zones::decide(); those of the store.
[[nodiscard]] Result<std::string, Problem> judge(store::Queries& queries,
                                                 const store::Identity& identity,
                                                 const zones::PermissionQuestion& question,
                                                 WallTime now, const zones::AddressRules& rules);

/// Errors: Forbidden: the credential may not be used from there.
[[nodiscard]] Result<void, Problem> check_source(const store::CredentialRow& credential,
                                                 const IpAddress& source);

}  // namespace hairpin::admin
