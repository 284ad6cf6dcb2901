// Credentials that operators make: POST, GET, PATCH, DELETE /v1/credentials.., rotation.

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "admin/conditions.hpp"
#include "admin/credential_json.hpp"
#include "admin/credential_lookup.hpp"
#include "admin/credential_roles.hpp"
#include "admin/handlers.hpp"
#include "admin/names.hpp"
#include "admin/paging.hpp"
#include "admin/tsig_keys.hpp"
#include "store/grant_rows.hpp"

namespace hairpin::admin {
namespace {

constexpr std::int64_t kMaxOperatorsCredentials = 10'000;
constexpr std::int64_t kMaxCredentialsOfLicence = 40'000;
constexpr std::int64_t kLongestRotation = 30 * 24 * 3600;  // Seconds.

/// A credential with all that is shown of it.
struct Shown {
    store::CredentialRow row;
    CredentialOwner owner;
    std::vector<zones::Grant> grants;

    /// Of what does not change by being used; grants end with their zones.
    [[nodiscard]] std::string etag() const {
        Shown still = *this;
        still.row.last_used_at.reset();
        JsonWriter json;
        write_credential(json, still.row, owner, grants, nullptr);
        return content_etag(sha256(as_octets(json.take())));
    }
    [[nodiscard]] net::Response answer(int status, const std::string* secret) const {
        JsonWriter json;
        write_credential(json, row, owner, grants, secret);
        net::Response response = json_response(status, json);
        response.headers.push_back({"etag", etag()});
        if (status == 201)
            response.headers.push_back({"location", "/v1/credentials/" + std::to_string(row.id)});
        return response;
    }
};

Result<Shown, Problem> shown_credential(store::Queries& queries, store::CredentialRow row) {
    Shown shown;
    if (row.server_id) {
        if (const auto server = TRY(queries.server(*row.server_id)))
            shown.owner = {server->licence, server->label};
    } else {
        shown.owner.licence = row.licence;
    }
    shown.grants = TRY(store::grants_of(queries.database(), row.id));
    shown.row = std::move(row);
    return shown;
}

Result<Shown, Problem> find_shown(store::Queries& queries, const std::string& wanted) {
    auto row = TRY(find_credential(queries, wanted));
    return shown_credential(queries, std::move(row));
}

/// What the owner of a new credential means for it: whose row it is, what a role stands for.
struct OwnerFacts {
    std::optional<RoleScope> scope;  // None: the operator's, without a zone.
};

Result<OwnerFacts, Problem> find_owner(store::Writer& writer, WantedCredential& wanted) {
    OwnerFacts facts;
    if (wanted.owner.licence.empty()) {
        if (wanted.role_zone) facts.scope = RoleScope{*wanted.role_zone};
        return facts;
    }
    const auto licence = TRY(writer.read().licence(wanted.owner.licence));
    if (!licence)
        return fail(invalid_field("/owner/licence",
                                  "there is no licence \"" + wanted.owner.licence + "\""));
    facts.scope = RoleScope{licence->zone_apex};
    if (wanted.owner.server.empty()) {
        wanted.row.licence = licence->name;
        return facts;
    }
    const auto server = TRY(writer.read().server(licence->name, wanted.owner.server));
    if (!server)
        return fail(invalid_field(
            "/owner/server",
            "licence \"" + licence->name + "\" has no server \"" + wanted.owner.server + "\""));
    wanted.row.server_id = server->id;
    facts.scope->is_server = true;
    return facts;
}

Result<void, Problem> check_room(store::Writer& writer, const WantedCredential& wanted) {
    const std::string& licence = wanted.owner.licence;
    const std::int64_t most = licence.empty() ? kMaxOperatorsCredentials : kMaxCredentialsOfLicence;
    const std::int64_t there = licence.empty()
                                   ? TRY(writer.read().count_operators_credentials())
                                   : TRY(writer.read().count_credentials_of_licence(licence));
    if (there < most) return {};
    return fail(Problem(ProblemType::TooLarge,
                        "there are " + std::to_string(most) + " credentials already"));
}

/// What grants may name: zones that are there, and of a licence's credentials the licence's alone.
Result<void, Problem> check_grants(store::Writer& writer, const OwnerFacts& owner, bool is_owned,
                                   const std::vector<zones::Grant>& grants) {
    const auto is_of_server = [](const zones::NamePattern& each) { return each.is_of_server(); };
    for (const zones::Grant& each : grants) {
        const bool needs_server = std::any_of(each.names.begin(), each.names.end(), is_of_server);
        if (needs_server && !(owner.scope && owner.scope->is_server))
            return fail(invalid_field("/allow", "names a server's names, and the owner is none"));
        if (is_owned && (!each.zone || !(*each.zone == owner.scope->zone)))
            return fail(invalid_field("/allow", "reaches beyond " + owner.scope->zone.text() +
                                                    ", the zone of the owner's licence"));
        if (each.zone && writer.zones().find(*each.zone) == nullptr)
            return fail(invalid_field(
                "/allow", "names zone " + each.zone->text() + ", and there is no such zone"));
    }
    return {};
}

/// On the commit thread.
Result<void, Problem> insert_wanted(store::Writer& writer, WantedCredential& wanted) {
    const OwnerFacts owner = TRY(find_owner(writer, wanted));
    if (!wanted.role.empty()) {
        if (!owner.scope) return fail(invalid_field("/role", "needs an owner, or a \"zone\""));
        auto grants = grants_of_role(wanted.role, *owner.scope);
        if (!grants) return fail(invalid_field("/role", grants.error()));
        wanted.grants = *std::move(grants);
    }
    TRY(check_grants(writer, owner, !wanted.owner.licence.empty(), wanted.grants));
    TRY(check_room(writer, wanted));
    if (wanted.row.kind == store::CredentialKind::Tsig &&
        TRY(writer.read().credential_by_tsig_name(wanted.row.tsig_name)))
        return fail(Problem(ProblemType::Conflict,
                            "a TSIG key " + wanted.row.tsig_name + " exists already"));
    wanted.row.created_at = writer.now();
    wanted.row.id = TRY(writer.insert_credential(wanted.row));
    TRY(store::put_grants(writer, wanted.row.id, wanted.grants));
    return {};
}

void seal_tsig(WantedCredential& wanted, const Sealer& sealer) {
    if (wanted.row.kind == store::CredentialKind::Tsig)
        wanted.row.tsig_sealed =
            sealer.seal(wanted.tsig_secret, tsig_seal_context(wanted.row.token_hash));
}

}  // namespace

Result<store::CredentialRow, Problem> find_credential(store::Queries& queries,
                                                      const std::string& wanted) {
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), id);
    std::optional<store::CredentialRow> row;
    if (error == std::errc() && end == wanted.data() + wanted.size())
        row = TRY(queries.credential(id));
    else if (const auto name = parse_apex(wanted))
        row = TRY(queries.credential_by_tsig_name(name->text()));
    const bool is_ours = row && row->kind != store::CredentialKind::Operator &&
                         row->kind != store::CredentialKind::Server;
    if (!is_ours) return fail(not_found("credential \"" + wanted + "\""));
    return *std::move(row);
}

Result<Write, Problem> post_credential(Api& api, const Call& call) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    auto wanted = std::make_shared<WantedCredential>(read_wanted_credential(body, errors));
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    make_secret(*wanted);
    seal_tsig(*wanted, api.context().sealer);

    Write write;
    write.audit = {"credential.create",
                   wanted->row.kind == store::CredentialKind::Tsig
                       ? wanted->row.tsig_name
                       : std::string(store::to_string(wanted->row.kind)) + " " + wanted->row.label};
    write.rows = [wanted](store::Writer& writer, zones::Change&) {
        return insert_wanted(writer, *wanted);
    };
    write.answer = [wanted](const store::WorkReceipt&) {
        return Shown{wanted->row, wanted->owner, wanted->grants}.answer(201, &wanted->secret);
    };
    return write;
}

Result<net::Response, Problem> list_credentials(Api& api, const Call& call) {
    const Page page = TRY(Page::of(call.request));
    const std::int64_t after = TRY(page.after_number());
    const auto licence = call.request.query_parameter("licence");
    const auto rows =
        licence ? TRY(api.queries().credentials_of_licence(*licence, page.wanted(), after))
                : TRY(api.queries().granted_credentials(page.wanted(), after));
    const std::size_t count = std::min(rows.size(), page.limit);
    JsonWriter json;
    json.begin_object().key("credentials").begin_array();
    for (std::size_t at = 0; at < count; ++at) {
        const Shown shown = TRY(shown_credential(api.queries(), rows[at]));
        write_credential(json, shown.row, shown.owner, shown.grants, nullptr);
    }
    json.end_array();
    write_next(json, rows.size() > count, count == 0 ? "" : std::to_string(rows[count - 1].id));
    json.end_object();
    return json_response(200, json);
}

Result<net::Response, Problem> get_credential(Api& api, const Call& call) {
    const Shown shown = TRY(find_shown(api.queries(), call.arguments[0]));
    const std::string etag = shown.etag();
    if (none_match_names(call.request, etag)) return net::Response{304, {{"etag", etag}}, {}};
    return shown.answer(200, nullptr);
}

Result<Write, Problem> patch_credential(Api&, const Call& call) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    const auto label = body.text("label");
    const auto expires = body.time_or_null("expires");
    const auto sources = read_sources(body);
    const auto allow = read_allow(body, errors);
    const auto per_minute = body.number("per_minute", 1, kMostWritesPerMinute);
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));

    auto shown = std::make_shared<Shown>();
    Write write;
    write.audit = {"credential.patch", call.arguments[0]};
    write.rows = [=, wanted = call.arguments[0], conditions = WriteConditions::of(call.request)](
                     store::Writer& writer, zones::Change&) -> Result<void, Problem> {
        *shown = TRY(find_shown(writer.read(), wanted));
        TRY(conditions.check(shown->etag()));
        store::CredentialRow& row = shown->row;
        if (label) row.label = *label;
        if (expires) row.expires_at = *expires;
        if (sources) row.sources = *sources;
        if (per_minute) row.per_minute = *per_minute;
        TRY(writer.update_credential(row));
        if (!allow) return {};
        OwnerFacts owner;
        const bool is_owned = !shown->owner.licence.empty();
        if (is_owned) {
            const auto licence = TRY(writer.read().licence(shown->owner.licence));
            if (!licence) return fail(not_found("licence \"" + shown->owner.licence + "\""));
            owner.scope = RoleScope{licence->zone_apex, !shown->owner.server.empty()};
        }
        TRY(check_grants(writer, owner, is_owned, *allow));
        shown->grants = *allow;
        TRY(store::put_grants(writer, row.id, *allow));
        return {};
    };
    write.answer = [shown](const store::WorkReceipt&) { return shown->answer(200, nullptr); };
    return write;
}

Result<Write, Problem> post_credential_rotation(Api& api, const Call& call) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    const std::int64_t overlap = body.number("overlap", 0, kLongestRotation).value_or(0);
    const auto text = body.text("name", 1'024);
    std::optional<zones::Name> name;
    if (text) {
        const auto parsed = parse_apex(*text);
        if (!parsed) body.refuse("name", parsed.error());
        if (parsed) name = *parsed;
    }
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));

    auto wanted = std::make_shared<WantedCredential>();
    Write write;
    write.audit = {"credential.rotate", call.arguments[0]};
    write.rows = [=, id = call.arguments[0], &sealer = api.context().sealer](
                     store::Writer& writer, zones::Change&) -> Result<void, Problem> {
        const Shown old = TRY(find_shown(writer.read(), id));
        *wanted = WantedCredential{old.row, old.owner, {}, {}, old.grants, {}, {}};
        const bool is_key = old.row.kind == store::CredentialKind::Tsig;
        if (is_key && !name)
            return fail(
                invalid_field("/name", "is missing: two TSIG keys that overlap need two names"));
        if (!is_key && name) return fail(invalid_field("/name", "is for TSIG keys"));
        if (name) wanted->row.tsig_name = name->text();
        if (is_key && TRY(writer.read().credential_by_tsig_name(wanted->row.tsig_name)))
            return fail(Problem(ProblemType::Conflict,
                                "a TSIG key " + wanted->row.tsig_name + " exists already"));
        make_secret(*wanted);
        seal_tsig(*wanted, sealer);
        wanted->row.created_at = writer.now();
        wanted->row.last_used_at.reset();
        wanted->row.id = TRY(writer.insert_credential(wanted->row));
        TRY(store::put_grants(writer, wanted->row.id, wanted->grants));
        TRY(writer.tell_rotated(old.row, wanted->row.id, writer.now() + Seconds(overlap)));
        if (overlap == 0) {
            TRY(store::erase_granted_credential(writer, old.row.id));
            return {};
        }
        store::CredentialRow ending = old.row;
        const WallTime end = writer.now() + Seconds(overlap);
        if (!ending.expires_at || end < *ending.expires_at) ending.expires_at = end;
        TRY(writer.update_credential(ending));
        return {};
    };
    write.answer = [wanted](const store::WorkReceipt&) {
        return Shown{wanted->row, wanted->owner, wanted->grants}.answer(201, &wanted->secret);
    };
    return write;
}

Result<Write, Problem> delete_credential(Api&, const Call& call) {
    Write write;
    write.audit = {"credential.delete", call.arguments[0]};
    write.rows = [wanted = call.arguments[0], conditions = WriteConditions::of(call.request)](
                     store::Writer& writer, zones::Change&) -> Result<void, Problem> {
        const Shown shown = TRY(find_shown(writer.read(), wanted));
        TRY(conditions.check(shown.etag()));
        TRY(store::erase_granted_credential(writer, shown.row.id));
        return {};
    };
    write.answer = [](const store::WorkReceipt&) { return no_content(); };
    return write;
}

}  // namespace hairpin::admin
