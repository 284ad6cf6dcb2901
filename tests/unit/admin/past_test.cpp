#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "admin/api.hpp"
#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

constexpr const char* kPastZone = "/v1/zones/pl-acme.example.net";

/// A server that reported three times, a minute apart; the context has the bulk worker's reader.
struct PastSite {
    PastSite() {
        api.context.bulk_reader.emplace(tests::must(store::Reader::open(api.store.path())));
        token = api.make_server();
        for (const char* address : {"203.0.113.1", "203.0.113.2", "203.0.113.3"}) {
            api.store.clock.advance(Seconds(60));
            REQUIRE(api.beat(token, R"({"public":"auto"})", address).status == 200);
            times.push_back(to_rfc3339(api.store.clock.now()));
            serials.push_back(std::to_string(api.store.zone("pl-acme.example.net.")->serial()));
        }
    }
    [[nodiscard]] Answer get(const std::string& rest) {
        return api.as_operator(Method::Get, kPastZone + rest);
    }

    ApiFixture api;
    std::string token;
    std::vector<std::string> times;
    std::vector<std::string> serials;
};

TEST_CASE("What a name answered at a moment is told, and who had changed it",
          "[admin][history][past]") {
    PastSite site;
    for (const std::string& moment : {"time=" + site.times[1], "serial=" + site.serials[1]}) {
        INFO(moment);
        const Answer answer = site.get("/at?" + moment + "&name=nur1.pl-acme.example.net&type=A");
        REQUIRE(answer.status == 200);
        const JsonValue said = answer.json();
        CHECK(std::to_string(number_at(said, "/serial")) == site.serials[1]);
        REQUIRE(size_at(said, "/rrsets") == 1);
        CHECK(texts_at(said, "/rrsets/0/records") == "203.0.113.2");
        CHECK(text_at(said, "/changed_by/actor/id") == "acme/nur1");
        CHECK(text_at(said, "/changed_by/actor/source") == "203.0.113.2");
        CHECK(text_at(said, "/changed_by/actor/door") == "heartbeat");
        CHECK(text_at(said, "/changed_by/at") == site.times[1]);
    }
    // Now is a moment as well.
    CHECK(
        texts_at(
            site.get("/at?time=" + site.times[2] + "&name=nur1.pl-acme.example.net&type=A").json(),
            "/rrsets/0/records") == "203.0.113.3");
}

TEST_CASE("A whole zone is told page by page", "[admin][history][past][paging]") {
    PastSite site;
    const std::string moment = "/at?time=" + site.times[0];
    const std::size_t all = size_at(site.get(moment).json(), "/rrsets");
    REQUIRE(all > 4);
    std::vector<std::string> seen;
    for (std::string cursor;;) {
        const JsonValue page = site.get(moment + "&limit=2" + cursor).json();
        for (std::size_t each = 0; each < size_at(page, "/rrsets"); ++each) {
            const std::string here = "/rrsets/" + std::to_string(each);
            seen.push_back(text_at(page, here + "/owner") + " " + text_at(page, here + "/type"));
        }
        const auto* next = std::get_if<std::string>(&at(page, "/next").is);
        if (next == nullptr) break;
        cursor = "&cursor=" + *next;
    }
    CHECK(seen.size() == all);
    CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == all);
    CHECK(seen.front() == "pl-acme.example.net NS");
}

TEST_CASE("Two moments are compared in either direction", "[admin][history][past]") {
    PastSite site;
    const JsonValue forth =
        site.get("/diff?from=" + site.times[0] + "&to=" + site.serials[2] + "&type=A").json();
    REQUIRE(size_at(forth, "/changes") == 1);
    CHECK(number_at(forth, "/changes_in_all") == 1);
    CHECK(texts_at(forth, "/changes/0/before/records") == "203.0.113.1");
    CHECK(texts_at(forth, "/changes/0/after/records") == "203.0.113.3");
    const JsonValue back = site.get("/diff?from=" + site.serials[2] + "&to=" + site.times[0] +
                                    "&name=nur1.pl-acme.example.net")
                               .json();
    CHECK(texts_at(back, "/changes/0/after/records") == "203.0.113.1");
    const JsonValue pages =
        site.get("/diff?from=" + site.times[0] + "&to=" + site.times[2] + "&limit=1").json();
    CHECK(text_at(pages, "/changes/0/type") == "SOA");
    CHECK(number_at(pages, "/changes_in_all") == 2);
    const JsonValue rest = site.get("/diff?from=" + site.times[0] + "&to=" + site.times[2] +
                                    "&limit=1&cursor=" + text_at(pages, "/next"))
                               .json();
    CHECK(text_at(rest, "/changes/0/type") == "A");
    const JsonValue none =
        site.get("/diff?from=" + site.times[2] + "&to=" + site.serials[2]).json();
    CHECK(size_at(none, "/changes") == 0);
}

TEST_CASE("Questions about the past that make no sense are refused with the reason",
          "[admin][history][past][hostile]") {
    PastSite site;
    struct Case {
        std::string rest;
        int status;
    };
    const std::vector<Case> cases = {
        {"/at", 400},
        {"/at?time=" + site.times[0] + "&serial=7", 400},
        {"/at?time=yesterday", 400},
        {"/at?time=2099-01-01T00:00:00Z", 400},
        {"/at?serial=4294967296", 400},
        {"/at?serial=-1", 400},
        {"/at?serial=7", 404},
        {"/at?time=2001-01-01T00:00:00Z", 404},
        {"/at?time=" + site.times[0] + "&type=NONSENSE", 400},
        {"/at?time=" + site.times[0] + "&name=other.example.", 400},
        {"/at?time=" + site.times[0] + "&cursor=AAAA", 400},
        {"/diff?from=7", 400},
        {"/diff?from=&to=7", 400},
    };
    for (const Case& each : cases) {
        INFO(each.rest);
        CHECK(site.get(each.rest).status == each.status);
    }
    CHECK(site.api.as_operator(Method::Get, "/v1/zones/none.example/at?serial=7").status == 404);
    CHECK(site.api.ask({Method::Get, std::string(kPastZone) + "/at?serial=7", "", site.token, {}})
              .status == 403);
}

TEST_CASE("What the journal no longer holds is gone, and it is said since when",
          "[admin][history][past]") {
    PastSite site;
    tests::lose_history(site.api.store.path(), 1);
    const Answer gone = site.get("/at?time=" + site.times[0]);
    CHECK(gone.status == 410);
    CHECK(text_at(gone.json(), "/type") == "urn:hairpin:problem:gone");
    CHECK(text_at(gone.json(), "/detail").find(site.times[1]) != std::string::npos);
    CHECK(site.get("/at?serial=" + site.serials[1]).status == 200);
}

TEST_CASE("Changes that are kept as one are told as that, and nothing is guessed between them",
          "[admin][history][past]") {
    PastSite site;
    site.api.store.clock.advance(std::chrono::hours(48));
    REQUIRE(site.api.beat(site.token, R"({"public":"auto"})", "203.0.113.4").status == 200);
    tests::merge_history(site.api.store.path(), 1);

    const Answer inside = site.get("/at?time=" + site.times[1]);
    CHECK(inside.status == 410);
    const std::string why = text_at(inside.json(), "/detail");
    INFO(why);
    CHECK_THAT(why, Catch::Contains("changes that are kept as one, from serial"));
    CHECK_THAT(why, Catch::Contains("to " + site.times[2]));
    const JsonValue after =
        site.get("/at?serial=" + site.serials[2] + "&name=nur1.pl-acme.example.net&type=A").json();
    CHECK(texts_at(after, "/rrsets/0/records") == "203.0.113.3");
    CHECK(number_at(after, "/changed_by/merged/changes") >= 3);
    CHECK(text_at(after, "/changed_by/actor/kind") == "several");  // The operator made the server.
    const JsonValue history =
        site.api.as_operator(Method::Get, std::string(kPastZone) + "/history").json();
    CHECK(std::holds_alternative<std::nullptr_t>(at(history, "/history/0/merged").is));
    CHECK(number_at(history, "/history/1/merged/changes") >= 3);

    // Not to be undone singly, whichever of them is meant.
    const std::string last = std::to_string(number_at(history, "/history/1/id"));
    const std::string first = std::to_string(number_at(history, "/history/1/merged/first_id"));
    for (const std::string& body :
         {"{\"id\":" + last + "}", "{\"id\":" + first + "}", "{\"serial\":" + site.serials[2] + "}",
          "{\"serial\":" + site.serials[1] + "}"}) {
        INFO(body);
        const Answer undo =
            site.api.as_operator(Method::Post, std::string(kPastZone) + "/undo", body);
        CHECK(undo.status == 410);
        CHECK_THAT(undo.body, Catch::Contains("is not kept singly any more"));
    }
}

TEST_CASE("Each difference names the change that made it, and its credential",
          "[admin][history][past]") {
    PastSite site;
    const std::string both = "/diff?from=" + site.times[0] + "&to=" + site.times[1] + "&type=A";
    const std::string back = "/diff?from=" + site.times[1] + "&to=" + site.times[0] + "&type=A";
    const JsonValue history =
        site.api.as_operator(Method::Get, std::string(kPastZone) + "/history").json();
    for (const std::string& asked : {both, back}) {
        const JsonValue said = site.get(asked).json();
        // The third report is behind the later moment: it has no part in this.
        CHECK(number_at(said, "/changes/0/changed_by/id") == number_at(history, "/history/1/id"));
        CHECK(text_at(said, "/changes/0/changed_by/actor/source") == "203.0.113.2");
        CHECK(text_at(said, "/changes/0/changed_by/actor/door") == "heartbeat");
        CHECK(number_at(said, "/changes/0/changed_by/actor/credential") > 0);
    }
}

}  // namespace
}  // namespace hairpin::admin
