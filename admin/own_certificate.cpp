// The certificate that the API shows: GET and POST /v1/certificate.

#include "admin/own_certificate.hpp"

#include <utility>

#include "admin/handlers.hpp"
#include "core/octets.hpp"
#include "store/acme_rows.hpp"

namespace hairpin::admin {
namespace {

void write_served(JsonWriter& json, const ServedCertificate& served) {
    json.member("source", to_string(served.source));
    json.member("names", served.names);
    json.member("not_before", served.not_before);
    json.member("not_after", served.not_after);
    json.member("sha256", served.sha256);
    json.member("key_pin", served.key_pin);
}

void write_order(JsonWriter& json, const OwnCertificateView& view,
                 const acme::CertificateState& state) {
    json.key("order").begin_object();
    json.member("names", view.ordered);
    json.member("obstacle", view.obstacle);
    json.member("state", acme::to_string(state.phase));
    json.member("step", state.step);
    json.member("problem", state.problem);
    json.member("not_after", state.not_after);
    json.member("renew_at", state.renew_at);
    json.member("eta", state.eta);
    json.member("next_check", state.next_check);
    json.end_object();
}

void write_fallback_listener(JsonWriter& json, const OwnCertificateView& view) {
    json.key("fallback");
    if (view.fallback_listeners.empty() || !view.fallback) {
        json.null();
        return;
    }
    std::vector<std::string> listeners;
    for (const Endpoint& each : view.fallback_listeners)
        listeners.push_back(each.text());
    json.begin_object();
    json.member("listeners", listeners);
    write_served(json, *view.fallback);
    json.end_object();
}

}  // namespace

std::string_view to_string(CertificateSource source) noexcept {
    switch (source) {
        case CertificateSource::Acme:
            return "acme";
        case CertificateSource::Files:
            return "file";
        case CertificateSource::SelfSigned:
            return "self-signed";
    }
    return "";
}

Result<net::Response, Problem> get_own_certificate(Api& api, const Call&) {
    const OwnCertificateSource* source = api.context().own_certificate;
    if (source == nullptr)
        return fail(Problem(ProblemType::Unavailable, "it is not known which one is shown"));
    const OwnCertificateView view = source->view();
    const auto state = TRY(api.certificate_state(store::kOurselves));
    JsonWriter json;
    json.begin_object();
    write_served(json, view.served);
    write_order(json, view, state);
    write_fallback_listener(json, view);
    json.end_object();
    return json_response(200, json);
}

void post_own_certificate(Api& api, std::shared_ptr<Exchange> exchange) {
    OwnCertificateSource* source = api.context().own_certificate;
    if (source == nullptr)
        return api.respond(*exchange,
                           Problem(ProblemType::Unavailable, "it is not known which one is shown"));
    source->order(actor_of(*exchange->call.caller, exchange->call.request.peer, "rest"),
                  [back = api.way_back(), exchange](Result<void> done) {
                      back.post([exchange, done = std::move(done)](Api& self) {
                          if (!done) return self.respond(*exchange, Problem(done.error()));
                          self.respond(*exchange, net::Response{202, {}, {}});
                      });
                  });
}

}  // namespace hairpin::admin
