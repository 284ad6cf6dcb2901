// /v1/events over a real store: pages, long polls, streams, and who may read whose.

#include <algorithm>

#include "admin/alarm_sweep.hpp"
#include "store/acme_rows.hpp"
#include "store/alarm_rows.hpp"
#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

struct EventSite : ApiFixture {
    using ApiFixture::ApiFixture;

    [[nodiscard]] Answer page(const std::string& query, const std::string& token = {}) {
        return ask(
            {Method::Get, "/v1/events" + query, "", token.empty() ? operator_token : token, {}});
    }
    [[nodiscard]] std::string types(const std::string& query, const std::string& token = {}) {
        const Answer answer = page(query, token);
        INFO(answer.body);
        REQUIRE(answer.status == 200);
        const JsonValue json = answer.json();
        std::string joined;
        for (std::size_t each = 0; each < size_at(json, "/events"); ++each)
            joined += (joined.empty() ? "" : " ") +
                      text_at(json, "/events/" + std::to_string(each) + "/type");
        return joined;
    }
    [[nodiscard]] std::shared_ptr<tests::CapturedResponse> stream(
        const std::string& query, const std::string& token = {},
        std::vector<net::Header> headers = {}) {
        headers.push_back({"accept", "text/event-stream"});
        return begin({Method::Get, "/v1/events" + query, "", token.empty() ? operator_token : token,
                      std::move(headers)});
    }
    void await(const tests::CapturedResponse& captured, std::string_view text) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (captured.response.body.find(text) == std::string::npos &&
               std::chrono::steady_clock::now() < deadline)
            turn();
        INFO(captured.response.body);
        REQUIRE(captured.response.body.find(text) != std::string::npos);
    }
    [[nodiscard]] std::string make_token(const std::string& licence, const std::string& role) {
        const Answer made = as_operator(
            Method::Post, "/v1/credentials",
            R"({"kind":"token","owner":{"licence":")" + licence + R"("},"role":")" + role + "\"}");
        INFO(made.body);
        REQUIRE(made.status == 201);
        return text_at(made.json(), "/secret");
    }
    [[nodiscard]] std::int64_t newest() {
        auto reader = store.reader();
        return tests::must(store::EventQueries(reader->database()).newest());
    }
};

TEST_CASE("Events are read page by page, from where a reader was", "[admin][events]") {
    EventSite api;
    static_cast<void>(api.make_server());
    CHECK(api.types("?kind=licence.*,server.*,zone.*") ==
          "licence.created zone.created server.created");
    CHECK(api.types("?kind=server.*&licence=acme") == "server.created");
    CHECK(api.types("?licence=beta").empty());
    CHECK(api.types("?after=now").empty());

    const JsonValue first = api.page("?limit=2").json();
    CHECK(size_at(first, "/events") == 2);
    CHECK(std::get<bool>(at(first, "/more").is));
    const std::int64_t last = number_at(first, "/last");
    CHECK(number_at(first, "/events/1/id") == last);
    const JsonValue rest = api.page("?after=" + std::to_string(last)).json();
    CHECK(number_at(rest, "/events/0/id") > last);
    CHECK(number_at(rest, "/last") == api.newest());
}

TEST_CASE("What is asked for must make sense", "[admin][events][hostile]") {
    EventSite api;
    for (const char* wrong : {"?after=x", "?after=-1", "?after=1x", "?kind=zone", "?kind=Zone.*",
                              "?kind=a%20b", "?wait=61", "?wait=x", "?limit=501", "?limit=-1"}) {
        INFO(wrong);
        CHECK(api.page(wrong).status == 400);
    }
    std::string many = "?kind=*";
    for (int each = 0; each < 40; ++each)
        many += ",*";
    CHECK(api.page(many).status == 400);
    CHECK(api.ask({Method::Get, "/v1/events", "", "", {}}).status == 401);
}

TEST_CASE("A long poll is answered by the next event, or empty when its time is over",
          "[admin][events]") {
    EventSite api;
    const auto waiting = api.begin(
        {Method::Get, "/v1/events?after=now&wait=20&kind=licence.*", "", api.operator_token, {}});
    for (int turns = 0; turns < 20; ++turns)
        api.turn();
    CHECK_FALSE(waiting->is_complete);
    CHECK(api.as_operator(Method::Post, "/v1/zones", R"({"zone":"plain.example."})").status == 201);
    CHECK_FALSE(waiting->is_complete);  // That is none it wants.
    CHECK(api.as_operator(Method::Post, "/v1/licences", R"({"licence":"beta"})").status == 201);
    const Answer answer = api.finish(*waiting);
    CHECK(text_at(answer.json(), "/events/0/type") == "licence.created");
    CHECK(api.types("?after=now&wait=1").empty());
    CHECK(api.api->event_readers().size() == 0);
    CHECK(api.context.counters.event_readers_open == 0);
}

TEST_CASE("A stream begins now, carries each event with its id, and resumes behind the last",
          "[admin][events][sse]") {
    EventSite api;
    static_cast<void>(api.make_server());
    const auto stream = api.stream("");
    CHECK(stream->response.status == 200);
    CHECK(stream->header("content-type") == "text/event-stream");
    CHECK(stream->response.body.find("data:") == std::string::npos);
    CHECK(api.as_operator(Method::Post, "/v1/licences", R"({"licence":"beta"})").status == 201);
    api.await(*stream, "event: zone.created\n");
    const std::string id = std::to_string(api.newest());
    CHECK(stream->response.body.find("id: " + id + "\nevent: zone.created\ndata: {\"id\":" + id +
                                     ",") != std::string::npos);

    const auto resumed = api.stream("?kind=zone.*", {}, {{"last-event-id", id}});
    CHECK(api.as_operator(Method::Post, "/v1/licences", R"({"licence":"gamma"})").status == 201);
    api.await(*resumed, "pl-gamma");
    CHECK(resumed->response.body.find("pl-beta") == std::string::npos);
    CHECK(resumed->response.body.find("licence.created") == std::string::npos);

    SECTION("a peer that has gone is forgotten") {
        CHECK(api.api->event_readers().size() == 2);
        stream->hang_up();
        resumed->hang_up();
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (api.api->event_readers().size() != 0 && std::chrono::steady_clock::now() < deadline)
            api.turn();
        CHECK(api.api->event_readers().size() == 0);
    }
    SECTION("when Hairpin stops all are sent home, and nobody begins") {
        api.bell.ring(hooks::Ring::End);
        const auto late = api.finish(*stream);
        CHECK(resumed->is_complete);
        CHECK(api.finish(*api.stream("")).status == 503);
    }
}

TEST_CASE("A peer that takes nothing more is written nothing more", "[admin][events][sse]") {
    EventSite api;
    const auto stream = api.stream("");
    stream->peer_is_there = true;
    stream->is_full = true;
    CHECK(api.as_operator(Method::Post, "/v1/licences", R"({"licence":"beta"})").status == 201);
    api.await(*stream, "pl-beta");
    CHECK(api.as_operator(Method::Post, "/v1/licences", R"({"licence":"gamma"})").status == 201);
    for (int turns = 0; turns < 50; ++turns)
        api.turn();
    CHECK(stream->response.body.find("pl-gamma") == std::string::npos);
    stream->is_full = false;
    stream->make_room();
    api.await(*stream, "pl-gamma");
}

TEST_CASE("A licence's token reads its own licence's events, and nothing without a grant to read",
          "[admin][events][permission]") {
    EventSite api;
    static_cast<void>(api.make_server("acme"));
    static_cast<void>(api.make_server("beta"));
    const std::string reader = api.make_token("acme", "reader");
    const JsonValue json = api.page("", reader).json();
    REQUIRE(size_at(json, "/events") > 0);
    for (std::size_t each = 0; each < size_at(json, "/events"); ++each)
        CHECK(text_at(json, "/events/" + std::to_string(each) + "/licence") == "acme");
    CHECK(api.page("?licence=acme", reader).status == 200);
    CHECK(api.page("?licence=beta", reader).status == 403);
    CHECK(api.page("", api.make_token("acme", "challenges")).status == 403);
    const std::string server =
        text_at(api.as_operator(Method::Post, "/v1/licences/acme/servers", "{}").json(), "/token");
    CHECK(api.page("", server).status == 403);

    // Nothing more comes once it is revoked.
    const auto stream = api.stream("", reader);
    CHECK_FALSE(stream->is_complete);
    const JsonValue list = api.as_operator(Method::Get, "/v1/credentials?licence=acme").json();
    const std::string id = std::to_string(number_at(list, "/credentials/0/id"));
    CHECK(api.as_operator(Method::Delete, "/v1/credentials/" + id).status == 204);
    static_cast<void>(api.finish(*stream));
    CHECK(stream->response.body.find("credential.revoked") == std::string::npos);
}

TEST_CASE("There are so many readers and no more", "[admin][events][limit]") {
    ApiOptions options = test_options();
    options.max_event_readers = 3;
    options.max_event_readers_per_credential = 2;
    EventSite api(options);
    static_cast<void>(api.make_server());
    const std::string reader = api.make_token("acme", "reader");
    const auto first = api.stream("", reader);
    const auto second = api.stream("", reader);
    const Answer third = api.finish(*api.stream("", reader));
    CHECK(third.status == 429);
    CHECK(third.header("retry-after") == "5");
    const auto operators = api.stream("");
    CHECK_FALSE(operators->is_complete);
    CHECK(api.page("?wait=1").status == 429);
}

TEST_CASE("A rotation tells of both credentials", "[admin][events]") {
    EventSite api;
    static_cast<void>(api.make_server());
    static_cast<void>(api.make_token("acme", "zone"));
    const JsonValue list = api.as_operator(Method::Get, "/v1/credentials?licence=acme").json();
    const std::string id = std::to_string(number_at(list, "/credentials/0/id"));
    const std::string after = "?after=" + std::to_string(api.newest());
    CHECK(api.as_operator(Method::Post, "/v1/credentials/" + id + "/rotation", R"({"overlap":60})")
              .status == 201);
    CHECK(api.types(after) == "credential.created credential.rotated");
    const std::string later = "?after=" + std::to_string(api.newest());
    CHECK(api.as_operator(Method::Post, "/v1/licences/acme/servers/nur1/credentials",
                          R"({"overlap":60})")
              .status == 201);
    CHECK(api.types(later) == "credential.created credential.rotated");
}

TEST_CASE("An alarm is told of when it is raised and when it is cleared, once each",
          "[admin][events][acme]") {
    EventSite api;
    static_cast<void>(api.make_server());
    const std::int64_t server = api.store.reader()->server("acme", "nur1").value()->id;
    auto sweep_ref = AlarmSweep::start(api.context, api.loop, api.store.reader());
    AlarmSweep& sweep = *sweep_ref;
    store::CertificateRow row;
    row.server_id = server;
    row.not_before = api.store.clock.now();
    row.not_after = row.not_before + Seconds(90 * 86'400);
    row.issued_at = row.not_before;
    row.renew_at = row.not_before + Seconds(60 * 86'400);
    row.sha256.fill(1);
    row.chain = "PEM";
    std::int64_t id = 0;
    const auto write = [&](const std::function<Result<void>(store::Writer&)>& rows) {
        REQUIRE(tests::commit_rows(*api.store.committer, rows));
    };
    write([&](store::Writer& writer) -> Result<void> {
        id = TRY(store::insert_certificate(writer, row));
        return {};
    });
    const auto sweep_and_settle = [&] {
        sweep.look_at(server);
        write([](store::Writer&) -> Result<void> { return {}; });  // Behind the sweep's work.
    };
    const std::string after = "?kind=certificate.alarm&after=" + std::to_string(api.newest());
    sweep_and_settle();
    CHECK(api.types(after).empty());  // There is time yet to deploy it.
    api.store.clock.advance(acme::kDeployGrace + Seconds(1));
    sweep_and_settle();
    sweep_and_settle();
    JsonValue json = api.page(after).json();
    REQUIRE(size_at(json, "/events") == 1);
    CHECK(text_at(json, "/events/0/data/state") == "raised");
    CHECK(text_at(json, "/events/0/data/alarm") == "not-deployed");
    CHECK(text_at(json, "/events/0/subject") == "acme/nur1");
    write([&](store::Writer& writer) -> Result<void> {
        TRY(store::set_deployed(writer, id));
        return store::set_served(writer, server, row.sha256);
    });
    sweep_and_settle();
    sweep_and_settle();
    json = api.page(after).json();
    REQUIRE(size_at(json, "/events") == 2);
    CHECK(text_at(json, "/events/1/data/state") == "cleared");
    CHECK(text_at(json, "/events/1/data/alarm") == "not-deployed");
}

TEST_CASE("A licence has a certificate profile of its own, or the configuration's",
          "[admin][licence][acme]") {
    EventSite api;
    static_cast<void>(api.make_server());
    const auto shown = [&] { return api.as_operator(Method::Get, "/v1/licences/acme").json(); };
    CHECK(at(shown(), "/certificate_profile").is_null());
    const auto set = [&](const std::string& value) {
        return api
            .as_operator(Method::Patch, "/v1/licences/acme",
                         "{\"certificate_profile\":" + value + "}")
            .status;
    };
    CHECK(set("\"shortlived\"") == 200);
    CHECK(text_at(shown(), "/certificate_profile") == "shortlived");
    for (const char* wrong : {"\"\"", "\"a b\"", "7", "[]"})
        CHECK(set(wrong) == 400);
    CHECK(api.as_operator(Method::Patch, "/v1/licences/acme", R"({"plan":"gold"})").status == 200);
    CHECK(text_at(shown(), "/certificate_profile") == "shortlived");
    CHECK(set("null") == 200);
    CHECK(at(shown(), "/certificate_profile").is_null());
}

}  // namespace
}  // namespace hairpin::admin
