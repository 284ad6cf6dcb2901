#include "admin/credential_check.hpp"

#include <algorithm>
#include <utility>

#include "admin/authentication.hpp"
#include "store/grant_rows.hpp"

namespace hairpin::admin {
namespace {

using PatternKind = zones::NamePattern::Kind;

zones::Grant everything() {
    zones::Grant grant;
    for (const auto each :
         {zones::Operation::Read, zones::Operation::Update, zones::Operation::Transfer})
        grant.operations.add(each);
    return grant;
}

zones::NamePattern exactly(const zones::Name& name) {
    return {PatternKind::Exactly, name.lower()};
}

std::optional<TwinNames> names_of(const store::Identity& identity,
                                  const zones::AddressRules& rules) {
    if (!identity.server || !identity.licence) return std::nullopt;
    const auto names = twin_names(identity.server->label, identity.licence->zone_apex, rules);
    return names ? std::optional(*names) : std::nullopt;
}

void put_names(const zones::NamePattern& pattern, const std::optional<TwinNames>& names,
               std::vector<zones::NamePattern>& owners) {
    if (!pattern.is_of_server()) return owners.push_back(pattern);
    if (!names) return;
    const bool is_challenge = pattern.kind == PatternKind::ServerChallenges;
    for (const zones::Name& each : {names->public_name, names->internal_name})
        owners.push_back(exactly(is_challenge ? challenge_name(each) : each));
}

}  // namespace

std::vector<zones::Grant> server_grants(const zones::Name& apex) {
    zones::Grant addresses;
    addresses.zone = apex;
    addresses.names = {{PatternKind::ServerNames, {}}};
    addresses.types = {zones::RType::A, zones::RType::AAAA};
    addresses.operations.add(zones::Operation::Read);
    addresses.operations.add(zones::Operation::Update);
    zones::Grant challenges = addresses;
    challenges.names = {{PatternKind::ServerChallenges, {}}};
    challenges.types = {zones::RType::TXT};
    challenges.values = zones::ValueRule::Challenge;
    return {std::move(addresses), std::move(challenges)};
}

std::vector<zones::Grant> with_names_of(std::vector<zones::Grant> grants,
                                        const std::optional<TwinNames>& names) {
    std::vector<zones::Grant> known;
    for (zones::Grant& grant : grants) {
        std::vector<zones::NamePattern> owners;
        for (const zones::NamePattern& each : grant.names)
            put_names(each, names, owners);
        // Without owners a grant is for all of them.
        if (owners.empty() && !grant.names.empty()) continue;
        grant.names = std::move(owners);
        known.push_back(std::move(grant));
    }
    return known;
}

Result<std::vector<zones::Grant>, Problem> effective_grants(store::Queries& queries,
                                                            const store::Identity& identity,
                                                            const zones::AddressRules& rules) {
    if (identity.credential.kind == store::CredentialKind::Operator)
        return std::vector{everything()};
    if (identity.credential.kind == store::CredentialKind::Server) {
        if (!identity.licence) return std::vector<zones::Grant>();
        return with_names_of(server_grants(identity.licence->zone_apex), names_of(identity, rules));
    }
    auto grants = TRY(store::grants_of(queries.database(), identity.credential.id));
    const bool is_owned = identity.credential.server_id || !identity.credential.licence.empty();
    if (is_owned)
        std::erase_if(grants, [&](const zones::Grant& each) {
            return !identity.licence || !each.zone || !(*each.zone == identity.licence->zone_apex);
        });
    return with_names_of(std::move(grants), names_of(identity, rules));
}

Result<std::string, Problem> judge(store::Queries& queries, const store::Identity& identity,
                                   const zones::PermissionQuestion& question, WallTime now,
                                   const zones::AddressRules& rules) {
    TRY(check_standing(identity, now));
    TRY(check_source(identity.credential, question.source));
    const auto grants = TRY(effective_grants(queries, identity, rules));
    auto decision = zones::decide(grants, question);
    if (!decision.is_allowed)
        return fail(Problem(ProblemType::Forbidden, std::move(decision.rule)));
    return std::move(decision.rule);
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
