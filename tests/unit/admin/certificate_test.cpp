// /v1/self/certificate.. over a desk without a CA.

#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

constexpr auto kTarget = "/v1/self/certificate";

struct Served : ApiFixture {
    std::string token = make_server();
    std::int64_t id = store.reader()->server("acme", "nur1").value()->id;

    [[nodiscard]] Asked asked(Method method, std::string target = kTarget, std::string body = {},
                              std::vector<net::Header> headers = {}) const {
        return {method, std::move(target), std::move(body), token, std::move(headers)};
    }
    void issue(std::uint8_t mark) {
        acme::CertificateChain chain;
        chain.pem = "-----BEGIN CERTIFICATE-----\n" + std::to_string(mark);
        chain.sha256.fill(mark);
        chain.not_after = store.clock.now() + Milliseconds(90ll * 86'400'000);
        desk.chains[id] = chain;
        desk.states[id].phase = acme::Phase::Valid;
        desk.states[id].not_after = chain.not_after;
        desk.news(id);
    }
};

TEST_CASE("A certificate is asked for with the server's own key, and fetched",
          "[admin][certificate]") {
    Served api;
    CHECK(api.ask(api.asked(Method::Get)).status == 404);

    const Answer put = api.ask(api.asked(Method::Put, kTarget, "a CSR"));
    CHECK(put.status == 202);
    CHECK(text_at(put.json(), "/certificate/state") == "ordering");
    CHECK(std::get<acme::DeviceKey>(api.desk.last_key).csr == Octets{'a', ' ', 'C', 'S', 'R'});
    CHECK(api.desk.last_actor.id == "acme/nur1");

    api.issue(1);
    const Answer got = api.ask(api.asked(Method::Get));
    CHECK(got.status == 200);
    CHECK(got.header("content-type") == "application/pem-certificate-chain");
    CHECK(got.body.starts_with("-----BEGIN CERTIFICATE-----"));
    CHECK(api.ask(api.asked(Method::Get, kTarget, "", {{"if-none-match", got.header("etag")}}))
              .status == 304);
    CHECK(api.ask(api.asked(Method::Put, kTarget, "")).status == 400);
}

TEST_CASE("A managed key is asked for without a CSR", "[admin][certificate]") {
    Served api;
    api.desk.last_key = acme::DeviceKey{};
    CHECK(api.ask(api.asked(Method::Post)).status == 202);
    CHECK(std::holds_alternative<acme::ManagedKey>(api.desk.last_key));
    CHECK(api.ask(api.asked(Method::Post, kTarget, R"({"x":1})")).status == 400);
    CHECK(api.ask(api.asked(Method::Post, "/v1/self/certificate/key")).status == 404);
}

TEST_CASE("A long poll is woken by the certificate", "[admin][certificate][wait]") {
    Served api;
    const auto waiting = api.begin(api.asked(Method::Get, "/v1/self/certificate?wait=60"));
    api.settle();
    CHECK_FALSE(waiting->is_complete);
    CHECK(api.context.counters.waits_open.load() == 1);
    api.desk.news(api.id);  // News that bring no certificate do not end it.
    api.settle();
    CHECK_FALSE(waiting->is_complete);

    api.issue(1);
    const Answer got = api.finish(*waiting);

    CHECK(got.status == 200);
    CHECK(api.context.counters.waits_open.load() == 0);
    const auto next = api.begin(api.asked(Method::Get, "/v1/self/certificate?wait=60", "",
                                          {{"if-none-match", got.header("etag")}}));
    api.settle();
    CHECK_FALSE(next->is_complete);
    api.issue(2);
    CHECK(api.finish(*next).status == 200);
}

TEST_CASE("A long poll ends at its time, and with its client", "[admin][certificate][wait]") {
    Served api;
    CHECK(api.ask(api.asked(Method::Get, "/v1/self/certificate?wait=1")).status == 404);
    const auto waiting = api.begin(api.asked(Method::Get, "/v1/self/certificate?wait=60"));
    api.settle();
    CHECK(api.api->waits().size() == 1);
    waiting->hang_up();
    for (int turns = 0; turns < 1'000 && api.api->waits().size() == 1; ++turns)
        api.turn();
    CHECK(api.api->waits().size() == 0);
    CHECK(api.context.counters.waits_open.load() == 0);
    for (const char* wrong : {"?wait=61", "?wait=-1", "?wait=x", "?wait="})
        CHECK(api.ask(api.asked(Method::Get, kTarget + std::string(wrong))).status == 400);
}

TEST_CASE("Long polls are bounded for each server", "[admin][certificate][limit]") {
    ApiOptions options = test_options();
    options.max_waits_per_server = 2;
    ApiFixture api(options);
    const std::string token = api.make_server();
    const ApiFixture::Asked asked{Method::Get, "/v1/self/certificate?wait=60", "", token, {}};
    const auto first = api.begin(asked);
    const auto second = api.begin(asked);
    const Answer third = api.ask(asked);
    CHECK(third.status == 429);
    CHECK(third.header("retry-after") == "5");
    CHECK_FALSE(first->is_complete);
    CHECK_FALSE(second->is_complete);
}

TEST_CASE("What is deployed is acknowledged by its digest", "[admin][certificate]") {
    Served api;
    api.issue(0xab);
    std::string hex;
    for (int pair = 0; pair < 32; ++pair)
        hex += "ab";
    const auto deployed = [&](const std::string& body) {
        return api.ask(api.asked(Method::Post, "/v1/self/certificate/deployed", body)).status;
    };
    CHECK(deployed("{\"sha256\":\"" + hex + "\"}") == 204);
    hex[0] = '0';
    CHECK(deployed("{\"sha256\":\"" + hex + "\"}") == 404);
    CHECK(deployed(R"({"sha256":"x"})") == 400);
    CHECK(deployed("{}") == 400);
}

TEST_CASE("Heartbeats read the certificate's state from the desk once", "[admin][certificate]") {
    Served api;
    const std::string report = R"({"public":"auto"})";
    REQUIRE(api.beat(api.token, report).status == 200);
    const int reads = api.desk.reads;
    for (int beats = 0; beats < 5; ++beats)
        REQUIRE(api.beat(api.token, report).status == 200);
    CHECK(api.desk.reads == reads);
    api.issue(1);
    api.settle();
    CHECK(text_at(api.beat(api.token, report).json(), "/certificate/state") == "valid");
}

TEST_CASE("A heartbeat that names the certificate it was given acknowledges it, once",
          "[admin][certificate]") {
    Served api;
    api.issue(0xab);
    api.desk.states[api.id].sha256 = api.desk.chains[api.id].sha256;
    api.settle();
    const auto report = [](const Sha256& digest) {
        return R"({"public":"auto","certificate":{"sha256":")" + to_hex(digest) + "\"}}";
    };
    REQUIRE(api.beat(api.token, report({1})).status == 200);
    CHECK(api.desk.acknowledged == 0);
    const std::string good = report(api.desk.chains[api.id].sha256);
    REQUIRE(api.beat(api.token, good).status == 200);
    CHECK(api.desk.acknowledged == 1);
    api.settle();
    const Answer next = api.beat(api.token, good);
    CHECK_THAT(next.body, Catch::Contains(R"("deployed":true)"));
    CHECK(api.desk.acknowledged == 1);
}

/// A certificate in the store, as if it had been issued that long ago.
Sha256 store_certificate(ApiFixture& api, std::int64_t server_id, std::uint8_t mark,
                         Milliseconds age) {
    store::CertificateRow row;
    row.server_id = server_id;
    row.sha256.fill(mark);
    row.key_sha256.fill(mark);
    row.issued_at = row.not_before = api.store.clock.now() - age;
    row.not_after = row.not_before + Milliseconds(90ll * 86'400'000);
    row.renew_at = row.not_before + Milliseconds(60ll * 86'400'000);
    row.chain = "chain";
    store::Work work = tests::as_work({});
    work.rows = [&](store::Writer& writer, zones::Change&) -> Result<void> {
        TRY(insert_certificate(writer, row));
        return {};
    };
    REQUIRE(api.store.submit(std::move(work)));
    return row.sha256;
}

TEST_CASE("Operators list certificates, and those with an alarm", "[admin][certificate]") {
    ApiFixture api;
    constexpr Milliseconds kDays{86'400'000};
    const std::string served = api.make_server();
    const std::string late = api.make_server();
    const std::string never = api.make_server();
    const auto id = [&](const char* label) {
        return api.store.reader()->server("acme", label).value()->id;
    };
    const Sha256 given = store_certificate(api, id("nur1"), 1, kDays * 10);
    store_certificate(api, id("nur1"), 2, kDays * 95);  // Expired: the other one counts.
    store_certificate(api, id("nur2"), 3, kDays * 1);
    const auto beat = [&](const Sha256& digest) {
        return api.beat(served, R"({"certificate":{"sha256":")" + to_hex(digest) + "\"}}").status;
    };
    REQUIRE(beat(given) == 200);
    api.settle();

    const auto list = [&](const std::string& query) {
        const Answer answer = api.as_operator(Method::Get, "/v1/certificates" + query);
        REQUIRE(answer.status == 200);
        return answer.json();
    };
    const auto servers = [](const JsonValue& page) {
        std::string labels;
        for (const JsonValue& each : std::get<JsonArray>(at(page, "/certificates").is))
            labels += text_at(each, "/server") + " ";
        return labels;
    };
    const auto all = list("");
    CHECK(servers(all) == "nur1 nur2 nur3 ");
    CHECK(text_at(all, "/certificates/0/licence") == "acme");
    CHECK(text_at(all, "/certificates/0/served") == to_hex(given));
    CHECK(text_at(all, "/certificates/0/certificate/sha256") == to_hex(given));
    CHECK(at(all, "/certificates/0/certificate/alarm").is_null());
    CHECK(text_at(all, "/certificates/2/certificate/state") == "none");

    const auto alarms = list("?alarm=any");
    CHECK(servers(alarms) == "nur2 ");
    CHECK(text_at(alarms, "/certificates/0/certificate/alarm/code") == "not-deployed");
    CHECK(at(alarms, "/next").is_null());
    CHECK(servers(list("?alarm=expired")).empty());

    // What it said it serves is not what it was given.
    REQUIRE(beat(Sha256{9}) == 200);
    api.settle();
    CHECK(servers(list("?alarm=old-served")) == "nur1 ");

    const auto page = list("?limit=1");
    CHECK(servers(page) == "nur1 ");
    const auto rest = list("?limit=2&cursor=" + text_at(page, "/next"));
    CHECK(servers(rest) == "nur2 nur3 ");
    CHECK(at(rest, "/next").is_null());

    CHECK(api.as_operator(Method::Get, "/v1/certificates?alarm=late").status == 400);
    CHECK(api.ask({Method::Get, "/v1/certificates", "", served, {}}).status == 403);

    const Answer metrics = api.as_operator(Method::Get, "/metrics");
    CHECK_THAT(metrics.body, Catch::Contains("hairpin_certificates{state=\"valid\"} 2\n"));
    CHECK_THAT(metrics.body,
               Catch::Contains("hairpin_certificate_alarms{alarm=\"old-served\"} 1\n"));
}

TEST_CASE("An operator takes a waiting attempt up again", "[admin][certificate]") {
    Served api;
    const std::string target = "/v1/licences/acme/servers/nur1/certificate/retry";
    CHECK(api.as_operator(Method::Post, target).status == 404);
    api.desk.states[api.id].phase = acme::Phase::Blocked;
    CHECK(api.ask(api.asked(Method::Post, target)).status == 403);
    CHECK(api.desk.states[api.id].phase == acme::Phase::Blocked);
    CHECK(api.as_operator(Method::Post, target).status == 202);
    CHECK(api.desk.states[api.id].phase == acme::Phase::Ordering);
    CHECK(api.desk.last_actor.id == "root");
    CHECK(
        api.as_operator(Method::Post, "/v1/licences/acme/servers/nur7/certificate/retry").status ==
        404);
    api.context.certificates = nullptr;
    CHECK(api.as_operator(Method::Post, target).status == 503);
}

TEST_CASE("An operator gives the account a new key, and nobody else does", "[admin][certificate]") {
    Served api;
    const std::string target = "/v1/acme/account/rollover";
    CHECK(api.ask(api.asked(Method::Post, target)).status == 403);
    CHECK(api.desk.rollovers == 0);
    CHECK(api.as_operator(Method::Post, target).status == 204);
    CHECK(api.desk.rollovers == 1);
    CHECK(api.desk.last_actor.id == "root");
    api.context.certificates = nullptr;
    CHECK(api.as_operator(Method::Post, target).status == 503);
}

TEST_CASE("Without a CA the calls say so", "[admin][certificate]") {
    Served api;
    api.context.certificates = nullptr;
    for (const Method method : {Method::Get, Method::Put, Method::Post})
        CHECK(api.ask(api.asked(method, kTarget, method == Method::Put ? "x" : "")).status == 503);
    CHECK(api.beat(api.token, "{}").status == 200);
}

}  // namespace
}  // namespace hairpin::admin
