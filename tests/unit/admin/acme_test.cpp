// /v1/acme.. over a desk without a CA.

#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

struct Limited : ApiFixture {
    Limited() {
        make_server();
        const std::int64_t id = store.reader()->server("acme", "nur1").value()->id;
        acme::QueueView view;
        view.at = store.clock.now();
        view.directory = "https://ca.example/dir";
        view.preset = "unknown";
        view.budget = acme::Budget(acme::preset_of("").allowances);
        acme::WaitingServer entry;
        entry.server_id = id;
        entry.public_name = "nur1.pl-acme.example.net";
        entry.since = view.at;
        entry.eta = view.at + Seconds(3'600);
        entry.before = 412;
        entry.why = "the CA gives 50 certificates in 7 days for example.net";
        for (const std::int64_t server : {std::int64_t{4711}, id, std::int64_t{4712}}) {
            entry.server_id = server;
            view.by_subject[server] = view.waiting.size();
            view.waiting.push_back(entry);
        }
        view.by_class[1] = 3;
        view.advice = {"ask for an override"};
        desk.line = std::make_shared<const acme::QueueView>(std::move(view));
    }

    [[nodiscard]] Answer ask_operator(Method method, std::string target, std::string body = {}) {
        return ask({method, std::move(target), std::move(body), operator_token, {}});
    }
};

TEST_CASE("A limit is set, shown as the CA says it, and taken back", "[admin][acme]") {
    Limited api;
    const Answer set = api.ask_operator(Method::Put, "/v1/acme/limits/certificates-per-domain",
                                        R"({"key":"Example.NET.","count":1000,"period":604800})");
    REQUIRE(set.status == 200);
    CHECK(text_at(set.json(), "/key") == "example.net");
    CHECK(text_at(set.json(), "/text") == "1000 in 7 days");
    CHECK(number_at(set.json(), "/burst") == 900);
    REQUIRE(api.desk.last_limit);
    CHECK(api.desk.last_limit->allowance == acme::Allowance{1'000, Seconds(604'800), 90});
    CHECK(api.desk.last_actor.kind == "operator");
    const char* const target = "/v1/acme/limits/certificates-per-domain?key=example.net";
    CHECK(api.ask_operator(Method::Delete, target).status == 204);
    CHECK_FALSE(api.desk.last_limit->allowance);
    CHECK(api.ask_operator(Method::Delete, target).status == 404);
}

TEST_CASE("A limit that makes no sense is refused by name", "[admin][acme][hostile]") {
    Limited api;
    struct Case {
        const char* body;
        const char* pointer;
    };
    const auto each = GENERATE(values<Case>({
        {R"({"period":60})", "/count"},
        {R"({"count":5})", "/period"},
        {R"({"count":0,"period":60})", "/count"},
        {R"({"count":10000001,"period":60})", "/count"},
        {R"({"count":5,"period":103680001})", "/period"},
        {R"({"count":5,"period":60,"share":0})", "/share"},
        {R"({"count":5,"period":60,"key":"a..b"})", "/key"},
        {R"({"count":5,"period":60,"key":"."})", "/key"},
        {R"({"count":"5","period":60})", "/count"},
    }));
    INFO(each.body);
    const Answer refused =
        api.ask_operator(Method::Put, "/v1/acme/limits/certificates-per-domain", each.body);
    CHECK(refused.status == 400);
    CHECK(text_at(refused.json(), "/errors/0/pointer") == each.pointer);
    CHECK_FALSE(api.desk.last_limit);
}

TEST_CASE("The queue is shown in pages, with its advice", "[admin][acme]") {
    Limited api;
    const JsonValue first = api.ask_operator(Method::Get, "/v1/acme/queue?limit=2").json();
    CHECK(number_at(first, "/total") == 3);
    CHECK(number_at(first, "/waiting/first") == 3);
    CHECK(texts_at(first, "/advice") == "ask for an override");
    REQUIRE(size_at(first, "/queue") == 2);
    CHECK(at(first, "/queue/0/licence").is_null());  // Erased since the picture was made.
    CHECK(text_at(first, "/queue/1/licence") == "acme");
    CHECK(text_at(first, "/queue/1/text").find("412 wait before it") != std::string::npos);
    const JsonValue second =
        api.ask_operator(Method::Get, "/v1/acme/queue?limit=2&cursor=" + text_at(first, "/next"))
            .json();
    CHECK(size_at(second, "/queue") == 1);
    CHECK(at(second, "/next").is_null());
    CHECK(api.ask_operator(Method::Get, "/v1/acme/queue?cursor=!").status == 400);
}

TEST_CASE("A server that waits is told until when", "[admin][acme]") {
    Limited api;
    const std::int64_t id = api.store.reader()->server("acme", "nur1").value()->id;
    api.desk.states[id].phase = acme::Phase::Ordering;
    api.desk.states[id].step = "wanted";
    const char* const target = "/v1/licences/acme/servers/nur1";
    const auto problem = [&] {
        return text_at(api.ask_operator(Method::Get, target).json(), "/certificate/problem");
    };
    CHECK(problem().starts_with("gets its certificate about "));
    // The state is cached, the wait is not: the line moves on by itself.
    api.desk.line = std::make_shared<const acme::QueueView>();
    CHECK(problem().empty());
}

TEST_CASE("A plan is made of what is left and of the limits that are given", "[admin][acme]") {
    Limited api;
    const Answer plan = api.ask_operator(
        Method::Post, "/v1/acme/plan",
        R"({"servers":1000,"days":45,"domain":"example.net","limits":[)"
        R"({"limit":"certificates-per-domain","count":50,"period":604800,"share":100}]})");
    REQUIRE(plan.status == 200);
    CHECK(text_at(plan.json(), "/takes") == "133 days");  // Fifty at once.
    CHECK(text_at(plan.json(), "/pace") == "certificates-per-domain");
    CHECK(number_at(plan.json(), "/first_issues") == 1'000);
    for (const char* wrong :
         {R"({})", R"({"servers":0})", R"({"servers":50001})", R"({"servers":2,"domains":3})",
          R"({"servers":2,"days":399})", R"({"servers":2,"limits":{}})",
          R"({"servers":2,"limits":[{"limit":"x","count":1,"period":1}]})",
          R"({"servers":2,"limits":[{"limit":"orders-per-account"}]})",
          R"({"servers":2,"limits":[1,2,3,4,5,6,7,8,9,10,11]})"}) {
        INFO(wrong);
        CHECK(api.ask_operator(Method::Post, "/v1/acme/plan", wrong).status == 400);
    }
}

TEST_CASE("A preflight is of a name or of a server, and shows each check", "[admin][acme]") {
    Limited api;
    api.desk.looked = {{"zone", acme::PreflightOutcome::Good, "served here"},
                       {"dnssec", acme::PreflightOutcome::Problem, "remove the DS"}};
    const Answer found = api.ask_operator(Method::Post, "/v1/acme/preflight",
                                          R"({"licence":"acme","server":"nur1"})");
    REQUIRE(found.status == 200);
    CHECK(api.desk.last_looked ==
          std::vector<std::string>{"nur1.pl-acme.example.net", "i-nur1.pl-acme.example.net"});
    CHECK(text_at(found.json(), "/zone") == "pl-acme.example.net");
    CHECK(text_at(found.json(), "/outcome") == "problem");
    CHECK(text_at(found.json(), "/text") == "remove the DS");
    CHECK(text_at(found.json(), "/checks/0/outcome") == "ok");

    REQUIRE(api.ask_operator(Method::Post, "/v1/acme/preflight",
                             R"({"name":"www.PL-acme.example.net."})")
                .status == 200);
    CHECK(api.desk.last_looked == std::vector<std::string>{"www.pl-acme.example.net"});

    struct Case {
        const char* body;
        int status;
    };
    for (const Case& each : std::initializer_list<Case>{
             {R"({})", 400},
             {R"({"licence":"acme"})", 400},
             {R"({"name":"x.example","licence":"acme","server":"nur1"})", 400},
             {R"({"name":"."})", 400},
             {R"({"name":"x..y"})", 400},
             {R"({"name":"www.elsewhere.example"})", 404},
             {R"({"licence":"acme","server":"nur9"})", 404},
             {R"({"licence":"beta","server":"nur1"})", 404}}) {
        INFO(each.body);
        CHECK(api.ask_operator(Method::Post, "/v1/acme/preflight", each.body).status ==
              each.status);
    }
}

TEST_CASE("CAA records that follow our accounts are shown", "[admin][acme]") {
    Limited api;
    CHECK(api.ask_operator(Method::Get, "/v1/acme/caa").status == 503);
    acme::CaaView view;
    view.is_managed = true;
    view.accounts = {{"ca.example", "https://ca.example/1"}};
    view.rows = {
        {tests::name("pl-acme.example.net."), "https://ca.example/1", "ca.example", {}, {}},
        {tests::name("pl-acme.example.net."),
         "https://ca.example/2",
         "ca.example",
         {},
         api.store.clock.now() + Seconds(60)}};
    view.advice = {"add this"};
    api.desk.caa_view = std::make_shared<const acme::CaaView>(std::move(view));
    const JsonValue shown = api.ask_operator(Method::Get, "/v1/acme/caa").json();
    CHECK(text_at(shown, "/records/0/zone") == "pl-acme.example.net");
    CHECK(text_at(shown, "/records/0/state") == "usable");
    CHECK(text_at(shown, "/records/1/state") == "waiting");
    CHECK(text_at(shown, "/accounts/0/ca") == "ca.example");
    CHECK(text_at(shown, "/advice/0") == "add this");
}

TEST_CASE("Without a CA there are no limits and no line", "[admin][acme]") {
    Limited api;
    api.desk.line = nullptr;
    for (const char* target : {"/v1/acme/limits", "/v1/acme/queue"})
        CHECK(api.ask_operator(Method::Get, target).status == 503);
    api.context.certificates = nullptr;
    CHECK(api.ask_operator(Method::Get, "/v1/acme/limits").status == 503);
    CHECK(api.ask_operator(Method::Put, "/v1/acme/limits/orders-per-account",
                           R"({"count":5,"period":60})")
              .status == 503);
    CHECK(api.ask_operator(Method::Post, "/v1/acme/plan", R"({"servers":1})").status == 503);
}

TEST_CASE("CAs are shown with their breaker, accounts and canaries", "[admin][acme][issuers]") {
    Limited api;
    CHECK(api.ask_operator(Method::Get, "/v1/acme/issuers").status == 503);
    acme::IssuerView google;
    google.name = "google";
    google.directory = "https://ca.example/dir";
    google.breaker = acme::Breaker::State::Open;
    google.breaker_since = api.store.clock.now();
    google.breaker_why = "3 requests in a row failed";
    google.orders = 7;
    google.accounts = {{"https://ca.example/a/1", store::AccountRole::Active, ""},
                       {"", store::AccountRole::Standby, "not registered"}};
    google.certificate_canary = store::CanaryRow{};
    google.certificate_canary->failures = 2;
    google.certificate_canary->problem = "no CAA record allows it";
    api.desk.cas = std::make_shared<const acme::IssuersView>(acme::IssuersView{{google}});
    const Answer answer = api.ask_operator(Method::Get, "/v1/acme/issuers");
    REQUIRE(answer.status == 200);
    CHECK(text_at(answer.json(), "/issuers/0/name") == "google");
    CHECK(text_at(answer.json(), "/issuers/0/breaker/state") == "open");
    CHECK(text_at(answer.json(), "/issuers/0/breaker/why") == "3 requests in a row failed");
    CHECK(number_at(answer.json(), "/issuers/0/orders") == 7);
    CHECK(text_at(answer.json(), "/issuers/0/accounts/1/role") == "standby");
    CHECK(number_at(answer.json(), "/issuers/0/certificate_canary/failures") == 2);
}

TEST_CASE("An operator changes to the account in reserve", "[admin][acme][issuers]") {
    Limited api;
    CHECK(api.ask_operator(Method::Post, "/v1/acme/issuers/google/switch-account").status == 204);
    CHECK(api.desk.switches == 1);
    CHECK(api.desk.last_actor.kind == "operator");
    CHECK(api.ask_operator(Method::Post, "/v1/acme/issuers/googel/switch-account").status == 404);
}

TEST_CASE("The account of any CA gets a new key", "[admin][acme][issuers]") {
    Limited api;
    CHECK(api.ask_operator(Method::Post, "/v1/acme/issuers/google/rollover").status == 204);
    CHECK(api.desk.rollovers == 1);
    CHECK(api.ask_operator(Method::Post, "/v1/acme/issuers/googel/rollover").status == 404);
    CHECK(api.desk.rollovers == 1);
}

TEST_CASE("Limits are those of the CA that is named", "[admin][acme][issuers]") {
    Limited api;
    auto view = std::make_shared<acme::QueueView>(*api.desk.line);
    view->others.push_back({"google",
                            "https://other.example/dir",
                            "unknown",
                            acme::Budget(acme::preset_of("").allowances),
                            {}});
    api.desk.line = std::move(view);
    const Answer own = api.ask_operator(Method::Get, "/v1/acme/limits?issuer=google");
    REQUIRE(own.status == 200);
    CHECK(text_at(own.json(), "/directory") == "https://other.example/dir");
    CHECK(api.ask_operator(Method::Get, "/v1/acme/limits?issuer=nobody").status == 404);
    CHECK(api.ask_operator(Method::Put, "/v1/acme/limits/orders-per-account?issuer=google",
                           R"({"count":10,"period":3600})")
              .status == 200);
    CHECK(api.desk.last_limit->issuer == "google");
}

}  // namespace
}  // namespace hairpin::admin
