// A server's certificate: /v1/self/certificate..
//
// Requests and acknowledgements go to the certificate desk, which commits and audits them itself.

#include <charconv>
#include <memory>
#include <utility>

#include "admin/conditions.hpp"
#include "admin/handlers.hpp"
#include "admin/server_view.hpp"
#include "core/octets.hpp"

namespace hairpin::admin {
namespace {

constexpr std::int64_t kLongestWait = 60;  // Seconds.

std::int64_t server_of(const Exchange& exchange) {
    return exchange.call.caller->server->id;
}

zones::Actor actor_of_exchange(const Exchange& exchange) {
    return actor_of(*exchange.call.caller, exchange.call.request.peer, "rest");
}

/// Answers 503 where no CA is configured.
CertificateDesk* desk_of(Api& api, Exchange& exchange) {
    CertificateDesk* desk = api.context().certificates;
    if (desk == nullptr)
        api.respond(exchange, Problem(ProblemType::Unavailable, "no CA is configured here"));
    return desk;
}

net::Response state_response(int status, const acme::CertificateState& state) {
    JsonWriter json;
    json.begin_object();
    write_certificate(json, state, std::nullopt);  // What was asked for a moment ago is not late.
    json.end_object();
    return json_response(status, json);
}

void request_certificate(Api& api, std::shared_ptr<Exchange> exchange, acme::KeySource key) {
    CertificateDesk* desk = desk_of(api, *exchange);
    if (desk == nullptr) return;
    desk->request(server_of(*exchange), std::move(key), actor_of_exchange(*exchange),
                  [back = api.way_back(), exchange](Result<acme::CertificateState> state) {
                      back.post([exchange, state = std::move(state)](Api& self) {
                          if (!state) return self.respond(*exchange, Problem(state.error()));
                          net::Response response = state_response(202, *state);
                          response.headers.push_back({"location", "/v1/self/certificate"});
                          self.respond(*exchange, std::move(response));
                      });
                  });
}

/// Errors: `wait` is not 0..60.
Result<Seconds, Problem> wait_of(const net::Request& request) {
    const auto text = request.query_parameter("wait");
    if (!text) return Seconds(0);
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
    if (error != std::errc() || end != text->data() + text->size() || seconds < 0 ||
        seconds > kLongestWait)
        return fail(invalid_field("?wait", "must be a number of seconds from 0 to 60"));
    return Seconds(seconds);
}

/// What there is to say now: the chain, "not modified", or why there is none.
Result<net::Response, Problem> current_chain(Api& api, const Exchange& exchange) {
    const auto chain =
        TRY(api.context().certificates->chain(api.queries(), server_of(exchange), api.now()));
    if (!chain) {
        const auto state = TRY(api.certificate_state(server_of(exchange)));
        Problem problem =
            not_found("certificate yet: its state is " + std::string(acme::to_string(state.phase)) +
                      (state.problem.empty() ? "" : ", " + state.problem));
        problem.retry_after = Seconds(2);
        return fail(std::move(problem));
    }
    const std::string etag = content_etag(chain->sha256);
    if (none_match_names(exchange.call.request, etag))
        return net::Response{304, {{"etag", etag}}, {}};
    return net::Response{200,
                         {{"content-type", "application/pem-certificate-chain"},  // RFC 8555 9.1.
                          {"cache-control", "no-store"},
                          {"etag", etag},
                          {"hairpin-not-after", to_rfc3339(chain->not_after)}},
                         chain->pem};
}

/// Whether waiting could bring something new: nothing is there yet, or the caller has this one.
bool is_worth_waiting(const Result<net::Response, Problem>& answer) {
    if (answer) return answer->status == 304;
    return answer.error().type == ProblemType::NotFound;
}

void send(Api& api, Exchange& exchange, Result<net::Response, Problem> answer) {
    if (!answer) return api.respond(exchange, answer.error());
    api.respond(exchange, *std::move(answer));
}

void answer_or_wait(Api& api, std::shared_ptr<Exchange> exchange, MonotonicTime deadline) {
    auto answer = current_chain(api, *exchange);
    if (!is_worth_waiting(answer) || api.loop().now() >= deadline)
        return send(api, *exchange, std::move(answer));
    auto& open = api.context().counters.waits_open;
    CertificateWaits::Wait wait;
    wait.deadline = deadline;
    wait.is_open = [exchange] { return exchange->responder.is_open(); };
    // Counts down when it is dropped, however that happens.
    std::shared_ptr<void> counted(&open,
                                  [](void* count) { --*static_cast<ApiCounters::Count*>(count); });
    ++open;
    wait.wake = [weak = api.weak_from_this(), exchange, deadline, counted] {
        if (const auto self = weak.lock()) answer_or_wait(*self, exchange, deadline);
    };
    if (api.waits().add(server_of(*exchange), std::move(wait))) return;
    Problem problem(ProblemType::TooManyRequests, "too many requests wait for this certificate");
    problem.retry_after = Seconds(5);
    api.respond(*exchange, problem);
}

}  // namespace

void put_certificate(Api& api, std::shared_ptr<Exchange> exchange) {
    const std::string& body = exchange->call.request.body;
    if (body.empty())
        return api.respond(*exchange, Problem(ProblemType::InvalidRequest,
                                              "the body must be a PKCS#10 request, DER or PEM"));
    acme::DeviceKey key{Octets(body.begin(), body.end())};
    request_certificate(api, std::move(exchange), std::move(key));
}

void post_certificate(Api& api, std::shared_ptr<Exchange> exchange) {
    const JsonValue empty{JsonObject()};
    const auto value = json_body(exchange->call);
    if (!value) return api.respond(*exchange, value.error());
    std::vector<FieldError> errors;
    ObjectReader body(*value, "", errors);
    body.finish();
    if (!errors.empty()) return api.respond(*exchange, to_problem(std::move(errors)));
    request_certificate(api, std::move(exchange), acme::ManagedKey{});
}

void get_certificate(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto wait = wait_of(exchange->call.request);
    if (!wait) return api.respond(*exchange, wait.error());
    if (desk_of(api, *exchange) == nullptr) return;
    const MonotonicTime deadline = api.loop().now() + *wait;
    answer_or_wait(api, std::move(exchange), deadline);
}

void post_certificate_deployed(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto value = json_body(exchange->call);
    if (!value) return api.respond(*exchange, value.error());
    std::vector<FieldError> errors;
    ObjectReader body(*value, "", errors);
    body.require("sha256");
    const auto hex = body.text("sha256");
    const auto octets = hex ? from_hex(*hex) : std::nullopt;
    Sha256 digest{};
    if (hex && (!octets || octets->size() != digest.size()))
        body.refuse("sha256", "must be 64 hexadecimal digits");
    body.finish();
    if (!errors.empty()) return api.respond(*exchange, to_problem(std::move(errors)));
    CertificateDesk* desk = desk_of(api, *exchange);
    if (desk == nullptr) return;
    std::copy(octets->begin(), octets->end(), digest.begin());
    desk->deployed(server_of(*exchange), digest, actor_of_exchange(*exchange),
                   [back = api.way_back(), exchange](Result<void> done) {
                       back.post([exchange, done = std::move(done)](Api& self) {
                           if (!done) return self.respond(*exchange, Problem(done.error()));
                           self.respond(*exchange, no_content());
                       });
                   });
}

void post_certificate_key(Api& api, std::shared_ptr<Exchange> exchange) {
    CertificateDesk* desk = desk_of(api, *exchange);
    if (desk == nullptr) return;
    desk->take_managed_key(
        server_of(*exchange), actor_of_exchange(*exchange),
        [back = api.way_back(), exchange](Result<std::string> key) {
            back.post([exchange, key = std::move(key)](Api& self) {
                if (!key) return self.respond(*exchange, Problem(key.error()));
                self.respond(*exchange, net::Response{200,
                                                      {{"content-type", "application/x-pem-file"},
                                                       {"cache-control", "no-store"}},
                                                      *key});
            });
        });
}

}  // namespace hairpin::admin
