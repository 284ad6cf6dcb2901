// Aliases of a server: GET, PUT, DELETE /v1/licences/{licence}/servers/{server}/aliases..
//
// An alias is a row (store/alias_rows.hpp) and a CNAME to one of the twin names, written and
// removed in one commit. The CNAME is a record of the zone like any other: who may change the zone
// may change it too, and PUT puts it back. A token with grants needs one for the CNAME.

#include <algorithm>
#include <memory>
#include <utility>

#include "admin/granted.hpp"
#include "admin/handlers.hpp"
#include "admin/names.hpp"
#include "admin/zone_content.hpp"
#include "core/log.hpp"
#include "store/acme_rows.hpp"
#include "store/alias_rows.hpp"
#include "zones/update_rules.hpp"

namespace hairpin::admin {
namespace {

struct AliasedServer {
    store::LicenceRow licence;
    store::ServerRow server;
    TwinNames names;

    [[nodiscard]] const zones::Name& apex() const noexcept { return licence.zone_apex; }
    /// What the CNAME of such an alias has as RDATA.
    [[nodiscard]] Octets rdata(store::AliasTarget target) const {
        const auto wire = target == store::AliasTarget::Public ? names.public_name.wire()
                                                               : names.internal_name.wire();
        return {wire.begin(), wire.end()};
    }
};

Result<AliasedServer, Problem> find_aliased(store::Queries& queries, const ApiOptions& options,
                                            const std::vector<std::string>& arguments) {
    auto licence = TRY(queries.licence(arguments[0]));
    if (!licence) return fail(not_found("licence \"" + arguments[0] + "\""));
    auto server = TRY(queries.server(arguments[0], arguments[1]));
    if (!server)
        return fail(not_found("server \"" + arguments[1] + "\" in licence " + arguments[0]));
    auto names = twin_names(server->label, licence->zone_apex, options.addresses);
    if (!names) return fail(Problem(ProblemType::Internal, names.error()));
    return AliasedServer{*std::move(licence), *std::move(server), *std::move(names)};
}

/// A token learns nothing about licences, nor of servers, that it has nothing to do with.
Result<void, Problem> check_alias_caller(Api& api, const Call& call) {
    if (call.caller->credential.kind == store::CredentialKind::Operator) return {};
    const Problem refusal(ProblemType::Forbidden,
                          "refused: no grant is for licence \"" + call.arguments[0] + "\"");
    const auto licence = TRY(api.queries().licence(call.arguments[0]));
    if (!licence || !check_concerned(api, call, licence->zone_apex)) return fail(refusal);
    const auto& own = call.caller->server;
    if (own && (own->licence != call.arguments[0] || own->label != call.arguments[1]))
        return fail(Problem(ProblemType::Forbidden,
                            "refused: this credential is server " + own->label + "'s"));
    return {};
}

/// Whether `label`, right below the apex, is of a server, or of one that there may be.
Result<bool, Problem> is_servers_label(store::Queries& queries, const AliasedServer& at,
                                       const zones::Name& named, const zones::AddressRules& rules) {
    if (rules.role_of(named, at.apex())) return true;
    std::string label(as_text(named.first_label()));
    if (TRY(queries.server(at.licence.name, label)).has_value()) return true;
    if (!label.starts_with(rules.internal_prefix)) return false;
    label.erase(0, rules.internal_prefix.size());
    return TRY(queries.server(at.licence.name, label)).has_value();
}

/// Errors: RuleBroken: the name is a server's, or below one; Conflict: who asks for it there would
/// not be answered by this zone.
Result<void, Problem> check_alias_place(store::Writer& writer, const AliasedServer& at,
                                        const zones::Zone& zone, const zones::Name& alias,
                                        const zones::AddressRules& rules) {
    const std::string said = shown(alias);
    const zones::Zone* closest = writer.zones().closest_enclosing(alias);
    if (closest != &zone)
        return fail(Problem(ProblemType::Conflict,
                            said + " is in the zone " + closest->apex().text() +
                                ", which is served here too: no alias can be made there"));
    for (zones::Name above = alias; !(above == zone.apex()); above = above.without_labels(1)) {
        const bool is_child = above.without_labels(1) == zone.apex();
        if (is_child && TRY(is_servers_label(writer.read(), at, above, rules)))
            return fail(Problem(ProblemType::RuleBroken,
                                above == alias ? said + " is a name for servers: choose another"
                                               : said + " is below " + shown(above) +
                                                     ", which is a name for servers"));
        const zones::Node* node = above == alias ? nullptr : zone.find(above);
        if (node != nullptr && (node->is_delegation_point() || node->has_dname()))
            return fail(Problem(ProblemType::Conflict,
                                said + " is below " + shown(above) +
                                    ", which is delegated or redirected by a DNAME: nobody would "
                                    "be given the CNAME"));
    }
    return {};
}

/// Errors: Conflict: something else stands where the CNAME would.
Result<void, Problem> check_alias_free(const zones::Zone& zone, const zones::Name& alias,
                                       const Octets& rdata, bool is_alias_already) {
    const zones::Node* node = zone.find(alias);
    if (node == nullptr) return {};
    for (const zones::RRsetRef& each : node->rrsets()) {
        if (each->type() != zones::RType::CNAME) {
            if (zones::may_stand_beside_cname(each->type())) continue;
            return fail(Problem(ProblemType::Conflict,
                                shown(alias) +
                                    " has records already, and a CNAME stands alone: remove them, "
                                    "or choose another name"));
        }
        const OctetView there = *each->rdatas().begin();
        if (!is_alias_already &&
            !std::equal(there.begin(), there.end(), rdata.begin(), rdata.end()))
            return fail(Problem(ProblemType::Conflict,
                                shown(alias) +
                                    " is a CNAME to another name already: remove it, or choose "
                                    "another name"));
    }
    return {};
}

/// "cloud" of cloud.pl-acme.example.net.
std::string relative_text(const std::string& name, const zones::Name& apex) {
    return name.substr(0, name.size() - shown(apex).size() - 1);
}

/// Whether the CNAME stands as the alias says.
bool is_published(const zones::Zone* zone, const AliasedServer& at, const store::AliasRow& row) {
    const auto name = zones::Name::parse(row.name);
    const zones::RRset* cname =
        zone == nullptr || !name ? nullptr : zone->find(*name, zones::RType::CNAME);
    if (cname == nullptr) return false;
    const auto target = zones::Name::from_wire(*cname->rdatas().begin());
    return target && *target == (row.target == store::AliasTarget::Public ? at.names.public_name
                                                                          : at.names.internal_name);
}

void write_alias(JsonWriter& json, const AliasedServer& at, const store::AliasRow& row,
                 bool published) {
    json.begin_object();
    json.member("alias", relative_text(row.name, at.apex()));
    json.member("name", row.name);
    json.member("target", store::to_string(row.target));
    json.member("published", published);
    json.member("created", row.created_at);
    json.end_object();
}

/// One write of an alias on its way: what the commit thread leaves for the loop.
struct AliasWrite {
    std::vector<std::string> arguments;  // Licence, server, alias.
    std::optional<GrantedCaller> caller;
    store::AliasRow row;  // Its target is asked for; the rest is found out.
    bool is_new = false;
    std::optional<AliasedServer> at;

    Result<zones::Name, Problem> find(const ApiContext& context, store::Writer& writer,
                                      ProblemType malformed) {
        at = TRY(find_aliased(writer.read(), context.options, arguments));
        auto name = parse_alias(arguments[2], at->apex());
        if (!name) return fail(Problem(malformed, name.error()));
        row.server_id = at->server.id;
        row.name = shown(*name);
        return *name;
    }

    /// Adds the edits, the first one by the caller's permission; the others follow from it.
    Result<void, Problem> edit(const ApiContext& context, store::Writer& writer,
                               zones::Change& change, std::vector<zones::Edit> edits) const {
        zones::ZoneChange here;
        here.apex = at->apex();
        here.edits = {edits.front()};
        change.zones.push_back(std::move(here));
        TRY(admit_granted(context, caller, writer, change));
        auto& made = change.zones.back().edits;
        made.insert(made.end(), std::next(edits.begin()), edits.end());
        return {};
    }

    Result<void, Problem> put(const ApiContext& context, store::Writer& writer,
                              zones::Change& change) {
        const zones::Name name = TRY(find(context, writer, ProblemType::InvalidRequest));
        const zones::Zone* zone = writer.zones().find(at->apex());
        if (zone == nullptr)
            return fail(Problem(ProblemType::Internal, "the licence's zone is not there"));
        TRY(check_alias_place(writer, *at, *zone, name, context.options.addresses));
        const auto before = TRY(store::alias_named(writer.database(), row.name));
        if (before && before->server_id != row.server_id)
            return fail(Problem(ProblemType::Conflict, row.name + " is another server's alias"));
        TRY(check_alias_free(*zone, name, at->rdata(row.target), before.has_value()));
        is_new = !before;
        row.created_at = before ? before->created_at : writer.now();
        TRY(store::put_alias(writer, row));
        zones::Edit cname;
        cname.owner = name;
        cname.type = zones::RType::CNAME;
        cname.ttl = context.options.ttl;
        cname.rdatas = {at->rdata(row.target)};
        std::vector<zones::Edit> edits = {std::move(cname)};
        // Somebody may have led the challenge elsewhere: it is in being too.
        const zones::Name challenge = challenge_name(name);
        if (zone->find(challenge, zones::RType::CNAME) == nullptr)
            edits.push_back(challenge_keeper(challenge));
        return edit(context, writer, change, std::move(edits));
    }

    Result<void, Problem> erase(const ApiContext& context, store::Writer& writer,
                                zones::Change& change) {
        const zones::Name name = TRY(find(context, writer, ProblemType::NotFound));
        const auto there = TRY(store::alias_named(writer.database(), row.name));
        if (!there || there->server_id != row.server_id)
            return fail(not_found("alias \"" + arguments[2].substr(0, 80) + "\" of server " +
                                  at->server.label));
        TRY(store::erase_alias(writer, row.server_id, row.name));
        return edit(context, writer, change, alias_removal(name));
    }
};

/// Whether a certificate with a key of ours is what the server has, or is about to get.
Result<bool> has_managed_key(Api& api, std::int64_t server_id, bool is_settled_enough) {
    store::AcmeQueries queries(api.queries().database());
    const auto live = TRY(queries.live_attempt(server_id));
    if (live) return live->key_origin == store::KeyOrigin::Managed;
    if (!is_settled_enough) return false;
    const auto current = TRY(queries.current_certificate(server_id, api.now()));
    return current && current->key_origin == store::KeyOrigin::Managed;
}

/// Where the key is ours a certificate for the names as they are now can be asked for at once. The
/// owner of any other key has to send a CSR with the new name.
void ask_for_certificate(Api& api, Exchange& exchange, std::int64_t server_id, bool is_added) {
    CertificateDesk* desk = api.context().certificates;
    if (desk == nullptr) return;
    // What is settled and names one that was removed is renewed without it, when that is due.
    const auto is_ours = has_managed_key(api, server_id, is_added);
    if (!is_ours || !*is_ours) return;
    desk->request(server_id, acme::ManagedKey{},
                  actor_of(*exchange.call.caller, exchange.call.request.peer, "rest"),
                  [server_id](const Result<acme::CertificateState>& state) {
                      // Its renewal, or the next request of the server, takes the names as they
                      // are.
                      if (!state)
                          log::logger("admin").debug(
                              "server {}: no certificate was asked for after its aliases changed: "
                              "{}",
                              server_id, state.error().text());
                  });
}

std::string alias_subject(const Call& call) {
    return call.arguments[0] + "/" + call.arguments[1] + "/" + call.arguments[2];
}

}  // namespace

Result<net::Response, Problem> list_aliases(Api& api, const Call& call) {
    TRY(check_alias_caller(api, call));
    const auto at = TRY(find_aliased(api.queries(), api.context().options, call.arguments));
    const auto rows = TRY(store::aliases_of(api.queries().database(), at.server.id));
    const auto table = api.zones();
    const zones::Zone* zone = table->find(at.apex());
    JsonWriter json;
    json.begin_object().key("aliases").begin_array();
    for (const store::AliasRow& each : rows) {
        const auto name = zones::Name::parse(each.name);
        if (!name || !check_readable(api, call, at.apex(), *name, zones::RType::CNAME)) continue;
        write_alias(json, at, each, is_published(zone, at, each));
    }
    json.end_array().end_object();
    return json_response(200, json);
}

Result<Write, Problem> put_alias(Api& api, const Call& call) {
    TRY(check_rate(api, call));
    if (auto may = check_alias_caller(api, call); !may)
        return refused_write({"alias.put", alias_subject(call)}, std::move(may).error());
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    auto made = std::make_shared<AliasWrite>();
    const auto target = body.text("target");
    if (target && *target != "public" && *target != "internal")
        body.refuse("target", "must be public or internal");
    if (target == "internal") made->row.target = store::AliasTarget::Internal;
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    made->arguments = call.arguments;
    made->caller = granted_caller(call);

    Write write;
    write.audit = {"alias.put", alias_subject(call)};
    write.rows = [made, &context = api.context()](store::Writer& writer, zones::Change& change) {
        return made->put(context, writer, change);
    };
    write.answer = [made](const store::WorkReceipt&) {
        JsonWriter json;
        write_alias(json, *made->at, made->row, true);
        return json_response(made->is_new ? 201 : 200, json);
    };
    write.then = [made](Api& home, Exchange& exchange) {
        if (made->is_new) ask_for_certificate(home, exchange, made->row.server_id, true);
    };
    return write;
}

Result<Write, Problem> delete_alias(Api& api, const Call& call) {
    TRY(check_rate(api, call));
    if (auto may = check_alias_caller(api, call); !may)
        return refused_write({"alias.delete", alias_subject(call)}, std::move(may).error());
    auto made = std::make_shared<AliasWrite>();
    made->arguments = call.arguments;
    made->caller = granted_caller(call);
    Write write;
    write.audit = {"alias.delete", alias_subject(call)};
    write.rows = [made, &context = api.context()](store::Writer& writer, zones::Change& change) {
        return made->erase(context, writer, change);
    };
    write.answer = [](const store::WorkReceipt&) { return no_content(); };
    write.then = [made](Api& home, Exchange& exchange) {
        ask_for_certificate(home, exchange, made->row.server_id, false);
    };
    return write;
}

}  // namespace hairpin::admin
