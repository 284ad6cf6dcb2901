// POST /v1/zones/{zone}/return (admin/zone_return.cpp).

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/admin/reversal_site.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

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

TEST_CASE("A zone that was removed returns with all that it held", "[admin][past][return]") {
    ReversalSite site;
    site.put("www.example.org", "192.0.2.1");
    site.put("txt.example.org", "\\\"x\\\"", 61, "TXT");
    const std::string whole = site.times.back();
    site.put("www.example.org", "192.0.2.2");
    const std::uint32_t last = site.serial();
    REQUIRE(site.api.as_operator(Method::Delete, "/v1/zones/example.org").status == 204);

    CHECK(site.go_back("{\"to\":\"" + whole + "\",\"name\":\"www.example.org\"}").status == 409);
    const std::string body = "{\"to\":\"" + whole + "\"";
    const Answer dry = site.go_back(body + ",\"dry_run\":true}");
    INFO(dry.body);
    REQUIRE(dry.status == 200);
    CHECK(number_at(dry.json(), "/rrsets") == 4);
    CHECK_FALSE(site.api.store.zone("example.org."));
    const Answer back = site.go_back(body + "}");
    INFO(back.body);
    REQUIRE(back.status == 200);
    CHECK(site.a("www") == "192.0.2.1");
    CHECK(site.api.addresses("txt.example.org.", zones::RType::TXT) == "\"x\"");
    CHECK(zones::serial_greater(site.serial(), last));  // Secondaries follow.
    CHECK(site.go_back("{\"to\":\"" + std::to_string(last) + "\"}").status == 200);
    CHECK(site.a("www") == "192.0.2.2");

    CHECK(site.api.as_operator(Method::Post, "/v1/zones/never.example/return", body + "}").status ==
          404);
    REQUIRE(site.api.as_operator(Method::Delete, "/v1/zones/example.org").status == 204);
    tests::lose_history(site.api.store.path(), 0);
    const Answer gone = site.go_back(body + "}");
    CHECK(gone.status == 410);
    CHECK_THAT(gone.body, Catch::Contains("what is known reaches back to"));
}

TEST_CASE("A licence's zone that was removed does not return without its licence",
          "[admin][past][return]") {
    ReversalSite site;
    site.api.store.clock.advance(Seconds(60));
    REQUIRE(site.api.as_operator(Method::Post, "/v1/licences", R"({"licence":"acme"})").status ==
            201);
    site.api.store.clock.advance(Seconds(60));
    REQUIRE(site.api
                .as_operator(Method::Put,
                             "/v1/zones/pl-acme.example.net/rrsets/www.pl-acme.example.net/TXT",
                             R"({"ttl":60,"records":["\"x\""]})")
                .status < 300);
    const std::string body = "{\"to\":\"" + to_rfc3339(site.api.store.clock.now()) + "\"}";
    const std::string target = "/v1/zones/pl-acme.example.net/return";
    site.api.store.clock.advance(Seconds(60));
    REQUIRE(site.api.as_operator(Method::Delete, "/v1/licences/acme").status == 204);
    const Answer refused = site.api.as_operator(Method::Post, target, body);
    INFO(refused.body);
    CHECK(refused.status == 409);
    CHECK_THAT(refused.body, Catch::Contains("make the licence again"));
    REQUIRE(site.api.as_operator(Method::Post, "/v1/licences", R"({"licence":"acme"})").status ==
            201);
    CHECK(site.api.as_operator(Method::Post, target, body).status == 200);
    CHECK(site.api.addresses("www.pl-acme.example.net.", zones::RType::TXT) == "\"x\"");
}

/// Changes www in a commit that lasts until the return has read what was before it, and waits.
struct Overtaking {
    explicit Overtaking(ReversalSite& the_site) : site(the_site) {}
    /// `times`: how many such changes, each while the return tries once more.
    void change(int times) {
        store::Work work = tests::as_work({tests::replace_a(
            "example.org.", "www.example.org.", "192.0.2." + std::to_string(100 + times))});
        work.rows = [&committer = *site.api.store.committer](store::Writer&,
                                                             zones::Change&) -> Result<void> {
            for (int tries = 0; tries < 2'000 && committer.queue_depth() == 0; ++tries)
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            return {};
        };
        site.api.store.committer->submit(std::move(work), [this, times](const auto& done) {
            if (!done) return;
            ++changes;
            if (times > 1) change_after_refusal(times - 1);
        });
    }
    /// In the commit that refuses the return, which waits already: the next change is queued before
    /// the return can read anew.
    void change_after_refusal(int times) {
        store::Work next = tests::as_work({});
        next.rows = [this, times](store::Writer&, zones::Change&) -> Result<void> {
            change(times);
            return {};
        };
        site.api.store.committer->submit(std::move(next), {});
    }
    ReversalSite& site;
    std::atomic<int> changes{0};
};

TEST_CASE("A return that is overtaken is made once more, and then gives up",
          "[admin][past][return][concurrent]") {
    ReversalSite site;
    site.put("www.example.org", "192.0.2.1");
    site.put("www.example.org", "192.0.2.2");
    const std::string body = "{\"to\":\"" + site.times[0] + "\"}";
    Overtaking overtaking(site);

    overtaking.change(1);
    const Answer back = site.api.as_operator(Method::Post, "/v1/zones/example.org/return", body);
    INFO(back.body);
    CHECK(back.status == 200);
    CHECK(overtaking.changes == 1);
    CHECK(site.a("www") == "192.0.2.1");
    CHECK(number_at(back.json(), "/rrsets") == 1);

    site.put("www.example.org", "192.0.2.3");
    overtaking.change(2);
    const Answer given_up =
        site.api.as_operator(Method::Post, "/v1/zones/example.org/return", body);
    INFO(given_up.body);
    CHECK(given_up.status == 409);
    CHECK_THAT(given_up.body, Catch::Contains("RRsets are being changed"));
    CHECK(overtaking.changes == 3);
    CHECK(site.a("www") == "192.0.2.101");

    // What is beside it may change meanwhile; a condition that does not hold is no reason to try
    // again.
    overtaking.change(1);
    const Answer beside = site.api.as_operator(Method::Post, "/v1/zones/example.org/return", body,
                                               {{"if-match", "\"7\""}});
    CHECK(beside.status == 412);
}

TEST_CASE("A zone that is made while it returns is not overwritten",
          "[admin][past][return][concurrent]") {
    ReversalSite site;
    site.put("www.example.org", "192.0.2.1");
    const std::string body = "{\"to\":\"" + site.times[0] + "\"}";
    site.api.store.clock.advance(Seconds(60));
    REQUIRE(site.api.as_operator(Method::Delete, "/v1/zones/example.org").status == 204);
    store::Work work = tests::as_work({tests::create_zone("example.org.")});
    work.rows = [&committer = *site.api.store.committer](store::Writer&,
                                                         zones::Change&) -> Result<void> {
        for (int tries = 0; tries < 2'000 && committer.queue_depth() == 0; ++tries)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return {};
    };
    auto made = site.api.store.submit_later(std::move(work));
    const Answer refused = site.api.as_operator(Method::Post, "/v1/zones/example.org/return", body);
    REQUIRE(made.get());
    INFO(refused.body);
    CHECK(refused.status == 409);
    CHECK(site.a("www").empty());
}

}  // namespace
}  // namespace hairpin::admin
