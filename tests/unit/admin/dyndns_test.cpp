// The dyndns2 door: what each call is answered, and what it changes.

#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {
namespace {

using net::Method;
using zones::RType;

constexpr const char* kRouterName = "nur1.pl-acme.example.net";
constexpr const char* kRouterInternal = "i-nur1.pl-acme.example.net";

struct RouterSite : ApiFixture {
    RouterSite() {
        token = make_server();
        const Answer made = as_operator(
            Method::Post, "/v1/credentials",
            R"({"kind":"dyndns","owner":{"licence":"acme","server":"nur1"},"role":"addresses"})");
        REQUIRE(made.status == 201);
        password = text_at(made.json(), "/secret");
        credential = made.header("location");
    }
    Answer call(const std::string& query, const std::string& secret,
                const std::string& peer = "203.0.113.10", const std::string& path = "/nic/update") {
        const std::string login = std::string(kRouterName) + ":" + secret;
        return ask({Method::Get,
                    path + "?" + query,
                    "",
                    "",
                    {{"authorization", "Basic " + to_base64(as_octets(login))}},
                    peer});
    }
    /// The body of an answer that has status 200.
    std::string said(const std::string& query, const std::string& peer = "203.0.113.10") {
        const Answer answer = call(query, password, peer);
        CHECK(answer.status == 200);
        CHECK(answer.header("content-type").starts_with("text/plain"));
        return answer.body;
    }
    std::string token;
    std::string password;
    std::string credential;
};

TEST_CASE("A router's call changes the address, and says so once", "[admin][dyndns]") {
    RouterSite site;
    CHECK(site.said("hostname=nur1.pl-acme.example.net&myip=203.0.113.7") == "good 203.0.113.7\n");
    CHECK(site.addresses(kRouterName, RType::A) == "203.0.113.7");
    const auto serial = site.store.zone("pl-acme.example.net.")->serial();
    CHECK(site.said("hostname=nur1.pl-acme.example.net&myip=203.0.113.7") == "nochg 203.0.113.7\n");
    CHECK(site.store.zone("pl-acme.example.net.")->serial() == serial);
    // All the ways in: other paths, the server's own token, its name alone, no name at all.
    for (const char* path : {"/v3/update", "/update"})
        CHECK(site.call("hostname=nur1.pl-acme.example.net&myip=203.0.113.7", site.token,
                        "203.0.113.10", path)
                  .body == "nochg 203.0.113.7\n");
    CHECK(site.said("myip=203.0.113.8") == "good 203.0.113.8\n");
    const Answer by_query =
        site.ask({Method::Get,
                  "/nic/update?username=nur1.pl-acme.example.net&password=" + site.password +
                      "&myip=203.0.113.8",
                  "",
                  "",
                  {}});
    CHECK(by_query.body == "nochg 203.0.113.8\n");
    const Answer self = site.ask({Method::Get, "/v1/self", "", site.token, {}});
    CHECK(text_at(self.json(), "/online") == "online");
}

TEST_CASE("A missing family is kept, and the connection speaks for its own", "[admin][dyndns]") {
    RouterSite site;
    CHECK(site.said("myip=203.0.113.7,2001:db8::7") == "good 203.0.113.7\n");
    CHECK(site.said("", "203.0.113.9") == "good 203.0.113.9\n");
    CHECK(site.addresses(kRouterName, RType::AAAA) == "2001:db8::7");
    CHECK(site.said("myip=", "2001:db8::9") == "good 203.0.113.9\n");
    CHECK(site.addresses(kRouterName, RType::AAAA) == "2001:db8::9");
    CHECK(site.said("myip=,2001:db8::a") == "good 203.0.113.9\n");
    CHECK(site.said("myipv6=2001:db8:1:ff00::/56") == "good 203.0.113.9\n");
    CHECK(site.addresses(kRouterName, RType::AAAA) == "2001:db8:1:ff00::a");
    CHECK(site.said("myipv4=preserve&myipv6=2001:db8::b") == "good 203.0.113.9\n");
    CHECK(site.said("myipv4=&myipv6=preserve") == "good 2001:db8::b\n");
    CHECK(site.addresses(kRouterName, RType::A).empty());
}

TEST_CASE("Each name takes the addresses that fit it", "[admin][dyndns][invariant4]") {
    RouterSite site;
    CHECK(site.said("myip=10.0.0.2", "10.0.0.2") == "dnserr\n");  // Nothing is there yet.
    const std::string both = std::string("hostname=") + kRouterName + "," + kRouterInternal;
    CHECK(site.said(both + "&myip=203.0.113.7,192.168.1.11") ==
          "good 203.0.113.7\ngood 192.168.1.11\n");
    CHECK(site.addresses(kRouterName, RType::A) == "203.0.113.7");
    CHECK(site.addresses(kRouterInternal, RType::A) == "192.168.1.11");
    // A box behind another one (UniFi sends its WAN side): what we see is right.
    CHECK(site.said("myip=10.0.0.2", "203.0.113.20") == "good 203.0.113.20\n");
    CHECK(site.addresses(kRouterName, RType::A) == "203.0.113.20");
    // Nothing fits: nothing changes, and nothing is lost.
    CHECK(site.said("myip=10.0.0.2", "10.0.0.2") == "nochg 203.0.113.20\n");
    CHECK(site.said(std::string("hostname=") + kRouterInternal + "&myip=203.0.113.7") ==
          "nochg 192.168.1.11\n");
}

TEST_CASE("What cannot be done is one word, and none of it twice wrong", "[admin][dyndns]") {
    RouterSite site;
    static_cast<void>(site.make_server("beta"));
    struct Case {
        const char* query;
        const char* says;
    };
    const std::vector<Case> cases = {
        {"hostname=nur1.pl-beta.example.net&myip=203.0.113.7", "nohost\n"},
        {"hostname=nur2.pl-acme.example.net&myip=203.0.113.7", "nohost\n"},
        {"hostname=nur2.pl-acme.example.net", "nohost\n"},
        {"hostname=none.example.&myip=203.0.113.7", "nohost\n"},
        {"hostname=nur1&myip=203.0.113.7", "notfqdn\n"},
        {"hostname=a..b&myip=203.0.113.7", "notfqdn\n"},
        {"hostname=nur1.pl-acme.example.net&myip=x", "dnserr\n"},
        {"hostname=nur1.pl-acme.example.net&myip=%", "dnserr\n"},
        {"hostname=nur1.pl-acme.example.net,nur2.pl-acme.example.net&myip=203.0.113.7", "nohost\n"},
    };
    for (const Case& each : cases) {
        INFO(each.query);
        CHECK(site.said(each.query) == each.says);
        CHECK(site.addresses(kRouterName, RType::A).empty());
    }
    for (const std::string& wrong : {std::string("x"), std::string(), site.password + "x"}) {
        const Answer answer = site.call("myip=203.0.113.7", wrong);
        CHECK(answer.status == 401);
        CHECK(answer.body == "badauth\n");
        CHECK(answer.header("www-authenticate") == "Basic realm=\"hairpin\"");
    }
    CHECK(site.ask({Method::Get, "/nic/update?myip=203.0.113.7", "", "", {}}).body == "badauth\n");
    REQUIRE(site.as_operator(Method::Delete, site.credential).status == 204);
    CHECK(site.call("myip=203.0.113.7", site.password).body == "badauth\n");
}

TEST_CASE("What came of each call is counted", "[admin][dyndns]") {
    RouterSite site;
    static_cast<void>(site.said("myip=203.0.113.7"));
    static_cast<void>(site.said("myip=203.0.113.7"));
    static_cast<void>(site.said("hostname=nur2.pl-acme.example.net"));
    static_cast<void>(site.call("myip=203.0.113.7", "wrong"));
    static_cast<void>(site.said("myip=x"));
    static_cast<void>(site.said("hostname=nur1&myip=203.0.113.7"));
    REQUIRE(site.as_operator(Method::Patch, site.credential, R"({"per_minute":1})").status == 200);
    static_cast<void>(site.said("myip=203.0.113.8"));
    static_cast<void>(site.said("myip=203.0.113.9"));
    const auto of = [&](DoorOutcome outcome) {
        return site.context.doors.of(Door::Dyndns, outcome);
    };
    CHECK(of(DoorOutcome::Done) == 3);
    CHECK(of(DoorOutcome::Denied) == 2);
    CHECK(of(DoorOutcome::Refused) == 2);
    CHECK(of(DoorOutcome::Limited) == 1);
    CHECK(of(DoorOutcome::Failed) == 0);
    REQUIRE(site.as_operator(Method::Patch, site.credential, R"({"per_minute":600})").status ==
            200);
    site.store.clock.advance(Milliseconds(1'000));
    site.store.committer->stop();
    CHECK(site.said("myip=203.0.113.10") == "911\n");
    CHECK(of(DoorOutcome::Failed) == 1);
}

TEST_CASE("Two routers that take turns are frozen at the first one's address",
          "[admin][dyndns][clones]") {
    RouterSite site;
    CHECK(site.said("", "203.0.113.1") == "good 203.0.113.1\n");
    CHECK(site.said("", "203.0.113.2") == "good 203.0.113.2\n");
    CHECK(site.said("", "203.0.113.1") == "good 203.0.113.1\n");
    CHECK(site.said("", "203.0.113.2") == "dnserr\n");
    CHECK(site.said("", "203.0.113.1") == "dnserr\n");
    CHECK(site.addresses(kRouterName, RType::A) == "203.0.113.1");
    const Answer server = site.as_operator(Method::Get, "/v1/licences/acme/servers/nur1");
    CHECK(text_at(server.json(), "/state") == "conflict");
    const std::string verdict = text_at(server.json(), "/verdict/text");
    CHECK_THAT(verdict, Catch::Contains("203.0.113.1"));
    CHECK_THAT(verdict, Catch::Contains("203.0.113.2"));
    REQUIRE(
        site.as_operator(Method::Patch, "/v1/licences/acme/servers/nur1", R"({"state":"active"})")
            .status == 200);
    CHECK(site.said("", "203.0.113.2") == "good 203.0.113.2\n");
}

TEST_CASE("A router that calls too often is told to wait, and is not shut out",
          "[admin][dyndns][limit]") {
    RouterSite site;
    REQUIRE(site.as_operator(Method::Patch, site.credential, R"({"per_minute":2})").status == 200);
    CHECK(site.said("myip=203.0.113.7").starts_with("good"));
    CHECK(site.said("myip=203.0.113.8").starts_with("good"));
    CHECK(site.said("myip=203.0.113.9") == "dnserr\n");
    // What changes nothing costs nothing, and is not counted.
    for (int at = 0; at < 5; ++at)
        CHECK(site.said("myip=203.0.113.8") == "nochg 203.0.113.8\n");
}

}  // namespace
}  // namespace hairpin::admin
