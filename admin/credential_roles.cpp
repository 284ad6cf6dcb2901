#include "admin/credential_roles.hpp"

#include <utility>

#include "admin/credential_check.hpp"

namespace hairpin::admin {
namespace {

using zones::Operation;

zones::Grant whole_zone(const zones::Name& zone, std::initializer_list<Operation> operations) {
    zones::Grant grant;
    grant.zone = zone;
    for (const Operation each : operations)
        grant.operations.add(each);
    return grant;
}

zones::Grant any_challenge(const zones::Name& zone) {
    zones::Grant grant = whole_zone(zone, {Operation::Read, Operation::Update});
    grant.types = {zones::RType::TXT};
    grant.values = zones::ValueRule::Challenge;
    return grant;
}

}  // namespace

Result<std::vector<zones::Grant>, std::string> grants_of_role(std::string_view role,
                                                              const RoleScope& scope) {
    if (role == "server" || role == "addresses" || role == "challenges") {
        if (!scope.is_server && role == "challenges") return std::vector{any_challenge(scope.zone)};
        if (!scope.is_server) return fail("the role " + std::string(role) + " is for a server's");
        auto grants = server_grants(scope.zone);
        if (role == "addresses") return std::vector{std::move(grants.front())};
        if (role == "challenges") return std::vector{std::move(grants.back())};
        return grants;
    }
    if (role != "zone" && role != "secondary" && role != "reader")
        return fail(
            std::string("must be server, addresses, challenges, zone, secondary or reader"));
    if (scope.is_server)
        return fail("the role " + std::string(role) +
                    " is not for one server's: it is about the "
                    "whole zone");
    if (role == "secondary") return std::vector{whole_zone(scope.zone, {Operation::Transfer})};
    if (role == "reader") return std::vector{whole_zone(scope.zone, {Operation::Read})};
    return std::vector{whole_zone(scope.zone, {Operation::Read, Operation::Update})};
}

}  // namespace hairpin::admin
