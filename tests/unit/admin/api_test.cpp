#include "admin/api.hpp"

#include "tests/unit/admin/api_fixture.hpp"
#include "zones/lookup.hpp"
#include "zones/tree_key.hpp"

namespace hairpin::admin {
namespace {

using net::Method;
using zones::RType;

zones::Finding finding(const ApiFixture& api, std::string_view owner, RType type) {
    const auto table = api.store.published->snapshot();
    const zones::Name qname = tests::name(owner);
    const zones::TreeKey key(qname);
    return zones::look_up(*table->closest_enclosing(qname), qname, key, type);
}

TEST_CASE("The main job: a licence, a server, its report, both names answered", "[admin][api]") {
    ApiFixture api;

    const Answer licence =
        api.as_operator(Method::Post, "/v1/licences", R"({"licence":"acme","plan":"gold"})");
    CHECK(licence.status == 201);
    CHECK(licence.header("location") == "/v1/licences/acme");
    CHECK(text_at(licence.json(), "/zone") == "pl-acme.example.net");
    CHECK(api.addresses("pl-acme.example.net.", RType::NS) == "ns1.example.net. ns2.example.net.");

    const Answer server =
        api.as_operator(Method::Post, "/v1/licences/acme/servers", R"({"port":8443})");
    REQUIRE(server.status == 201);
    const JsonValue made = server.json();
    CHECK(text_at(made, "/label") == "nur1");
    CHECK(text_at(made, "/names/public") == "nur1.pl-acme.example.net");
    CHECK(text_at(made, "/names/internal") == "i-nur1.pl-acme.example.net");
    CHECK(text_at(made, "/tsig/algorithm") == "hmac-sha256");
    CHECK(from_base64(text_at(made, "/tsig/secret"))->size() == 32);

    const Answer beat = api.beat(text_at(made, "/token"), R"({
        "private": ["192.168.1.11", "fd00::11"], "public": "auto", "port": 8443,
        "machine": "m-1", "boot": "b-1", "agent": "hairpin-agent/1.0", "internal_name": "ok"})");
    REQUIRE(beat.status == 200);
    const JsonValue said = beat.json();
    CHECK(std::get<bool>(at(said, "/changed").is));
    CHECK(text_at(said, "/observed") == "203.0.113.10");
    CHECK(texts_at(said, "/published/public") == "203.0.113.10");
    CHECK(texts_at(said, "/published/internal") == "192.168.1.11 fd00::11");
    CHECK(text_at(said, "/mount") == "https://i-nur1.pl-acme.example.net:8443/");
    CHECK(text_at(said, "/verdict/code") == "unknown");
    CHECK(text_at(said, "/certificate/state") == "none");
    CHECK(number_at(said, "/serial") == api.store.zone("pl-acme.example.net.")->serial());
    const double next_in = std::get<double>(at(said, "/next_in").is);
    CHECK(next_in >= 54);
    CHECK(next_in <= 66);
    CHECK(api.addresses("nur1.pl-acme.example.net.", RType::A) == "203.0.113.10");
    CHECK(api.addresses("i-nur1.pl-acme.example.net.", RType::AAAA) == "fd00::11");

    const Answer self = api.ask({Method::Get, "/v1/self", "", text_at(made, "/token"), {}});
    REQUIRE(self.status == 200);
    CHECK(text_at(self.json(), "/online") == "online");
    CHECK(text_at(self.json(), "/reported/agent") == "hairpin-agent/1.0");
}

TEST_CASE("A server is told how to check in, and our time only when it asks itself",
          "[admin][api][checkin]") {
    ApiOptions options = test_options();
    options.check_in_port = 5380;
    ApiFixture api(options);
    REQUIRE(api.as_operator(Method::Post, "/v1/licences", R"({"licence":"acme"})").status == 201);
    const Answer answer = api.as_operator(Method::Post, "/v1/licences/acme/servers", "{}");
    CHECK(answer.body.find("clock") == std::string::npos);
    const JsonValue made = answer.json();
    const std::int64_t server = number_at(made, "/check_in/server");
    CHECK(server > 0);
    CHECK(number_at(made, "/check_in/port") == 5380);
    CHECK(number_at(made, "/check_in/interval") == 60);

    const std::string token = text_at(made, "/token");
    const JsonValue beat = api.beat(token, R"({"public":"auto"})").json();
    const JsonValue self = api.ask({Method::Get, "/v1/self", "", token, {}}).json();
    for (const JsonValue* each : {&beat, &self}) {
        CHECK(number_at(*each, "/check_in/server") == server);
        CHECK(number_at(*each, "/check_in/clock") == to_unix_milliseconds(api.store.clock.now()));
    }
}

TEST_CASE("Challenge names never answer NXDOMAIN once the server exists", "[admin][api][rfc8020]") {
    ApiFixture api;
    api.make_server();

    for (const char* owner : {"_acme-challenge.nur1.pl-acme.example.net.",
                              "_acme-challenge.i-nur1.pl-acme.example.net.",
                              "nur1.pl-acme.example.net.", "i-nur1.pl-acme.example.net."}) {
        INFO(owner);
        CHECK(std::holds_alternative<zones::NoData>(finding(api, owner, RType::TXT)));
    }
    // Also after a whole zone file that does not know of them.
    const Answer replaced =
        api.as_operator(Method::Put, "/v1/zones/pl-acme.example.net/zonefile",
                        "@ 3600 IN SOA ns1.example.net. h.example.net. 1 3600 600 604800 60\n"
                        "@ 3600 IN NS ns1.example.net.\n");
    REQUIRE(replaced.status == 200);
    CHECK(std::holds_alternative<zones::NoData>(
        finding(api, "_acme-challenge.nur1.pl-acme.example.net.", RType::TXT)));

    REQUIRE(api.as_operator(Method::Delete, "/v1/licences/acme/servers/nur1").status == 204);
    CHECK(std::holds_alternative<zones::NxDomain>(
        finding(api, "_acme-challenge.nur1.pl-acme.example.net.", RType::TXT)));
}

TEST_CASE("A report that changes nothing makes no commit", "[admin][heartbeat]") {
    ApiFixture api;
    const std::string token = api.make_server();
    const std::string report = R"({"private":["192.168.1.11"],"public":"auto","machine":"m"})";
    REQUIRE(api.beat(token, report).status == 200);
    const auto works = api.store.committer->counters().works.load();
    const auto serial = api.store.zone("pl-acme.example.net.")->serial();

    for (int beats = 0; beats < 5; ++beats) {
        api.store.clock.advance(Milliseconds(60'000));
        const Answer again = api.beat(token, report);
        REQUIRE(again.status == 200);
        CHECK_FALSE(std::get<bool>(at(again.json(), "/changed").is));
    }

    CHECK(api.store.committer->counters().works.load() == works);
    CHECK(api.store.zone("pl-acme.example.net.")->serial() == serial);
    CHECK(api.context.counters.heartbeats_unchanged.load() == 5);
    const WallTime last = api.store.clock.now();
    api.settle();
    CHECK(api.store.reader()->server("acme", "nur1").value()->last_seen_at == last);
}

TEST_CASE("A server that reports something else each time is slowed down, others are not",
          "[admin][heartbeat][limit][hostile]") {
    ApiFixture api;
    const std::string token = api.make_server();
    const std::string other = api.make_server();
    const auto report = [](int boot) { return "{\"boot\":\"" + std::to_string(boot) + "\"}"; };
    for (int boot = 1; boot <= 20; ++boot)
        REQUIRE(api.beat(token, report(boot)).status == 200);
    const auto works = api.store.committer->counters().works.load();

    const Answer slowed = api.beat(token, report(21));
    CHECK(slowed.status == 429);
    CHECK(slowed.header("retry-after") == "2");
    CHECK(api.beat(token, R"({"port":1})").status == 429);
    CHECK(api.beat(token, R"({"private":["10.0.0.1"]})").status == 429);
    CHECK(api.store.committer->counters().works.load() == works);
    for (int beats = 0; beats < 30; ++beats)
        REQUIRE(api.beat(token, report(20)).status == 200);  // Nothing changes.
    CHECK(api.beat(other, report(1)).status == 200);

    api.store.clock.advance(Milliseconds(2'000));
    CHECK(api.beat(token, report(21)).status == 200);
    CHECK(api.beat(token, report(22)).status == 429);
}

TEST_CASE("Concurrent reports of one server lose no family that they do not mention",
          "[admin][heartbeat][race]") {
    ApiOptions options = test_options();
    options.changes.burst = 1'000;
    ApiFixture api(options);
    const std::string token = api.make_server();
    for (int round = 1; round <= 20; ++round) {
        const std::string v4 = "192.168.1." + std::to_string(round);
        // Both decide over the same snapshot; the commits follow one another.
        const auto first = api.begin({Method::Post,
                                      "/v1/self/heartbeat",
                                      R"({"public":"auto"})",
                                      token,
                                      {},
                                      "203.0.113." + std::to_string(round)});
        const auto second = api.begin({Method::Post,
                                       "/v1/self/heartbeat",
                                       R"({"public":"auto"})",
                                       token,
                                       {},
                                       "2001:db8::" + std::to_string(round)});
        const auto third = api.begin({Method::Post,
                                      "/v1/self/heartbeat",
                                      "{\"private\":[\"" + v4 + "\"]}",
                                      token,
                                      {},
                                      "203.0.113.1"});
        REQUIRE(api.finish(*first).status == 200);
        REQUIRE(api.finish(*second).status == 200);
        REQUIRE(api.finish(*third).status == 200);

        CHECK(api.addresses("nur1.pl-acme.example.net.", RType::A) ==
              "203.0.113." + std::to_string(round));
        CHECK(api.addresses("nur1.pl-acme.example.net.", RType::AAAA) ==
              "2001:db8::" + std::to_string(round));
        CHECK(api.addresses("i-nur1.pl-acme.example.net.", RType::A) == v4);
    }
}

TEST_CASE("A report under way when its server loses its standing changes nothing",
          "[admin][heartbeat][race][invariant3]") {
    struct Case {
        Method method;
        const char* target;
        const char* body;
        int by_operator;
        int by_server;
    };
    for (const Case& each : std::vector<Case>{
             {Method::Patch, "/v1/licences/acme/servers/nur1", R"({"state":"suspended"})", 200,
              403},
             {Method::Patch, "/v1/licences/acme", R"({"state":"suspended"})", 200, 403},
             {Method::Post, "/v1/licences/acme/servers/nur1/credentials", "{}", 201, 401},
             {Method::Delete, "/v1/licences/acme/servers/nur1", "", 204, 403}}) {
        INFO(each.target << " " << each.body);
        ApiFixture api;
        const std::string token = api.make_server();
        const auto decision =
            api.begin({each.method, each.target, each.body, api.operator_token, {}});
        const auto report =
            api.begin({Method::Post, "/v1/self/heartbeat", R"({"public":"auto"})", token, {}});
        CHECK(api.finish(*decision).status == each.by_operator);
        CHECK(api.finish(*report).status == each.by_server);
        CHECK(api.addresses("nur1.pl-acme.example.net.", RType::A).empty());
    }
}

TEST_CASE("Two machines under one identity are frozen at the last agreed value",
          "[admin][heartbeat][conflict]") {
    ApiFixture api;
    const std::string token = api.make_server();
    const auto report = [](const std::string& machine) {
        return R"({"public":"auto","machine":")" + machine + "\"}";
    };
    const auto published = [&] { return api.addresses("nur1.pl-acme.example.net.", RType::A); };
    REQUIRE(api.beat(token, report("right"), "203.0.113.1").status == 200);
    api.store.clock.advance(Milliseconds(30'000));

    const Answer held = api.beat(token, report("copy"), "203.0.113.2");
    CHECK(text_at(held.json(), "/verdict/code") == "second-machine");
    CHECK(published() == "203.0.113.1");
    api.store.clock.advance(Milliseconds(30'000));
    const Answer frozen = api.beat(token, report("right"), "203.0.113.3");
    CHECK(text_at(frozen.json(), "/verdict/code") == "conflict");
    CHECK(published() == "203.0.113.1");
    for (int beats = 0; beats < 4; ++beats) {
        api.store.clock.advance(Milliseconds(30'000));
        REQUIRE(api.beat(token, report(beats % 2 == 0 ? "copy" : "right"), "203.0.113.9").status ==
                200);
    }
    CHECK(published() == "203.0.113.1");

    const JsonValue seen = api.as_operator(Method::Get, "/v1/licences/acme/servers/nur1").json();
    CHECK(text_at(seen, "/state") == "conflict");
    CHECK(text_at(seen, "/conflict/machines/0/machine") == "right");
    CHECK(text_at(seen, "/conflict/machines/1/machine") == "copy");

    // The operator decides.
    REQUIRE(api.as_operator(Method::Patch, "/v1/licences/acme/servers/nur1",
                            R"({"state":"active","machine":"right"})")
                .status == 200);
    const Answer resolved = api.beat(token, report("right"), "203.0.113.3");
    CHECK(std::get<bool>(at(resolved.json(), "/changed").is));
    CHECK(published() == "203.0.113.3");
}

TEST_CASE("A machine with a newer credential replaces the old one at once",
          "[admin][heartbeat][conflict]") {
    ApiFixture api;
    const std::string token = api.make_server();
    REQUIRE(api.beat(token, R"({"public":"auto","machine":"old"})", "203.0.113.1").status == 200);
    api.store.clock.advance(Milliseconds(1'000));
    const Answer rotated =
        api.as_operator(Method::Post, "/v1/licences/acme/servers/nur1/credentials", "{}");
    REQUIRE(rotated.status == 201);
    const std::string fresh = text_at(rotated.json(), "/token");
    CHECK(api.beat(token, "{}").status == 401);

    REQUIRE(api.beat(fresh, R"({"public":"auto","machine":"new"})", "203.0.113.2").status == 200);

    CHECK(api.addresses("nur1.pl-acme.example.net.", RType::A) == "203.0.113.2");
}

TEST_CASE("Rotation with an overlap keeps the old token for that long", "[admin][api]") {
    ApiFixture api;
    const std::string token = api.make_server();
    REQUIRE(api.as_operator(Method::Post, "/v1/licences/acme/servers/nur1/credentials",
                            R"({"overlap":600})")
                .status == 201);

    CHECK(api.beat(token, "{}").status == 200);
    api.store.clock.advance(Milliseconds(601'000));
    CHECK(api.beat(token, "{}").status == 401);
}

TEST_CASE("A refused address is named and the rest of the report is taken", "[admin][heartbeat]") {
    ApiFixture api;
    const std::string token = api.make_server();

    const Answer beat =
        api.beat(token, R"({"private":["192.168.1.11","8.8.8.8"],"public":"auto"})", "10.0.0.7");

    REQUIRE(beat.status == 200);
    const JsonValue said = beat.json();
    REQUIRE(size_at(said, "/refused") == 2);
    CHECK(text_at(said, "/refused/0/address") == "8.8.8.8");
    CHECK(text_at(said, "/refused/0/name") == "i-nur1.pl-acme.example.net");
    CHECK(text_at(said, "/refused/1/address") == "10.0.0.7");
    CHECK(texts_at(said, "/published/internal") == "192.168.1.11");
    CHECK(size_at(said, "/published/public") == 0);
    CHECK(text_at(said, "/verdict/code") == "private-source");
}

TEST_CASE("A suspended or expired licence stops its servers and says so", "[admin][api]") {
    ApiFixture api;
    const std::string token = api.make_server();
    REQUIRE(
        api.as_operator(Method::Patch, "/v1/licences/acme", R"({"state":"suspended"})").status ==
        200);
    const Answer suspended = api.beat(token, "{}");
    CHECK(suspended.status == 403);
    CHECK(text_at(suspended.json(), "/type") == "urn:hairpin:problem:licence-suspended");

    REQUIRE(api.as_operator(Method::Patch, "/v1/licences/acme",
                            R"({"state":"active","expires":"2020-01-01T00:00:00Z"})")
                .status == 200);
    CHECK(api.beat(token, "{}").status == 403);

    REQUIRE(api.as_operator(Method::Patch, "/v1/licences/acme", R"({"expires":null})").status ==
            200);
    CHECK(api.beat(token, "{}").status == 200);
}

TEST_CASE("Deleting a licence takes zone, servers, credentials and delegation in one work",
          "[admin][api]") {
    ApiFixture api;
    REQUIRE(api.as_operator(Method::Post, "/v1/zones", R"({"zone":"example.net."})").status == 201);
    const std::string token = api.make_server();
    CHECK(api.store.zone("example.net.")->find(tests::name("pl-acme.example.net."), RType::NS) !=
          nullptr);

    REQUIRE(api.as_operator(Method::Delete, "/v1/licences/acme").status == 204);

    CHECK(api.store.zone("pl-acme.example.net.").get() == nullptr);
    CHECK(api.store.zone("example.net.")->find(tests::name("pl-acme.example.net."), RType::NS) ==
          nullptr);
    CHECK(api.beat(token, "{}").status == 401);
    CHECK(api.as_operator(Method::Get, "/v1/licences/acme").status == 404);
}

TEST_CASE("A client that went away, and an API that is gone, harm nothing", "[admin][api]") {
    ApiFixture api;
    const auto gone =
        api.begin({Method::Post, "/v1/licences", R"({"licence":"acme"})", api.operator_token, {}});
    gone->hang_up();
    const auto dropped =
        api.begin({Method::Post, "/v1/licences", R"({"licence":"beta"})", api.operator_token, {}});
    api.api.reset();
    api.settle();
    api.turn_until([&] {
        return dropped->is_abandoned && api.store.zone("pl-acme.example.net.").get() != nullptr;
    });

    CHECK_FALSE(dropped->is_complete);
    CHECK(dropped->is_abandoned);
    CHECK(api.store.zone("pl-acme.example.net.").get() != nullptr);
}

TEST_CASE("Answers that come after the loop has gone are dropped", "[admin][api][stop]") {
    tests::OpenStore store(committer_options(test_options()));
    const Sealer sealer = Sealer::from_key({1});
    ApiContext context(test_options(), store.clock, *store.committer, *store.published, sealer);
    const std::string token = make_token(store::CredentialKind::Operator);
    store::Work insertion;
    insertion.rows = [&](store::Writer& writer, zones::Change&) -> Result<void> {
        TRY(writer.insert_credential(operator_credential(token, "root", writer.now())));
        return {};
    };
    REQUIRE(store.submit(std::move(insertion)));
    // Holds the commit thread until the loop has gone.
    std::promise<void> gone;
    store::Work gate;
    gate.rows = [&](store::Writer&, zones::Change&) -> Result<void> {
        gone.get_future().wait();
        return {};
    };
    auto held = store.submit_later(std::move(gate));
    {
        net::Loop loop;
        const auto captured = tests::CapturedResponse::create();  // Goes first, as a server does.
        const auto api = Api::create(context, loop, store.reader());
        net::Request request;
        request.method = Method::Post;
        REQUIRE(net::set_target(request, "/v1/licences"));
        request.headers = {{"authorization", "Bearer " + token}};
        request.body = R"({"licence":"late"})";
        api->handle(std::move(request), captured->responder(loop));
    }
    gone.set_value();
    REQUIRE(held.get());
    store.committer->stop();

    CHECK(store.zone("pl-late.example.net.").get() != nullptr);
}

}  // namespace
}  // namespace hairpin::admin
