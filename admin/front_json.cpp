#include "admin/front_json.hpp"

#include <algorithm>

#include "admin/front_order.hpp"
#include "admin/handlers.hpp"
#include "core/crypto.hpp"

namespace hairpin::admin {
namespace {

using store::FrontOrderState;

constexpr std::size_t kOrderId = 32;

/// Nobody looks it up: the challenge was never asked for. It is the same each time.
std::string token_of(const std::string& authorization) {
    return to_base64url(sha256(as_octets("challenge " + authorization)));
}

std::string_view authorization_status(const store::FrontOrderRow& order) {
    return order.problem_type == kDeactivated ? "deactivated" : "valid";
}

void write_challenge(JsonWriter& json, const FrontCall& call, const store::FrontOrderRow& order,
                     std::size_t place) {
    const std::string id = authorization_id(order, place);
    json.begin_object();
    json.member("type", "dns-01");
    json.member("url", call.base + "/acme/challenge/" + id);
    json.member("status", "valid");
    json.member("validated", order.created_at);
    json.member("token", token_of(id));
    json.end_object();
}

void write_identifier(JsonWriter& json, const std::string& name) {
    json.begin_object().member("type", "dns").member("value", name).end_object();
}

}  // namespace

std::optional<FrontAuthorization> parse_authorization_id(std::string_view id) {
    if (id.size() != kOrderId + 2 || id[kOrderId] != '-' || !is_digit(id.back()))
        return std::nullopt;
    return FrontAuthorization{std::string(id.substr(0, kOrderId)),
                              static_cast<std::size_t>(id.back() - '0')};
}

std::string authorization_id(const store::FrontOrderRow& order, std::size_t place) {
    return order.id + "-" + std::to_string(place);
}

net::Response directory_response(const std::string& base) {
    JsonWriter json;
    json.begin_object();
    json.member("newNonce", base + "/acme/new-nonce");
    json.member("newAccount", base + "/acme/new-account");
    json.member("newOrder", base + "/acme/new-order");
    json.member("revokeCert", base + "/acme/revoke-cert");
    json.member("keyChange", base + "/acme/key-change");
    json.member("renewalInfo", base + "/acme/renewal-info");
    json.key("meta").begin_object().member("externalAccountRequired", true).end_object();
    json.end_object();
    return json_response(200, json);
}

net::Response account_response(int status, const FrontCall& call,
                               const store::FrontAccountRow& account) {
    const std::string url = call.account_url(account.id);
    JsonWriter json;
    json.begin_object();
    json.member("status", to_string(account.status));
    json.member("orders", url + "/orders");
    json.end_object();
    net::Response response = json_response(status, json);
    response.headers.push_back({"location", url});
    return response;
}

net::Response order_response(int status, const FrontCall& call, const store::FrontOrderRow& order,
                             WallTime now) {
    JsonWriter json;
    json.begin_object();
    json.member("status", to_string(order.state));
    json.member("expires", order.expires_at);
    json.key("identifiers").begin_array();
    for (const std::string& name : order.names)
        write_identifier(json, name);
    json.end_array();
    json.key("authorizations").begin_array();
    for (std::size_t place = 0; place < order.names.size(); ++place)
        json.value(call.base + "/acme/authorization/" + authorization_id(order, place));
    json.end_array();
    json.member("finalize", call.order_url(order.id) + "/finalize");
    if (order.state == FrontOrderState::Valid)
        json.member("certificate", call.base + "/acme/certificate/" + order.id);
    if (order.state == FrontOrderState::Invalid)
        write_order_error(json,
                          order.problem_type == kDeactivated ? "unauthorized" : order.problem_type,
                          order.problem);
    json.end_object();
    net::Response response = json_response(status, json);
    response.headers.push_back({"location", call.order_url(order.id)});
    if (order.state == FrontOrderState::Processing)
        response.headers.push_back(
            {"retry-after", std::to_string(front_retry_after(order, now).count())});
    return response;
}

net::Response authorization_response(const FrontCall& call, const store::FrontOrderRow& order,
                                     std::size_t place) {
    JsonWriter json;
    json.begin_object();
    json.key("identifier");
    write_identifier(json, order.names[place]);
    json.member("status", authorization_status(order));
    json.member("expires", order.expires_at);
    json.key("challenges").begin_array();
    write_challenge(json, call, order, place);
    json.end_array();
    json.end_object();
    return json_response(200, json);
}

net::Response challenge_response(const FrontCall& call, const store::FrontOrderRow& order,
                                 std::size_t place) {
    JsonWriter json;
    write_challenge(json, call, order, place);
    net::Response response = json_response(200, json);
    response.headers.push_back({"link", "<" + call.base + "/acme/authorization/" +
                                            authorization_id(order, place) + ">;rel=\"up\""});
    return response;
}

}  // namespace hairpin::admin
