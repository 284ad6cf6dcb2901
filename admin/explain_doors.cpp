// The doors of stock clients over HTTP, and the API's own: what each would say to a request, said
// by the door itself in a rehearsal.

#include <array>
#include <utility>
#include <variant>

#include "admin/authentication.hpp"
#include "admin/door_counters.hpp"
#include "admin/explain.hpp"
#include "admin/names.hpp"
#include "admin/rrset_json.hpp"
#include "core/crypto.hpp"
#include "core/octets.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

/// Takes the place of the secret, which nobody knows. It opens nothing.
constexpr const char* kNoSecret = "rehearsal";

/// One request, as the client would send it.
struct DoorCall {
    Method method = Method::Post;
    std::string target;
    std::string body = {};
    std::vector<net::Header> headers = {};
};

Problem wrong_request(std::string detail) {
    return invalid_field("/request", std::move(detail));
}

/// Sends it to its door, and waits for nothing: a rehearsal is answered at once.
Result<Explanation, Problem> rehearse(Api& api, const Supposition& wanted, store::Identity caller,
                                      DoorCall sent) {
    net::Request request;
    request.method = sent.method;
    request.method_text = net::to_string(sent.method);
    if (!net::set_target(request, sent.target))
        return fail(wrong_request("cannot stand in a request of HTTP"));
    request.headers = std::move(sent.headers);
    request.body = std::move(sent.body);
    request.peer = wanted.source;
    RouteMatch match = TRY(find_route(routes(), request.method, request.path));
    const auto* handler = std::get_if<LaterHandler>(&match.route->handler);
    if (handler == nullptr) return fail(wrong_request("is not for a door"));
    auto rehearsal = std::make_shared<Rehearsal>();
    rehearsal->caller = std::move(caller);
    Call call{std::move(request), match.route, std::move(match.arguments), {}, {}};
    (*handler)(api, std::make_shared<Exchange>(
                        Exchange{std::move(call), net::Responder(api.loop(), {}, 0), rehearsal}));
    if (!rehearsal->response)
        return fail(Problem(ProblemType::Internal, "the door did not answer"));
    Explanation said{rehearsal->is_allowed, std::move(rehearsal->rule),
                     std::move(rehearsal->differences)};
    if (said.rule.empty()) said.rule = "allowed: nothing would change";
    said.answer = DoorAnswer{rehearsal->response->status, rehearsal->response->body, {}, {}};
    return said;
}

/// RFC 3986 section 2.1: what is not unreserved goes as %XX.
std::string percent_encoded(std::string_view text) {
    constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string encoded;
    for (const char each : text) {
        if (kPlain.find(each) != std::string_view::npos) {
            encoded += each;
            continue;
        }
        const auto octet = static_cast<unsigned char>(each);
        encoded += {'%', kDigits[octet >> 4], kDigits[octet & 15]};
    }
    return encoded;
}

const std::string* text_member(const JsonObject& object, std::string_view name) {
    for (const JsonMember& each : object)
        if (each.name == name) return std::get_if<std::string>(&each.value.is);
    return nullptr;
}

Result<const JsonObject*, Problem> request_object(const Supposition& wanted) {
    const auto* object =
        wanted.request == nullptr ? nullptr : std::get_if<JsonObject>(&wanted.request->is);
    if (object == nullptr)
        return fail(
            wrong_request("must be an object: what the client of " + wanted.door + " would send"));
    return object;
}

/// `{"hostname": .., "myip": ..}`, or the query as it stands behind the "?".
Result<std::string, Problem> dyndns_query(const Supposition& wanted) {
    if (wanted.request == nullptr) return std::string();
    if (const auto* query = std::get_if<std::string>(&wanted.request->is)) return *query;
    std::string query;
    for (const JsonMember& each : *TRY(request_object(wanted))) {
        const auto* value = std::get_if<std::string>(&each.value.is);
        if (value == nullptr) return fail(wrong_request("holds what is no text: " + each.name));
        query +=
            (query.empty() ? "" : "&") + percent_encoded(each.name) + "=" + percent_encoded(*value);
    }
    return query;
}

Result<Explanation, Problem> explain_dyndns(Api& api, const Supposition& wanted,
                                            store::Identity caller) {
    const std::string query = TRY(dyndns_query(wanted));
    const std::string login = caller.credential.login + ":" + kNoSecret;
    DoorCall call{Method::Get, "/nic/update" + (query.empty() ? "" : "?" + query)};
    call.headers = {{"authorization", "Basic " + to_base64(as_octets(login))}};
    return rehearse(api, wanted, std::move(caller), std::move(call));
}

Result<Explanation, Problem> explain_acme_dns(Api& api, const Supposition& wanted,
                                              store::Identity caller) {
    const JsonObject* object = TRY(request_object(wanted));
    // A server's account is called as the name that it writes at.
    std::string user = caller.credential.login;
    const std::string* subdomain = text_member(*object, "subdomain");
    if (caller.credential.kind == store::CredentialKind::Server && subdomain != nullptr)
        user = *subdomain;
    DoorCall call{Method::Post, "/update", json_text(*wanted.request)};
    call.headers = {{"x-api-user", std::move(user)}, {"x-api-key", kNoSecret}};
    return rehearse(api, wanted, std::move(caller), std::move(call));
}

/// The body, and beside it `"step": "cleanup"`.
Result<Explanation, Problem> explain_httpreq(Api& api, const Supposition& wanted,
                                             store::Identity caller) {
    JsonObject body = *TRY(request_object(wanted));
    const std::string* named = text_member(body, "step");
    const std::string step = named == nullptr ? "present" : *named;
    if (step != "present" && step != "cleanup")
        return fail(wrong_request("has a \"step\" that is neither present nor cleanup"));
    std::erase_if(body, [](const JsonMember& each) { return each.name == "step"; });
    DoorCall call{Method::Post, "/httpreq/" + step, json_text({std::move(body)})};
    call.headers = {{"x-api-key", kNoSecret}};
    return rehearse(api, wanted, std::move(caller), std::move(call));
}

Result<Explanation, Problem> explain_powerdns(Api& api, const Supposition& wanted,
                                              store::Identity caller) {
    static_cast<void>(TRY(request_object(wanted)));
    DoorCall call{Method::Patch,
                  "/api/v1/servers/localhost/zones/" + percent_encoded(wanted.apex().text()),
                  json_text(*wanted.request)};
    call.headers = {{"x-api-key", kNoSecret}};
    return rehearse(api, wanted, std::move(caller), std::move(call));
}

/// PATCH of a zone's RRsets. Its handler is for the commit thread, so that the plan is made here.
Result<Explanation, Problem> explain_rest(Api& api, const Supposition& wanted,
                                          store::Identity caller) {
    static_cast<void>(TRY(request_object(wanted)));
    std::vector<FieldError> errors;
    ObjectReader body(*wanted.request, "/request", errors);
    const JsonValue* list = body.any("rrsets");
    const auto* rrsets = list == nullptr ? nullptr : std::get_if<JsonArray>(&list->is);
    if (rrsets == nullptr || rrsets->empty() || rrsets->size() > kMaxExplained)
        return fail(wrong_request("must hold \"rrsets\", as PATCH of a zone's RRsets does"));
    EditRequest request{caller.credential.id, wanted.source, {}};
    request.change.apex = wanted.apex();
    for (std::size_t at = 0; at < rrsets->size(); ++at)
        request.change.edits.push_back(
            read_rrset_edit((*rrsets)[at], "/request/rrsets/" + std::to_string(at), wanted.apex(),
                            api.context().options.ttl, errors));
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    const auto answer = [](const Problem& problem) {
        const net::Response response = to_response(problem);
        return DoorAnswer{response.status, response.body, {}, {}};
    };
    if (const auto fits = check_kind(caller, Access::Granted); !fits)
        return Explanation{false, fits.error().detail, {}, answer(fits.error())};
    const auto tried = try_edits(api, request);
    Explanation said = explanation_of(tried);
    said.answer = tried ? DoorAnswer{200, {}, {}, {}} : answer(to_problem(tried.error()));
    return said;
}

constexpr std::array kExplained{
    ExplainedDoor{to_string(Door::AcmeDns), false, &explain_acme_dns},
    ExplainedDoor{to_string(Door::HttpReq), false, &explain_httpreq},
    ExplainedDoor{to_string(Door::PowerDns), true, &explain_powerdns},
    ExplainedDoor{to_string(Door::Dyndns), false, &explain_dyndns},
    ExplainedDoor{to_string(Door::Update), true, &explain_update},
    ExplainedDoor{"rest", true, &explain_rest},
    ExplainedDoor{"transfer", true, &explain_transfer},
    ExplainedDoor{"check-in", false, &explain_check_in},
};

}  // namespace

std::span<const ExplainedDoor> explained_doors() noexcept {
    return kExplained;
}

}  // namespace hairpin::admin
