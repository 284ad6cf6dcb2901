// The httpreq door: POST /httpreq/present and /httpreq/cleanup, as lego sends them.
//
// Any status below 400 is success to lego, and what stands in a refusal is shown to its user: so
// refusals are the API's own problem documents. The base URL is https://<server>/httpreq.

#include <utility>

#include "admin/acme_dns_account.hpp"
#include "admin/door_exchange.hpp"
#include "admin/handlers.hpp"
#include "admin/httpreq_json.hpp"

namespace hairpin::admin {
namespace {

using store::CredentialKind;

net::Response httpreq_words(const Problem& problem) {
    Problem shown = problem;
    shown.retry_after.reset();  // The door says it.
    net::Response response = to_response(shown);
    std::erase_if(response.headers,
                  [](const net::Header& each) { return each.name == "cache-control"; });
    // RFC 9110 section 11.6.1: a 401 names what would do.
    if (response.status == 401)
        response.headers.push_back({"www-authenticate", "Basic realm=\"hairpin\""});
    return response;
}

/// The same whether there is such a zone or not.
DoorRefused not_concerned(const zones::Name& owner) {
    return DoorRefused::with(
        Problem(ProblemType::Forbidden, "refused: no grant is for a zone of " + owner.text()),
        owner.text());
}

constexpr DoorFace kHttpReq{Door::HttpReq, &httpreq_words};

void edit_challenge(Api& api, std::shared_ptr<Exchange> exchange, zones::EditKind kind) {
    const auto* caller = admit_door(api, *exchange, kHttpReq, any_secret(exchange->call.request),
                                    {CredentialKind::Token, CredentialKind::Server});
    if (caller == nullptr) return;
    const auto wanted = read_httpreq(exchange->call.request.body);
    if (!wanted) return answer_door(api, *exchange, kHttpReq, wanted.error());
    const auto grants = grants_of_caller(api, *exchange);
    if (!grants) return answer_door(api, *exchange, kHttpReq, grants.error());
    // In any zone but the closest the value would be occluded.
    const auto table = api.zones();
    const zones::Zone* zone = table->closest_enclosing(wanted->owner);
    if (zone == nullptr || !zones::concerns(*grants, zone->apex()))
        return refuse_at_door(api, std::move(exchange), kHttpReq, not_concerned(wanted->owner));
    zones::Edit edit;
    edit.kind = kind;
    edit.owner = wanted->owner;
    edit.type = zones::RType::TXT;
    edit.ttl = kChallengeTtl;
    edit.rdatas = {challenge_rdata(wanted->value)};
    DoorEdits edits{zone->apex(), {std::move(edit)}, "httpreq"};
    edit_at_door(api, std::move(exchange), kHttpReq, std::move(edits), [] {
        JsonWriter json;
        json.begin_object().end_object();
        return json_response(200, json);
    });
}

}  // namespace

void post_httpreq_present(Api& api, std::shared_ptr<Exchange> exchange) {
    edit_challenge(api, std::move(exchange), zones::EditKind::AddRecords);
}

void post_httpreq_cleanup(Api& api, std::shared_ptr<Exchange> exchange) {
    edit_challenge(api, std::move(exchange), zones::EditKind::DeleteRecords);
}

}  // namespace hairpin::admin
