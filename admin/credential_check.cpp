#include "admin/credential_check.hpp"

#include <algorithm>
#include <utility>

#include "store/grant_rows.hpp"

namespace hairpin::admin {
namespace {

zones::Grant everything() {
    zones::Grant grant;
    for (const auto each :
         {zones::Operation::Read, zones::Operation::Update, zones::Operation::Transfer})
        grant.operations.add(each);
    return grant;
}

zones::NamePattern exactly(const zones::Name& name) {
    return {zones::NamePattern::Kind::Exactly, name.lower()};
}

}  // namespace

std::vector<zones::Grant> server_grants(const TwinNames& names, const zones::Name& apex) {
    zones::Grant addresses;
    addresses.zone = apex;
    addresses.names = {exactly(names.public_name), exactly(names.internal_name)};
    addresses.types = {zones::RType::A, zones::RType::AAAA};
    addresses.operations.add(zones::Operation::Read);
    addresses.operations.add(zones::Operation::Update);
    zones::Grant challenges = addresses;
    challenges.names = {exactly(challenge_name(names.public_name)),
                        exactly(challenge_name(names.internal_name))};
    challenges.types = {zones::RType::TXT};
    challenges.values = zones::ValueRule::Challenge;
    return {std::move(addresses), std::move(challenges)};
}

Result<std::vector<zones::Grant>, Problem> effective_grants(store::Queries& queries,
                                                            const store::Identity& identity,
                                                            const zones::AddressRules& rules) {
    if (identity.credential.kind == store::CredentialKind::Operator)
        return std::vector{everything()};
    if (identity.credential.kind == store::CredentialKind::Server) {
        if (!identity.server || !identity.licence) return std::vector<zones::Grant>();
        const auto names = twin_names(identity.server->label, identity.licence->zone_apex, rules);
        if (!names) return std::vector<zones::Grant>();
        return server_grants(*names, identity.licence->zone_apex);
    }
    auto grants = TRY(store::grants_of(queries.database(), identity.credential.id));
    const bool is_owned = identity.credential.server_id || !identity.credential.licence.empty();
    if (is_owned)
        std::erase_if(grants, [&](const zones::Grant& each) {
            return !identity.licence || !each.zone || !(*each.zone == identity.licence->zone_apex);
        });
    return grants;
}

Result<void, Problem> check_source(const store::CredentialRow& credential,
                                   const IpAddress& source) {
    const auto& sources = credential.sources;
    const bool is_welcome =
        sources.empty() || std::any_of(sources.begin(), sources.end(), [&](const Prefix& each) {
            return each.contains(source.unmapped());
        });
    if (is_welcome) return {};
    return fail(Problem(ProblemType::Forbidden,
                        "refused: this credential may not be used from " + source.text()));
}

}  // namespace hairpin::admin
