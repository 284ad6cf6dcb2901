// Would this be allowed, by which rule, and what would change: POST /v1/credentials/explain.
//
// The plan that is shown is the one that a door would make (edit_plan.hpp), over what is published
// now; nothing is written.

#include "admin/explain.hpp"

#include <algorithm>
#include <utility>

#include "admin/credential_check.hpp"
#include "admin/credential_lookup.hpp"
#include "admin/handlers.hpp"
#include "admin/history_json.hpp"
#include "admin/names.hpp"
#include "admin/rrset_json.hpp"
#include "zones/presentation.hpp"

namespace hairpin::admin {
namespace {

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
                                               wanted.apex(), ttl, errors));
}

void read_place(ObjectReader& body, Supposition& wanted) {
    if (const auto text = body.text("zone", 1'024)) {
        const auto apex = parse_apex(*text);
        if (apex) wanted.zone = *apex;
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
        const auto owner = parse_owner(*text, wanted.apex());
        if (owner) wanted.owner = *owner;
        if (!owner) body.refuse("owner", owner.error());
    }
    if (const auto text = body.text("type")) {
        wanted.type = zones::type_from_text(*text);
        if (!wanted.type) body.refuse("type", "is not an RR type");
    }
}

/// Which door, and what its client would send. Null: none.
const ExplainedDoor* read_door(ObjectReader& body, Supposition& wanted) {
    const auto doors = explained_doors();
    const ExplainedDoor* door = nullptr;
    wanted.request = body.any("request");
    if (const auto name = body.text("door")) {
        const auto found = std::find_if(doors.begin(), doors.end(),
                                        [&](const auto& each) { return each.name == *name; });
        std::string names;
        for (const ExplainedDoor& each : doors)
            names.append(names.empty() ? "" : ", ").append(each.name);
        if (found == doors.end()) body.refuse("door", "must be one of " + names);
        if (found != doors.end()) door = &*found;
        wanted.door = *name;
    } else if (wanted.request != nullptr) {
        body.refuse("request", "is what the client of a \"door\" would send");
    }
    if (wanted.door.empty() || (door != nullptr && door->needs_zone)) body.require("zone");
    return door;
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

void write_answer(JsonWriter& json, const DoorAnswer& answer) {
    json.key("answer").begin_object();
    if (answer.status) json.member("status", *answer.status).member("body", answer.body);
    if (!answer.rcode.empty()) json.member("rcode", answer.rcode);
    if (!answer.datagram.empty()) json.member("datagram", answer.datagram);
    json.end_object();
}

net::Response explanation_response(const Explanation& explanation) {
    JsonWriter json;
    json.begin_object();
    json.member("allowed", explanation.is_allowed);
    json.member("rule", explanation.rule);
    write_changes(json, explanation.differences);
    if (explanation.answer) write_answer(json, *explanation.answer);
    json.end_object();
    return json_response(200, json);
}

/// What needs no plan: to read, to transfer, by the grants.
Explanation explain_question(Api& api, const Supposition& wanted, const store::Identity& identity) {
    zones::PermissionQuestion question;
    question.operation = wanted.operation;
    question.apex = wanted.apex();
    question.owner = wanted.owner.value_or(wanted.apex());
    question.type = wanted.type;
    question.is_whole_zone = !wanted.owner;
    question.source = wanted.source;
    auto rule =
        judge(api.queries(), identity, question, api.now(), api.context().options.addresses);
    if (!rule) return {false, std::move(rule).error().detail};
    return {true, *std::move(rule)};
}

}  // namespace

Explanation explanation_of(const Result<TriedEdits, DoorRefusal>& tried) {
    if (!tried) return {false, sentence_of(tried.error())};
    return {true, tried->plan.rule, tried->edited.difference.rrsets};
}

Explanation explain_edits(Api& api, const Supposition& wanted, const store::Identity& caller) {
    EditRequest request{caller.credential.id, wanted.source, {}};
    request.change.apex = wanted.apex();
    request.change.edits = wanted.edits;
    return explanation_of(try_edits(api, request));
}

Result<net::Response, Problem> post_explanation(Api& api, const Call& call) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    Supposition wanted;
    wanted.source = call.request.peer.unmapped();
    read_subject(body, wanted);
    read_place(body, wanted);
    const ExplainedDoor* door = read_door(body, wanted);
    read_edits(body, wanted, api.context().options.ttl, errors);
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    auto identity = TRY(find_subject(api.queries(), wanted));
    if (door != nullptr)
        return explanation_response(TRY(door->explain(api, wanted, std::move(identity))));
    if (wanted.operation != zones::Operation::Update)
        return explanation_response(explain_question(api, wanted, identity));
    return explanation_response(explain_edits(api, wanted, identity));
}

}  // namespace hairpin::admin
