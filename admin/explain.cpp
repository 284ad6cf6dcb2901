// Would this be allowed, by which rule, and what would change: POST /v1/credentials/explain.
//
// The plan that is shown is the one that a door would make (edit_plan.hpp), over what is published
// now; nothing is written.

#include <utility>

#include "admin/credential_check.hpp"
#include "admin/credential_lookup.hpp"
#include "admin/edit_plan.hpp"
#include "admin/handlers.hpp"
#include "admin/history_json.hpp"
#include "admin/names.hpp"
#include "admin/rrset_json.hpp"
#include "zones/edit.hpp"
#include "zones/presentation.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kMaxExplained = 1'000;

/// What is asked about.
struct Supposition {
    std::string credential;
    std::string server;  // "acme/nur1", in place of a credential: its token or its key.
    zones::Name apex;
    zones::Operation operation = zones::Operation::Update;
    IpAddress source;
    std::optional<zones::Name> owner;  // To read.
    std::optional<zones::RType> type;
    std::vector<zones::Edit> edits;
};

void read_subject(ObjectReader& body, Supposition& wanted) {
    const JsonValue* id = body.any("credential");
    if (id != nullptr) {
        const auto* number = std::get_if<std::int64_t>(&id->is);
        wanted.credential = number != nullptr ? std::to_string(*number)
                                              : body.text("credential", 1'024).value_or("");
    }
    wanted.server = body.text("server").value_or("");
    if ((id == nullptr) == wanted.server.empty())
        body.refuse("credential",
                    "or \"server\" must say who asks: an id or key, or \"licence/label\"");
}

void read_edits(ObjectReader& body, Supposition& wanted, zones::Ttl ttl,
                std::vector<FieldError>& errors) {
    const JsonValue* list = body.any("rrsets");
    if (list == nullptr) return;
    const auto* rrsets = std::get_if<JsonArray>(&list->is);
    if (rrsets == nullptr || rrsets->size() > kMaxExplained)
        return body.refuse(
            "rrsets", "must be a list of at most " + std::to_string(kMaxExplained) + " RRsets");
    for (std::size_t at = 0; at < rrsets->size(); ++at)
        wanted.edits.push_back(read_rrset_edit((*rrsets)[at], "/rrsets/" + std::to_string(at),
                                               wanted.apex, ttl, errors));
}

void read_place(ObjectReader& body, Supposition& wanted) {
    body.require("zone");
    if (const auto text = body.text("zone", 1'024)) {
        const auto apex = parse_apex(*text);
        if (apex) wanted.apex = *apex;
        if (!apex) body.refuse("zone", apex.error());
    }
    if (const auto text = body.text("operation")) {
        const auto operation = zones::operation_from_text(*text);
        if (operation) wanted.operation = *operation;
        if (!operation) body.refuse("operation", "must be read, update or transfer");
    }
    if (const auto text = body.text("source")) {
        const auto source = IpAddress::parse(*text);
        if (source) wanted.source = *source;
        if (!source) body.refuse("source", "is not an address");
    }
    if (const auto text = body.text("owner", 1'024)) {
        const auto owner = parse_owner(*text, wanted.apex);
        if (owner) wanted.owner = *owner;
        if (!owner) body.refuse("owner", owner.error());
    }
    if (const auto text = body.text("type")) {
        wanted.type = zones::type_from_text(*text);
        if (!wanted.type) body.refuse("type", "is not an RR type");
    }
}

Result<store::Identity, Problem> find_subject(store::Queries& queries, const Supposition& wanted) {
    std::int64_t id = 0;
    if (wanted.server.empty()) {
        id = TRY(find_credential(queries, wanted.credential)).id;
    } else {
        const std::size_t slash = wanted.server.find('/');
        const std::string label =
            slash == std::string::npos ? std::string() : wanted.server.substr(slash + 1);
        const auto server = TRY(queries.server(wanted.server.substr(0, slash), label));
        if (!server) return fail(not_found("server \"" + wanted.server + "\""));
        for (const auto& each : TRY(queries.credentials_of_server(server->id)))
            if (each.kind == store::CredentialKind::Server) id = each.id;
    }
    auto identity = TRY(queries.identity(id));
    if (!identity) return fail(not_found("credential of \"" + wanted.server + "\""));
    return *std::move(identity);
}

void write_changes(JsonWriter& json, const std::vector<zones::RRsetDifference>& differences) {
    json.key("changes").begin_array();
    for (const zones::RRsetDifference& each : differences) {
        if (each.type == zones::RType::SOA) continue;  // Its serial: each change moves it.
        write_difference(json, each);
    }
    json.end_array();
}

net::Response explanation(bool is_allowed, const std::string& rule,
                          const std::vector<zones::RRsetDifference>& differences = {}) {
    JsonWriter json;
    json.begin_object();
    json.member("allowed", is_allowed);
    json.member("rule", rule);
    write_changes(json, differences);
    json.end_object();
    return json_response(200, json);
}

net::Response explain_update(Api& api, const Supposition& wanted, const store::Identity& identity) {
    const ApiOptions& options = api.context().options;
    const auto table = api.zones();
    const auto scene = EditScene::of(options, api.queries(), *table, api.now());
    EditRequest request{identity.credential.id, wanted.source, {}};
    request.change.apex = wanted.apex;
    request.change.edits = wanted.edits;
    const auto plan = plan_edits(scene, request);
    if (!plan) return explanation(false, plan.error().detail);
    zones::EditRules rules;
    rules.addresses = options.addresses;
    zones::EditMoment moment;
    moment.unix_seconds = to_unix_seconds(api.now());
    const auto edited = zones::apply(table->share(wanted.apex), plan->change, moment, rules);
    if (!edited)
        return explanation(false,
                           "refused: " + edited.error().subject + ": " + edited.error().cause);
    return explanation(true, plan->rule, edited->difference.rrsets);
}

/// What needs no plan: to read, to transfer.
Result<net::Response, Problem> explain_question(Api& api, const Supposition& wanted,
                                                const store::Identity& identity) {
    if (const auto fits = check_standing(identity, api.now()); !fits)
        return explanation(false, "refused: " + fits.error().detail);
    if (const auto fits = check_source(identity.credential, wanted.source); !fits)
        return explanation(false, fits.error().detail);
    zones::PermissionQuestion question;
    question.operation = wanted.operation;
    question.apex = wanted.apex;
    question.owner = wanted.owner.value_or(wanted.apex);
    question.type = wanted.type;
    question.is_whole_zone = !wanted.owner;
    question.source = wanted.source;
    const auto grants =
        TRY(effective_grants(api.queries(), identity, api.context().options.addresses));
    const auto decision = zones::decide(grants, question);
    return explanation(decision.is_allowed, decision.rule);
}

}  // namespace

Result<net::Response, Problem> post_explanation(Api& api, const Call& call) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    Supposition wanted;
    wanted.source = call.request.peer.unmapped();
    read_subject(body, wanted);
    read_place(body, wanted);
    read_edits(body, wanted, api.context().options.ttl, errors);
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    const auto identity = TRY(find_subject(api.queries(), wanted));
    if (wanted.operation != zones::Operation::Update)
        return explain_question(api, wanted, identity);
    return explain_update(api, wanted, identity);
}

}  // namespace hairpin::admin
