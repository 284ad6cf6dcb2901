#include "admin/acme_dns_account.hpp"

#include <algorithm>
#include <utility>

#include "admin/edit_plan.hpp"
#include "admin/handlers.hpp"
#include "admin/names.hpp"
#include "admin/tokens.hpp"
#include "admin/zone_content.hpp"
#include "core/crypto.hpp"
#include "store/grant_rows.hpp"

namespace hairpin::admin {
namespace {

constexpr std::string_view kAccountsLabel = "_acme-dns";
constexpr std::int64_t kMaxAccounts = 10'000;  // With all other credentials of that owner.

/// The zone in which a registrar's accounts are made.
std::optional<zones::Name> account_zone(const store::Identity& registrar,
                                        std::span<const zones::Grant> grants) {
    if (registrar.licence) return registrar.licence->zone_apex;
    std::optional<zones::Name> only;
    for (const zones::Grant& each : grants) {
        if (!each.zone || (only && !(*only == *each.zone))) return std::nullopt;
        only = each.zone;
    }
    return only;
}

zones::Grant account_grant(const zones::Name& apex, const zones::Name& owner) {
    zones::Grant grant;
    grant.zone = apex;
    grant.names = {{zones::NamePattern::Kind::Exactly, owner.lower()}};
    grant.types = {zones::RType::TXT};
    grant.operations.add(zones::Operation::Read);
    grant.operations.add(zones::Operation::Update);
    grant.values = zones::ValueRule::Challenge;
    return grant;
}

/// Whether the registrar could write there what it lets the account write.
zones::Decision may_register(std::span<const zones::Grant> grants, const zones::Name& apex,
                             const zones::Name& owner, const IpAddress& source) {
    const std::vector<Octets> sample{challenge_rdata(std::string(43, 'A'))};
    zones::PermissionQuestion question;
    question.apex = apex;
    question.owner = owner;
    question.type = zones::RType::TXT;
    question.written = sample;
    question.source = source;
    return zones::decide(grants, question);
}

Result<void, Problem> check_room_for(store::Writer& writer, const std::string& licence) {
    const std::int64_t there = licence.empty()
                                   ? TRY(writer.read().count_operators_credentials())
                                   : TRY(writer.read().count_credentials_of_licence(licence));
    if (there < kMaxAccounts) return {};
    return fail(Problem(ProblemType::TooLarge, "there are too many credentials already"));
}

}  // namespace

AcmeDnsNames challenge_names_of(const store::Identity& account,
                                std::span<const zones::Grant> grants, std::string_view subdomain) {
    AcmeDnsNames names;
    const bool is_server = account.credential.kind == store::CredentialKind::Server;
    const auto twin = is_server ? zones::Name::parse(subdomain) : zones::Name();
    if (!twin) return names;
    for (const zones::Grant& grant : grants) {
        if (!grant.zone || !grant.operations.has(zones::Operation::Update)) continue;
        for (const zones::NamePattern& each : grant.names) {
            if (each.kind != zones::NamePattern::Kind::Exactly || !is_challenge_name(each.name))
                continue;
            if (is_server && !(each.name.without_labels(1) == *twin)) continue;
            if (names.owners.empty()) names.apex = *grant.zone;
            if (names.apex == *grant.zone) names.owners.push_back(each.name);
        }
    }
    return names;
}

bool is_same_account(std::string_view user, std::string_view subdomain) {
    const auto one = zones::Name::parse(user);
    const auto two = zones::Name::parse(subdomain);
    return one && two && !one->is_root() && *one == *two;
}

Octets challenge_rdata(std::string_view value) {
    Octets rdata{static_cast<std::uint8_t>(value.size())};
    const OctetView octets = as_octets(value);
    rdata.insert(rdata.end(), octets.begin(), octets.end());
    return rdata;
}

Result<AcmeDnsAccount, Problem> new_account(const store::Identity& registrar,
                                            std::span<const zones::Grant> grants,
                                            std::vector<Prefix> sources) {
    const auto apex = account_zone(registrar, grants);
    if (!apex)
        return fail(Problem(ProblemType::Forbidden,
                            "refused: the token's grants do not name one zone for accounts"));
    AcmeDnsAccount account;
    account.apex = *apex;
    account.row.kind = store::CredentialKind::AcmeDns;
    account.row.login = random_uuid();
    const std::string owner = "_acme-challenge." + account.row.login + "." +
                              std::string(kAccountsLabel) + "." + apex->text();
    const auto name = zones::Name::parse(owner);
    if (!name) return fail(Problem(ProblemType::Forbidden, "refused: the zone's name is too long"));
    account.fulldomain = *name;
    const auto decision = may_register(grants, *apex, *name, {});
    if (!decision.is_allowed) return fail(Problem(ProblemType::Forbidden, decision.rule));
    account.password = make_token(store::CredentialKind::AcmeDns);
    account.row.token_hash = token_hash(account.password);
    account.row.server_id = registrar.credential.server_id;
    account.row.licence = registrar.credential.licence;
    account.row.expires_at = registrar.credential.expires_at;
    // Never wider than the registrar's own.
    const auto& own = registrar.credential.sources;
    for (const Prefix& each : sources)
        if (!own.empty() && std::none_of(own.begin(), own.end(),
                                         [&](const Prefix& one) { return one.covers(each); }))
            return fail(Problem(ProblemType::Forbidden, "refused: the token may not be used from " +
                                                            each.text() +
                                                            ", and so may no account of it"));
    if (sources.empty()) sources = own;
    account.row.sources = std::move(sources);
    account.row.per_minute = registrar.credential.per_minute;
    account.row.label = "registered over acme-dns";
    return account;
}

Result<void, Problem> insert_account(const ApiContext& context, store::Writer& writer,
                                     const Registrar& registrar, const AcmeDnsAccount& account,
                                     zones::Change& change) {
    const ApiOptions& options = context.options;
    const auto scene = EditScene::of(options, writer.read(), writer.zones(), writer.now());
    // What the account may is judged as its registrar's own edit would be, and not applied.
    zones::Edit sample;
    sample.kind = zones::EditKind::AddRecords;
    sample.owner = account.fulldomain;
    sample.type = zones::RType::TXT;
    sample.rdatas = {challenge_rdata(std::string(43, 'A'))};
    EditRequest request{registrar.credential_id, registrar.source, {}};
    request.change.apex = account.apex;
    request.change.edits = {std::move(sample)};
    const EditPlan plan = TRY(plan_edits(scene, request));
    const std::string licence = plan.identity.licence ? plan.identity.licence->name : "";
    TRY(check_room_for(writer, licence));
    store::CredentialRow row = account.row;
    row.created_at = writer.now();
    const std::int64_t id = TRY(writer.insert_credential(row));
    TRY(store::put_grants(writer, id, {account_grant(account.apex, account.fulldomain)}));
    zones::ZoneChange keeping;
    keeping.apex = account.apex;
    keeping.edits = {challenge_keeper(account.fulldomain)};
    change.zones.push_back(std::move(keeping));
    return {};
}

net::Response account_response(const AcmeDnsAccount& account) {
    std::vector<std::string> sources;
    for (const Prefix& each : account.row.sources)
        sources.push_back(each.text());
    JsonWriter json;
    json.begin_object();
    json.member("username", account.row.login);
    json.member("password", account.password);
    json.member("fulldomain", shown(account.fulldomain));
    json.member("subdomain", account.row.login);
    json.member("allowfrom", sources);
    json.end_object();
    return json_response(201, json);
}

}  // namespace hairpin::admin
