// /v1/certificate over a source without a listener.

#include "admin/own_certificate.hpp"

#include "store/acme_rows.hpp"
#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

struct FakeSource final : OwnCertificateSource {
    [[nodiscard]] OwnCertificateView view() const override { return shown; }
    void order(zones::Actor actor, std::function<void(Result<void>)> done) override {
        last_actor = std::move(actor);
        done(answer);
    }
    OwnCertificateView shown;
    Result<void> answer;
    zones::Actor last_actor;
};

struct Showing : ApiFixture {
    FakeSource source;
    Showing() {
        context.own_certificate = &source;
        source.shown.served = {CertificateSource::Acme,
                               {"manager.example.net"},
                               store.clock.now(),
                               store.clock.now() + Seconds(60),
                               "9f86",
                               "5TTB="};
        source.shown.ordered = {"manager.example.net"};
        acme::CertificateState& state = desk.states[store::kOurselves];
        state.phase = acme::Phase::Valid;
        state.problem = "the CA got NXDOMAIN";
        state.step = "backoff";
    }
};

TEST_CASE("What is shown is told, and how its renewal stands", "[admin][own]") {
    Showing api;
    const Answer got = api.as_operator(Method::Get, "/v1/certificate");
    REQUIRE(got.status == 200);
    const JsonValue json = got.json();
    CHECK(text_at(json, "/source") == "acme");
    CHECK(texts_at(json, "/names") == "manager.example.net");
    CHECK(text_at(json, "/not_after") == to_rfc3339(api.store.clock.now() + Seconds(60)));
    CHECK(text_at(json, "/sha256") == "9f86");
    CHECK(text_at(json, "/key_pin") == "5TTB=");
    CHECK(texts_at(json, "/order/names") == "manager.example.net");
    CHECK(text_at(json, "/order/state") == "valid");
    CHECK(text_at(json, "/order/step") == "backoff");
    CHECK(text_at(json, "/order/problem") == "the CA got NXDOMAIN");
    CHECK(at(json, "/fallback").is_null());

    api.source.shown.served.source = CertificateSource::Files;
    api.source.shown.fallback_listeners = {*Endpoint::parse("127.0.0.1:8444")};
    api.source.shown.fallback = api.source.shown.served;
    api.source.shown.fallback->source = CertificateSource::SelfSigned;
    const JsonValue more = api.as_operator(Method::Get, "/v1/certificate").json();
    CHECK(text_at(more, "/source") == "file");
    CHECK(texts_at(more, "/fallback/listeners") == "127.0.0.1:8444");
    CHECK(text_at(more, "/fallback/source") == "self-signed");
    CHECK(text_at(more, "/fallback/key_pin") == "5TTB=");
}

TEST_CASE("Another certificate is ordered in the name of who wants it", "[admin][own]") {
    Showing api;
    CHECK(api.as_operator(Method::Post, "/v1/certificate").status == 202);
    CHECK(api.source.last_actor.kind == "operator");
    CHECK(api.source.last_actor.source == "203.0.113.10");

    api.source.answer = fail(Error{ErrorCode::Conflict, "our own certificate", "no CA"});
    const Answer refused = api.as_operator(Method::Post, "/v1/certificate");
    CHECK(refused.status == 409);
    CHECK_THAT(text_at(refused.json(), "/detail"), Catch::Contains("no CA"));
    api.source.answer = fail(Error{ErrorCode::Unavailable, "store", "full"});
    CHECK(api.as_operator(Method::Post, "/v1/certificate").status == 503);
}

TEST_CASE("A server is told the second way in, when it is made and when it asks", "[admin][own]") {
    ApiOptions options = test_options();
    options.fallback_port = 8444;
    options.fallback_key_pin = "Kq5s=";
    ApiFixture api(options);
    api.make_server();
    const Answer made =
        api.as_operator(Method::Post, "/v1/licences/acme/servers", R"({"label":"nur9"})");
    CHECK(number_at(made.json(), "/fallback/port") == 8444);
    CHECK(text_at(made.json(), "/fallback/key_pin") == "Kq5s=");
    const Answer self = api.ask({Method::Get, "/v1/self", "", text_at(made.json(), "/token"), {}});
    CHECK(text_at(self.json(), "/fallback/key_pin") == "Kq5s=");

    ApiFixture without;
    CHECK(at(without.ask({Method::Get, "/v1/self", "", without.make_server(), {}}).json(),
             "/fallback")
              .is_null());
}

TEST_CASE("Our certificate is an operator's matter", "[admin][own]") {
    Showing api;
    const std::string server = api.make_server();
    for (const Method method : {Method::Get, Method::Post}) {
        CHECK(api.ask({method, "/v1/certificate", "", server, {}}).status == 403);
        CHECK(api.ask({method, "/v1/certificate", "", "", {}}).status == 401);
        api.context.own_certificate = nullptr;
        CHECK(api.as_operator(method, "/v1/certificate").status == 503);
        api.context.own_certificate = &api.source;
    }
    CHECK(api.source.last_actor.kind.empty());
}

}  // namespace
}  // namespace hairpin::admin
