// Health, readiness, metrics, addresses, presence, and that no log line holds a secret.

#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

#include "admin/presence.hpp"
#include "core/log.hpp"
#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

class NotReady final : public ReadinessSource {
public:
    [[nodiscard]] std::vector<Obstacle> obstacles() const override {
        return {{"dns listener", "not open yet"}};
    }
};

class OneMetric final : public MetricsSource {
public:
    void collect(MetricsText& metrics) const override {
        metrics.counter("dns_queries_total", "Queries.", 42);
    }
};

TEST_CASE("Health and readiness", "[admin][monitoring]") {
    ApiFixture api;
    CHECK(api.ask({Method::Get, "/healthz", "", "", {}}).status == 200);
    CHECK(api.ask({Method::Get, "/readyz", "", "", {}}).status == 200);
    const NotReady source;
    api.context.readiness = &source;
    const Answer answer = api.ask({Method::Get, "/readyz", "", "", {}});
    CHECK(answer.status == 503);
    CHECK(text_at(answer.json(), "/errors/0/pointer") == "dns listener");
    CHECK(api.ask({Method::Get, "/healthz", "", "", {}}).status == 200);
    CHECK(answer.header("retry-after") == "5");
}

TEST_CASE("When nothing can be written, readiness and writes say so and reads go on",
          "[admin][monitoring][invariant6]") {
    ApiFixture api;
    api.make_server();
    api.store.committer->stop();
    const Answer write = api.as_operator(Method::Post, "/v1/licences", R"({"licence":"b"})");
    CHECK(write.status == 503);
    CHECK_FALSE(write.header("retry-after").empty());
    CHECK(api.as_operator(Method::Get, "/v1/licences/acme").status == 200);
}

TEST_CASE("Metrics are Prometheus text, with those of the other folders", "[admin][monitoring]") {
    ApiFixture api;
    const OneMetric source;
    api.context.metrics = &source;
    const std::string token = api.make_server();
    REQUIRE(api.beat(token, R"({"public":"auto"})").status == 200);
    const Answer answer = api.ask({Method::Get, "/metrics", "", "", {}, "127.0.0.1"});
    REQUIRE(answer.status == 200);
    CHECK_THAT(answer.body, Catch::Contains("hairpin_dns_queries_total 42\n"));
    CHECK_THAT(answer.body, Catch::Contains("hairpin_heartbeats_total{outcome=\"changed\"} 1\n"));
    CHECK_THAT(answer.body, Catch::Contains("hairpin_zones 1\n"));
    CHECK_THAT(answer.body, Catch::Contains("hairpin_servers{online=\"online\"} 1\n"));
    // Each sample belongs to the family announced right before it.
    std::istringstream lines(answer.body);
    std::string family;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# TYPE ")) family = line.substr(7, line.rfind(' ') - 7);
        if (line.starts_with('#')) continue;
        INFO(line);
        CHECK(line.starts_with(family));
    }
}

TEST_CASE("Anybody may ask for the address they come from", "[admin][address]") {
    ApiFixture api;
    const auto body = [&](const std::string& target, const std::string& peer) {
        return api.ask({Method::Get, target, "", "", {}, peer}).body;
    };
    CHECK(body("/myip", "203.0.113.10") == "203.0.113.10\n");
    CHECK(body("/myip", "::ffff:203.0.113.10") == "203.0.113.10\n");
    CHECK(body("/myip?format=json", "2001:db8::1") == R"({"ip":"2001:db8::1"})");
    CHECK_THAT(body("/myip?format=html", "203.0.113.10"),
               Catch::Contains("Current IP Address: 203.0.113.10"));
    CHECK(api.ask({Method::Get, "/myip?format=xml", "", "", {}}).status == 400);
    CHECK(body("/v1/whoami", "2001:db8::1") == R"({"observed":"2001:db8::1","family":"ipv6"})");
    const Answer document = api.ask({Method::Get, "/v1/openapi.json", "", "", {}});
    CHECK(document.status == 200);
    CHECK(api.ask({Method::Get,
                   "/v1/openapi.json",
                   "",
                   "",
                   {{"if-none-match", document.header("etag")}}})
              .status == 304);
}

TEST_CASE("A server is offline after three missed intervals and online at the next report",
          "[admin][presence]") {
    ApiFixture api;
    const std::string token = api.make_server();
    const auto shown = [&] {
        return text_at(api.as_operator(Method::Get, "/v1/licences/acme/servers/nur1").json(),
                       "/online");
    };
    const auto stored = [&] { return api.store.reader()->server("acme", "nur1").value()->online; };
    const auto sweep = PresenceSweep::start(api.context, api.loop, api.store.reader());
    CHECK(shown() == "unknown");
    REQUIRE(api.beat(token, R"({"public":"auto"})").status == 200);
    api.store.clock.advance(Milliseconds(179'999));
    CHECK(shown() == "online");
    api.store.clock.advance(Milliseconds(1));
    CHECK(shown() == "offline");  // Before anything is stored.
    CHECK(stored() == store::Online::Online);

    api.store.clock.advance(Milliseconds(1));
    sweep->step();
    // Nobody is told when that is durable, and the commit thread may be late.
    for (int each = 0; each < 300 && stored() != store::Online::Offline; ++each)
        api.settle();
    CHECK(stored() == store::Online::Offline);
    REQUIRE(api.beat(token, "{}").status == 200);
    api.settle();
    CHECK(shown() == "online");
    CHECK(stored() == store::Online::Online);
}

TEST_CASE("No log line and no error holds a secret", "[admin][log][invariant5]") {
    std::ostringstream lines;
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(lines);
    auto& logger = log::logger("admin");
    logger.sinks().push_back(sink);
    {
        ApiFixture api;
        const std::string token = api.make_server();
        REQUIRE(api.beat(token, R"({"public":"auto","machine":"a"})").status == 200);
        REQUIRE(api.beat(token, R"({"port":0})").status == 400);
        REQUIRE(api.as_operator(Method::Post, "/v1/licences/acme/servers/nur1/credentials",
                                R"({"overlap":60})")
                    .status == 201);
        CHECK(api.ask({Method::Post, "/v1/" + token, "", token, {}}).status == 400);
        CHECK(api.ask({Method::Delete, "/v1/zones/x?t=" + token, "", token, {}}).status == 400);
        CHECK(api.ask({Method::Post, "/v1/zones/x?secret=hidden", "", token, {}}).status == 405);
        CHECK(api.ask({Method::Post,
                       "/v1/licences",
                       "{\"licence\":\"" + token + "\"}",
                       api.operator_token,
                       {}})
                  .status == 400);
        CHECK(lines.str().find(token) == std::string::npos);
        CHECK(lines.str().find(api.operator_token) == std::string::npos);
    }
    logger.sinks().pop_back();
    CHECK(lines.str().find("POST /v1/licences by operator root") != std::string::npos);
    CHECK(lines.str().find("hp_") == std::string::npos);
    CHECK(lines.str().find("hidden") == std::string::npos);
}

}  // namespace
}  // namespace hairpin::admin
