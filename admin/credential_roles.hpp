// admin/credential_roles.hpp - names for the grants of usual purposes.
//
//   role        owner                 may
//   server      server                its addresses and its challenges, as its own token
//   addresses   server                its addresses: dyndns2, UPDATE
//   challenges  server or licence     ACME challenge values at its names, or anywhere in the zone
//   zone        licence, or `zone`    read and update everything in the zone
//   secondary   licence, or `zone`    transfer the zone
//   reader      licence, or `zone`    read the zone
//
// Threads   Pure.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "zones/name.hpp"
#include "zones/permission.hpp"

namespace hairpin::admin {

/// Whom a role is given to.
struct RoleScope {
    zones::Name zone;
    bool is_server = false;  // The owner is one: roles of a server are about its names.
};

/// Errors: a sentence: there is no such role, or not for such an owner.
[[nodiscard]] Result<std::vector<zones::Grant>, std::string> grants_of_role(std::string_view role,
                                                                            const RoleScope& scope);

}  // namespace hairpin::admin
