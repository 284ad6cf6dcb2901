#include "admin/reversal.hpp"

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/admin/reversal_site.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

TEST_CASE("A change is undone where what it left is still there", "[admin][past][undo]") {
    struct Case {
        const char* why;
        const char* before;  // Empty: the RRset was not there.
        const char* after;   // Empty: the change removed it.
    };
    const auto each = GENERATE(values<Case>({
        {"records changed", "192.0.2.1", "192.0.2.2"},
        {"an RRset was made", "", "192.0.2.2"},
        {"an RRset was removed", "192.0.2.1", ""},
    }));
    INFO(each.why);
    ReversalSite site;
    if (*each.before != '\0') site.put("www.example.org", each.before);
    const std::string id = site.put("www.example.org", each.after);
    site.put("other.example.org", "192.0.2.9");
    const std::uint32_t serial = site.serial();

    const Answer undone = site.undo(id);

    INFO(undone.body);
    REQUIRE(undone.status == 200);
    CHECK(site.a("www") == each.before);
    CHECK(site.a("other") == "192.0.2.9");
    CHECK(number_at(undone.json(), "/rrsets") == 1);
    CHECK(number_at(undone.json(), "/serial") == site.serial());
    CHECK(zones::serial_greater(site.serial(), serial));
    CHECK(undone.header("etag") == serial_etag(site.serial()));
    CHECK(text_at(site.history(), "/history/0/reason") == "undo of change " + id);
}

TEST_CASE("All that led to a serial is undone by that serial", "[admin][past][undo]") {
    ReversalSite site;
    site.put("www.example.org", "192.0.2.1");
    site.put("www.example.org", "192.0.2.2");
    const std::string serial = std::to_string(site.serial());
    site.put("other.example.org", "192.0.2.9");
    const Answer undone = site.api.as_operator(Method::Post, "/v1/zones/example.org/undo",
                                               "{\"serial\":" + serial + "}");
    INFO(undone.body);
    REQUIRE(undone.status == 200);
    CHECK(site.a("www") == "192.0.2.1");
    CHECK(text_at(site.history(), "/history/0/reason") == "undo of serial " + serial);
}

TEST_CASE("An undo is undone by the id of the undo, and not by asking twice",
          "[admin][past][undo]") {
    ReversalSite site;
    site.put("www.example.org", "192.0.2.1");
    const std::string id = site.put("www.example.org", "192.0.2.2");
    REQUIRE(site.undo(id).status == 200);
    const std::string undo_id = site.newest();
    const Answer twice = site.undo(id);
    CHECK(twice.status == 409);
    CHECK(text_at(twice.json(), "/errors/0/detail").find("undo of change " + id) !=
          std::string::npos);
    REQUIRE(site.undo(undo_id).status == 200);
    CHECK(site.a("www") == "192.0.2.2");
}

TEST_CASE("What was changed since is not overwritten, and it is told by whom",
          "[admin][past][undo]") {
    struct Case {
        const char* why;
        const char* records;
        int ttl;
    };
    const auto each = GENERATE(values<Case>({
        {"other records", "192.0.2.3", 60},
        {"another TTL alone", "192.0.2.2", 61},
        {"removed", "", 60},
    }));
    INFO(each.why);
    ReversalSite site;
    site.put("www.example.org", "192.0.2.1");
    const std::string id = site.put("www.example.org", "192.0.2.2");
    const std::string since = site.put("www.example.org", each.records, each.ttl);

    const Answer refused = site.undo(id);

    REQUIRE(refused.status == 409);
    const JsonValue said = refused.json();
    REQUIRE(size_at(said, "/errors") == 1);
    CHECK(text_at(said, "/errors/0/pointer") == "www.example.org. A");
    const std::string who = text_at(said, "/errors/0/detail");
    CHECK(who.find("by operator ") != std::string::npos);
    CHECK(who.find("(change " + since + ":") != std::string::npos);
    CHECK(site.a("www") == each.records);
}

TEST_CASE("An undo that makes no sense is refused with the reason",
          "[admin][past][undo][hostile]") {
    ReversalSite site;
    const std::string created = site.newest();
    const std::string id = site.put("www.example.org", "192.0.2.1");
    struct Case {
        std::string body;
        int status;
    };
    const std::vector<Case> cases = {
        {"{}", 400},
        {"{\"id\":1,\"serial\":1}", 400},
        {"{\"id\":0}", 400},
        {"{\"id\":\"1\"}", 400},
        {"{\"id\":9999}", 404},
        {"{\"serial\":7}", 404},
        {"{\"id\":" + created + "}", 409},
    };
    for (const Case& each : cases) {
        INFO(each.body);
        CHECK(site.api.as_operator(Method::Post, "/v1/zones/example.org/undo", each.body).status ==
              each.status);
    }
    CHECK(site.api.as_operator(Method::Post, "/v1/zones/none.example/undo", "{\"id\":1}").status ==
          404);
    CHECK(site.undo(id, {{"if-match", "\"7\""}}).status == 412);
    CHECK(site.undo(id, {{"if-match", serial_etag(site.serial())}}).status == 200);
}

TEST_CASE("An undo with an Idempotency-Key happens once", "[admin][past][undo][idempotency]") {
    ReversalSite site;
    const std::string id = site.put("www.example.org", "192.0.2.1");
    const std::vector<net::Header> key = {{"idempotency-key", "\"undo-1\""}};
    const Answer first = site.undo(id, key);
    REQUIRE(first.status == 200);
    const Answer again = site.undo(id, key);
    CHECK(again.status == 200);
    CHECK(again.body == first.body);
}

TEST_CASE("A dry run of an undo says what would change, and by which rule it would be refused",
          "[admin][past][undo]") {
    ReversalSite site;
    site.put("www.example.org", "192.0.2.1");
    const std::string id = site.put("www.example.org", "192.0.2.2");
    const std::uint32_t serial = site.serial();
    const auto audit = [&] {
        return number_at(site.api.as_operator(Method::Get, "/v1/audit?limit=1").json(),
                         "/audit/0/id");
    };
    const auto noted = audit();
    const std::string target = "/v1/zones/example.org/undo";
    for (const auto& [query, body] :
         {std::pair<std::string, std::string>{"", "{\"id\":" + id + ",\"dry_run\":true}"},
          {"?dry_run=true", "{\"id\":" + id + "}"}}) {
        const Answer dry = site.api.as_operator(Method::Post, target + query, body);
        INFO(dry.body);
        REQUIRE(dry.status == 200);
        CHECK(number_at(dry.json(), "/rrsets") == 1);
        CHECK(texts_at(dry.json(), "/changes/0/before/records") == "192.0.2.2");
        CHECK(texts_at(dry.json(), "/changes/0/after/records") == "192.0.2.1");
        CHECK(number_at(dry.json(), "/serial") == serial);
        CHECK(dry.header("etag") == serial_etag(serial));
    }
    CHECK(site.api.as_operator(Method::Post, target + "?dry_run=perhaps", "{\"id\":" + id + "}")
              .status == 400);
    CHECK(site.serial() == serial);
    CHECK(site.a("www") == "192.0.2.2");
    CHECK(audit() == noted);  // Nobody did anything.

    // Another RRset stands in the way now: the rule says so, dry or not.
    site.put("gone.example.org", "192.0.2.5");
    const std::string removed = site.put("gone.example.org", "");
    site.put("gone.example.org", "www.example.org.", 60, "CNAME");
    const Answer refused =
        site.api.as_operator(Method::Post, target + "?dry_run=true", "{\"id\":" + removed + "}");
    const Answer real = site.api.as_operator(Method::Post, target, "{\"id\":" + removed + "}");
    INFO(refused.body);
    CHECK(refused.status >= 400);
    CHECK_THAT(refused.body, Catch::Contains("CNAME"));
    CHECK(refused.status == real.status);
    CHECK(text_at(refused.json(), "/detail") == text_at(real.json(), "/detail"));
    // And so do those who changed it since.
    site.put("www.example.org", "192.0.2.3");
    const Answer since =
        site.api.as_operator(Method::Post, target + "?dry_run=true", "{\"id\":" + id + "}");
    CHECK(since.status == 409);
    CHECK_THAT(since.body, Catch::Contains("by operator"));
}

TEST_CASE("What never was is told from what is not kept any more", "[admin][past][undo]") {
    ReversalSite site;
    const std::string old = site.put("www.example.org", "192.0.2.1");
    const std::string old_serial = std::to_string(site.serial());
    site.put("www.example.org", "192.0.2.2");
    const std::string kept = site.put("www.example.org", "192.0.2.3");
    const auto undo = [&](const std::string& body) {
        return site.api.as_operator(Method::Post, "/v1/zones/example.org/undo", body);
    };
    CHECK(undo("{\"serial\":7}").status == 404);  // Nothing was lost yet.
    tests::lose_history(site.api.store.path(), 1);

    for (const std::string& body : {"{\"id\":" + old + "}", "{\"serial\":" + old_serial + "}"}) {
        const Answer gone = undo(body);
        INFO(gone.body);
        CHECK(gone.status == 410);
        CHECK_THAT(gone.body, Catch::Contains("the oldest that is kept is change " + kept));
    }
    CHECK(undo("{\"id\":9999}").status == 404);
    CHECK(undo("{\"serial\":1900000000}").status == 404);
    CHECK(undo("{\"id\":" + kept + "}").status == 200);
}

}  // namespace
}  // namespace hairpin::admin
