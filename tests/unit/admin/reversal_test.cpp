#include "admin/reversal.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

/// A plain zone whose names an operator changes; each change has its id, serial and second.
struct ReversalSite {
    ReversalSite() {
        api.context.bulk_reader.emplace(tests::must(store::Reader::open(api.store.path())));
        REQUIRE(api.as_operator(Method::Post, "/v1/zones", R"({"zone":"example.org"})").status ==
                201);
        api.store.clock.advance(Seconds(60));
    }
    /// `records` empty: removes the RRset. The id of the change.
    std::string put(const std::string& owner, const std::string& records, int ttl = 60,
                    const std::string& type = "A") {
        api.store.clock.advance(Seconds(60));
        const std::string target = "/v1/zones/example.org/rrsets/" + owner + "/" + type;
        const Answer answer = records.empty()
                                  ? api.as_operator(Method::Delete, target)
                                  : api.as_operator(Method::Put, target,
                                                    "{\"ttl\":" + std::to_string(ttl) +
                                                        ",\"records\":[\"" + records + "\"]}");
        INFO(answer.body);
        REQUIRE(answer.status < 300);
        times.push_back(to_rfc3339(api.store.clock.now()));
        return newest();
    }
    [[nodiscard]] std::string newest() {
        return std::to_string(number_at(history(), "/history/0/id"));
    }
    [[nodiscard]] JsonValue history() {
        return api.as_operator(Method::Get, "/v1/zones/example.org/history").json();
    }
    [[nodiscard]] Answer undo(const std::string& id, std::vector<net::Header> headers = {}) {
        api.store.clock.advance(Seconds(60));
        return api.as_operator(Method::Post, "/v1/zones/example.org/undo", "{\"id\":" + id + "}",
                               std::move(headers));
    }
    [[nodiscard]] Answer go_back(const std::string& body, std::vector<net::Header> headers = {}) {
        api.store.clock.advance(Seconds(60));
        return api.as_operator(Method::Post, "/v1/zones/example.org/return", body,
                               std::move(headers));
    }
    [[nodiscard]] std::string a(const std::string& owner) {
        return api.addresses(owner + ".example.org.", zones::RType::A);
    }
    [[nodiscard]] std::uint32_t serial() { return api.store.zone("example.org.")->serial(); }

    ApiFixture api;
    std::vector<std::string> times;  // Of each put.
};

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

TEST_CASE("A name returns to a moment, and what is beside it stays", "[admin][past][return]") {
    ReversalSite site;
    site.put("www.example.org", "192.0.2.1");
    const std::string serial = std::to_string(site.serial());
    site.put("www.example.org", "192.0.2.2");
    site.put("www.example.org", "2001:db8::1", 60, "AAAA");
    site.put("other.example.org", "192.0.2.9");
    const auto to = GENERATE(as<std::string>{}, "time", "serial");
    const std::string moment = to == "time" ? site.times[0] : serial;

    const Answer back = site.go_back("{\"to\":\"" + moment + "\",\"name\":\"www.example.org\"}");

    INFO(back.body);
    REQUIRE(back.status == 200);
    CHECK(number_at(back.json(), "/rrsets") == 2);
    CHECK(site.a("www") == "192.0.2.1");
    CHECK(site.api.addresses("www.example.org.", zones::RType::AAAA).empty());
    CHECK(site.a("other") == "192.0.2.9");
    CHECK(text_at(site.history(), "/history/0/reason").rfind("return of www.example.org. to ", 0) ==
          0);
    const Answer twice =
        site.go_back("{\"to\":\"" + moment + "\",\"name\":\"www.example.org\",\"type\":\"A\"}");
    CHECK(number_at(twice.json(), "/rrsets") == 0);
    CHECK_FALSE(std::get<bool>(at(twice.json(), "/changed").is));
}

TEST_CASE("A zone returns to a moment, the SOA but its serial too", "[admin][past][return]") {
    ReversalSite site;
    site.put("www.example.org", "192.0.2.1");
    const std::string soa = site.api.addresses("example.org.", zones::RType::SOA);
    site.put("www.example.org", "");
    site.put("www.example.org", "other.example.org.", 60, "CNAME");
    site.put("other.example.org", "192.0.2.9");
    site.put("example.org", "ns1.example.net. changed.example.net. 1 7200 600 1209600 60", 3600,
             "SOA");
    site.put("example.org", "ns9.example.net.", 3600, "NS");
    const std::uint32_t serial = site.serial();
    const std::string body = "{\"to\":\"" + site.times[0] + "\"";

    const Answer dry = site.go_back(body + ",\"dry_run\":true}");
    REQUIRE(dry.status == 200);
    CHECK(number_at(dry.json(), "/rrsets") == 5);
    CHECK(size_at(dry.json(), "/changes") == 5);
    CHECK(site.serial() == serial);
    CHECK(site.go_back(body + "}", {{"if-match", "\"7\""}}).status == 412);

    const Answer back = site.go_back(body + "}");
    INFO(back.body);
    REQUIRE(back.status == 200);
    CHECK(number_at(back.json(), "/rrsets") == 5);
    CHECK(site.a("www") == "192.0.2.1");
    CHECK(site.a("other").empty());
    const std::string now = site.api.addresses("example.org.", zones::RType::SOA);
    CHECK(now.find("changed.") == std::string::npos);
    CHECK(now != soa);
    CHECK(zones::serial_greater(site.serial(), serial));
    CHECK(site.api.addresses("example.org.", zones::RType::NS).find("ns9") == std::string::npos);
}

TEST_CASE("A return that makes no sense is refused with the reason",
          "[admin][past][return][hostile]") {
    ReversalSite site;
    site.put("www.example.org", "192.0.2.1");
    site.put("www.example.org", "192.0.2.2");
    struct Case {
        const char* body;
        int status;
    };
    const std::vector<Case> cases = {
        {"{}", 400},
        {R"({"to":"yesterday"})", 400},
        {R"({"to":""})", 400},
        {R"({"to":"2099-01-01T00:00:00Z"})", 400},
        {R"({"to":"7","name":"www.example.com."})", 400},
        {R"({"to":"7","type":"NONSENSE"})", 400},
        {R"({"to":"7","extra":1})", 400},
        {R"({"to":"7"})", 404},
        {R"({"to":"2001-01-01T00:00:00Z"})", 404},
    };
    for (const Case& each : cases) {
        INFO(each.body);
        CHECK(site.go_back(each.body).status == each.status);
    }
    tests::lose_history(site.api.store.path(), 0);
    CHECK(site.go_back("{\"to\":\"" + site.times[0] + "\",\"dry_run\":true}").status == 410);
    CHECK(site.a("www") == "192.0.2.2");
}

TEST_CASE("A licence zone that returns keeps its servers' challenge names",
          "[admin][past][return]") {
    ReversalSite site;
    site.api.store.clock.advance(Seconds(60));
    REQUIRE(site.api.as_operator(Method::Post, "/v1/licences", R"({"licence":"acme"})").status ==
            201);
    const std::string before = to_rfc3339(site.api.store.clock.now());
    site.api.store.clock.advance(Seconds(60));
    const std::string token = site.api.make_server();
    REQUIRE(site.api.beat(token, R"({"public":"auto"})").status == 200);
    site.api.store.clock.advance(Seconds(60));
    const Answer back = site.api.as_operator(Method::Post, "/v1/zones/pl-acme.example.net/return",
                                             "{\"to\":\"" + before + "\"}");
    INFO(back.body);
    REQUIRE(back.status == 200);
    CHECK(site.api.addresses("nur1.pl-acme.example.net.", zones::RType::A).empty());
    CHECK_FALSE(site.api.addresses("_acme-challenge.nur1.pl-acme.example.net.", zones::RType::HINFO)
                    .empty());
}

}  // namespace
}  // namespace hairpin::admin
