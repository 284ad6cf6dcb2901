// Our CAs: GET /v1/acme/issuers, POST /v1/acme/issuers/{issuer}/switch-account and /rollover.

#include <memory>
#include <utility>

#include "acme/issuer_view.hpp"
#include "admin/acme_views.hpp"
#include "admin/handlers.hpp"

namespace hairpin::admin {
namespace {

std::optional<std::string> text_or_null(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

void write_canary(JsonWriter& json, std::string_view name,
                  const std::optional<store::CanaryRow>& canary) {
    json.key(name);
    if (!canary) {
        json.null();
        return;
    }
    json.begin_object();
    json.member("good_at", canary->good_at);
    json.member("failures", canary->failures);
    json.member("failed_at", canary->failed_at);
    json.member("problem", text_or_null(canary->problem));
    json.member("due_at", canary->due_at);
    json.end_object();
}

void write_breaker(JsonWriter& json, const acme::IssuerView& issuer) {
    json.key("breaker").begin_object();
    json.member("state", acme::to_string(issuer.breaker));
    json.member("since", issuer.breaker_since);
    json.member("why", text_or_null(issuer.breaker_why));
    json.member("openings", issuer.openings);
    json.end_object();
}

void write_issuer(JsonWriter& json, const acme::IssuerView& issuer) {
    json.begin_object();
    json.member("name", issuer.name);
    json.member("directory", issuer.directory);
    json.member("staging", text_or_null(issuer.staging));
    write_breaker(json, issuer);
    json.member("orders", issuer.orders);
    json.member("issued", issuer.issued);
    json.member("failed", issuer.failed);
    json.member("waiting", issuer.waiting);
    json.key("accounts").begin_array();
    for (const acme::AccountView& account : issuer.accounts) {
        json.begin_object();
        json.member("url", text_or_null(account.url));
        json.member("role", store::to_string(account.role));
        json.member("problem", text_or_null(account.problem));
        json.end_object();
    }
    json.end_array();
    write_canary(json, "certificate_canary", issuer.certificate_canary);
    write_canary(json, "standby_canary", issuer.standby_canary);
    json.end_object();
}

}  // namespace

Result<net::Response, Problem> get_acme_issuers(Api& api, const Call&) {
    CertificateDesk* desk = api.context().certificates;
    const auto view = desk == nullptr ? nullptr : desk->issuers();
    if (view == nullptr) return fail(no_ca());
    JsonWriter json;
    json.begin_object();
    json.key("issuers").begin_array();
    for (const acme::IssuerView& each : view->issuers)
        write_issuer(json, each);
    json.end_array();
    json.end_object();
    return json_response(200, json);
}

namespace {

using OfAccount = void (CertificateDesk::*)(std::string issuer, zones::Actor actor,
                                            acme::Certificates::Acknowledged done);

/// Of the CA that the path names; of the first one where it names none.
void change_account(Api& api, const std::shared_ptr<Exchange>& exchange, OfAccount what) {
    CertificateDesk* desk = api.context().certificates;
    if (desk == nullptr) return api.respond(*exchange, no_ca());
    const Call& call = exchange->call;
    (desk->*what)(call.arguments.empty() ? "" : call.arguments[0],
                  actor_of(*call.caller, call.request.peer, "rest"),
                  [back = api.way_back(), exchange](Result<void> done) {
                      back.post([exchange, done = std::move(done)](Api& self) {
                          if (!done) return self.respond(*exchange, Problem(done.error()));
                          self.respond(*exchange, net::Response{204, {}, {}});
                      });
                  });
}

}  // namespace

void post_account_switch(Api& api, std::shared_ptr<Exchange> exchange) {
    change_account(api, exchange, &CertificateDesk::switch_account);
}

void post_account_rollover(Api& api, std::shared_ptr<Exchange> exchange) {
    change_account(api, exchange, &CertificateDesk::roll_over_account);
}

}  // namespace hairpin::admin
