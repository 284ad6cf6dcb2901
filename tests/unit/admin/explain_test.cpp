// What `explain` says of a door's client is what the door says and what the audit keeps.

#include "admin/explain.hpp"

#include <map>
#include <set>

#include "admin/door_counters.hpp"
#include "admin/wire_doors.hpp"
#include "tests/unit/admin/door_site.hpp"

namespace hairpin::admin {
namespace {

using net::Method;
using zones::RType;

const std::string kChallengeText(43, 'c');

/// Answers as a name server would whose policy gives nobody anything.
class FakeWire final : public WireDoors {
public:
    std::string key_refusal(const zones::Name&) const override { return unknown_key; }
    std::string update_answer(const zones::Name&, const DoorRefusal* refusal) const override {
        if (refusal == nullptr) return "NOERROR";
        const auto* of_zone = std::get_if<zones::Refusal>(refusal);
        return of_zone == nullptr ? "REFUSED" : rcodes.at(of_zone->code);
    }
    Transfer transfer(const zones::Name&, const zones::Name&, const IpAddress&) const override {
        return given;
    }
    std::optional<CheckIn> check_in(const store::ServerRow&, const store::LicenceRow&,
                                    const std::vector<store::CredentialRow>& credentials,
                                    const std::string& machine, const IpAddress&) const override {
        REQUIRE(credentials.size() == 1);
        if (!has_desk) return std::nullopt;
        const bool is_other = machine == "other";
        return CheckIn{is_other ? "other-machine" : "right", !is_other, is_other};
    }
    std::map<zones::RefusalCode, std::string> rcodes = {
        {zones::RefusalCode::NotZone, "NOTZONE"},
        {zones::RefusalCode::OwnerExists, "YXDOMAIN"},
        {zones::RefusalCode::OwnerMissing, "NXDOMAIN"},
        {zones::RefusalCode::RRsetExists, "YXRRSET"},
        {zones::RefusalCode::RRsetMissing, "NXRRSET"},
        {zones::RefusalCode::Rule, "REFUSED"}};
    std::string unknown_key;
    Transfer given{false, "REFUSED", false};
    bool has_desk = true;
};

struct ExplainSite : DoorClients {
    ExplainSite() {
        context.wire_doors = &wire;
        static_cast<void>(make_server("beta"));
        for (const char* kind : {"token", "powerdns"}) {
            const Answer made = as_operator(
                Method::Post, "/v1/credentials",
                std::string(R"({"kind":")") + kind +
                    R"(","owner":{"licence":"acme"},"allow":[{"zone":"pl-acme.example.net",
                        "names":["app.pl-acme.example.net"],"types":["A"],"values":"private",
                        "operations":["read","update"]}]})");
            REQUIRE(made.status == 201);
            ids.push_back(std::to_string(number_at(made.json(), "/id")));
            secrets.push_back(text_at(made.json(), "/secret"));
        }
    }
    /// What is said of a credential, or of nur1 of acme where `who` is empty.
    JsonValue explain(const std::string& who, const std::string& members) {
        const std::string subject =
            who.empty() ? R"("server":"acme/nur1")" : R"("credential":")" + who + "\"";
        const Answer answer = as_operator(Method::Post, "/v1/credentials/explain",
                                          "{" + subject + "," + members + "}");
        INFO(members << " " << answer.body);
        REQUIRE(answer.status == 200);
        return answer.json();
    }
    /// The sentence and the answer are the same, before the request and by it.
    void check_same(const JsonValue& said, const Answer& done, bool is_allowed) {
        INFO(text_at(said, "/rule") << " " << done.body);
        CHECK(std::get<bool>(at(said, "/allowed").is) == is_allowed);
        CHECK(text_at(said, "/rule").starts_with(is_allowed ? "allowed" : "refused: "));
        CHECK(number_at(said, "/answer/status") == done.status);
        CHECK(text_at(said, "/answer/body") == done.body);
        const Answer audit = as_operator(Method::Get, "/v1/audit?limit=1");
        CHECK(text_at(audit.json(), "/audit/0/outcome") == (is_allowed ? "done" : "refused"));
        if (!is_allowed) CHECK(text_at(audit.json(), "/audit/0/reason") == text_at(said, "/rule"));
    }
    Answer dyndns(const std::string& query, const std::string& secret) {
        return ask({Method::Get,
                    "/nic/update?" + query,
                    "",
                    "",
                    {{"authorization", "Basic " + to_base64(as_octets(":" + secret))}}});
    }
    Answer patch(const std::string& zone, const std::string& body) {
        return ask({Method::Patch, "/v1/zones/" + zone + "/rrsets", body, secrets[0], {}});
    }
    FakeWire wire;
    std::vector<std::string> ids;  // A token's, a PowerDNS key's.
    std::vector<std::string> secrets;
};

TEST_CASE("Every door can be asked what it would say", "[admin][explain]") {
    std::set<std::string_view> names;
    for (const ExplainedDoor& each : explained_doors())
        CHECK(names.insert(each.name).second);
    for (const std::string_view counted : kDoors) {
        // An ACME client names no records: what it may order is its server's names, always.
        if (counted == "acme") continue;
        CHECK(names.erase(counted) == 1);
    }
    CHECK(names == std::set<std::string_view>{"check-in", "rest", "transfer"});
}

TEST_CASE("dyndns2 says what it was said to say", "[admin][explain][dyndns]") {
    ExplainSite site;
    struct Case {
        const char* query;
        bool is_allowed;
    };
    const auto each = GENERATE(values<Case>({
        {"hostname=nur1.pl-acme.example.net&myip=203.0.113.7", true},
        {"myip=203.0.113.8", true},
        {"hostname=nur1.pl-beta.example.net&myip=203.0.113.7", false},
        {"hostname=www.pl-acme.example.net&myip=203.0.113.7", false},
        {"hostname=nowhere.test&myip=203.0.113.7", false},
        {"hostname=whole&myip=203.0.113.7", false},
        {"hostname=nur1.pl-acme.example.net&myip=300.1.2.3", false},
    }));
    INFO(each.query);
    const JsonValue said =
        site.explain("", R"("door":"dyndns2","source":"203.0.113.10","request":")" +
                             std::string(each.query) + "\"");
    site.check_same(said, site.dyndns(each.query, site.server_token), each.is_allowed);
    CHECK(size_at(said, "/changes") == (each.is_allowed ? 1 : 0));
}

TEST_CASE("acme-dns says what it was said to say", "[admin][explain][acme-dns]") {
    ExplainSite site;
    const auto& [subdomain, is_allowed] =
        GENERATE(table<std::string, bool>({{"nur1.pl-acme.example.net", true},
                                           {"nur1.pl-beta.example.net", false},
                                           {"www.pl-acme.example.net", false}}));
    const std::string body =
        R"({"subdomain":")" + subdomain + R"(","txt":")" + kChallengeText + "\"}";
    const JsonValue said = site.explain("", R"("door":"acme-dns","request":)" + body);
    site.check_same(said, site.acme_update(subdomain, site.server_token, body), is_allowed);
}

TEST_CASE("httpreq says what it was said to say", "[admin][explain][httpreq]") {
    ExplainSite site;
    const auto& [name, is_allowed] =
        GENERATE(table<std::string, bool>({{"_acme-challenge.nur1.pl-acme.example.net.", true},
                                           {"_acme-challenge.nur1.pl-beta.example.net.", false},
                                           {"_acme-challenge.www.pl-acme.example.net.", false}}));
    const std::string members = R"("fqdn":")" + name + R"(","value":")" + kChallengeText + "\"";
    const JsonValue said = site.explain("", R"("door":"httpreq","request":{)" + members + "}");
    site.check_same(said, site.httpreq("present", site.server_token, "{" + members + "}"),
                    is_allowed);
    const JsonValue cleaned =
        site.explain("", R"("door":"httpreq","request":{"step":"cleanup",)" + members + "}");
    CHECK(std::get<bool>(at(cleaned, "/allowed").is) == is_allowed);
    CHECK(size_at(cleaned, "/changes") == (is_allowed ? 1 : 0));
}

TEST_CASE("PowerDNS and REST say what they were said to say", "[admin][explain][powerdns]") {
    ExplainSite site;
    struct Case {
        const char* zone;
        const char* name;
        const char* content;
        bool is_allowed;
    };
    const auto each = GENERATE(values<Case>({
        {"pl-acme.example.net", "app.pl-acme.example.net", "10.0.0.7", true},
        {"pl-acme.example.net", "app.pl-acme.example.net", "203.0.113.7", false},
        {"pl-acme.example.net", "www.pl-acme.example.net", "10.0.0.7", false},
        {"pl-beta.example.net", "app.pl-beta.example.net", "10.0.0.7", false},
        {"nowhere.test", "app.nowhere.test", "10.0.0.7", false},
    }));
    INFO(each.zone << " " << each.name << " " << each.content);
    const std::string zone = std::string(R"("zone":")") + each.zone + "\",";
    const std::string rrsets =
        std::string(R"({"rrsets":[{"name":")") + each.name +
        R"(.","type":"A","ttl":60,"changetype":"REPLACE","records":[{"content":")" + each.content +
        R"(","disabled":false}]}]})";
    const JsonValue said =
        site.explain(site.ids[1], zone + R"("door":"powerdns","request":)" + rrsets);
    site.check_same(said,
                    site.powerdns(Method::Patch, std::string("/zones/") + each.zone + ".",
                                  site.secrets[1], rrsets),
                    each.is_allowed);
    const std::string patch = std::string(R"({"rrsets":[{"owner":")") + each.name +
                              R"(","type":"A","records":[")" + each.content + R"("]}]})";
    const JsonValue rest = site.explain(site.ids[0], zone + R"("door":"rest","request":)" + patch);
    const Answer done = site.patch(each.zone, patch);
    INFO(done.body);
    CHECK(number_at(rest, "/answer/status") == done.status);
    CHECK(std::get<bool>(at(rest, "/allowed").is) == each.is_allowed);
    if (each.is_allowed) return;
    CHECK(text_at(rest, "/answer/body") == done.body);
    CHECK(text_at(site.as_operator(Method::Get, "/v1/audit?limit=1").json(), "/audit/0/reason") ==
          text_at(rest, "/rule"));
}

TEST_CASE("A rehearsal changes, counts and remembers nothing", "[admin][explain]") {
    ExplainSite site;
    const auto serial = site.store.zone("pl-acme.example.net.")->serial();
    const std::string metrics = R"(hairpin_door_requests_total{door="dyndns2",outcome=")";
    for (int turn = 0; turn < 400; ++turn)  // More than may be written at once.
        CHECK(text_at(site.explain("", R"("door":"dyndns2","request":{"myip":"203.0.113.7"})"),
                      "/answer/body") == "good 203.0.113.7\n");
    CHECK(text_at(site.explain(site.ids[1], R"("door":"dyndns2")"), "/rule") ==
          "refused: this door is not for credentials of kind powerdns");
    CHECK(site.store.zone("pl-acme.example.net.")->serial() == serial);
    const std::string counted = site.as_operator(Method::Get, "/metrics").body;
    for (const std::string_view outcome : kDoorOutcomes)
        CHECK_THAT(counted, Catch::Contains(metrics + std::string(outcome) + "\"} 0"));
    CHECK(site.context.failures.sources() == 0);
    site.settle();
    const Answer shown = site.as_operator(Method::Get, "/v1/credentials/" + site.ids[1]);
    CHECK(at(shown.json(), "/last_used").is_null());
    // The real one is done after all that.
    CHECK(site.dyndns("myip=203.0.113.7", site.server_token).body == "good 203.0.113.7\n");
}

TEST_CASE("An ended or suspended credential is told why", "[admin][explain]") {
    ExplainSite site;
    const std::string ask = R"("door":"dyndns2","request":{"myip":"203.0.113.7"})";
    REQUIRE(
        site.as_operator(Method::Patch, "/v1/licences/acme", R"({"state":"suspended"})").status ==
        200);
    const JsonValue suspended = site.explain("", ask);
    CHECK(text_at(suspended, "/rule") == "licence acme is suspended");
    CHECK(text_at(suspended, "/answer/body") == "dnserr\n");
    REQUIRE(site.as_operator(Method::Patch, "/v1/licences/acme", R"({"state":"active"})").status ==
            200);
    REQUIRE(site.as_operator(Method::Patch, "/v1/credentials/" + site.ids[0],
                             R"({"expires":"2001-01-01T00:00:00Z"})")
                .status == 200);
    const JsonValue ended = site.explain(site.ids[0], ask);
    CHECK(text_at(ended, "/rule") == "refused: the token has expired");
    CHECK(number_at(ended, "/answer/status") == 401);
    CHECK(text_at(ended, "/answer/body") == "badauth\n");
}

TEST_CASE("UPDATE is explained in nsupdate's words", "[admin][explain][rfc2136]") {
    ExplainSite site;
    const auto update = [&](const std::string& lines, const std::string& more = "") {
        return site.explain("", R"("door":"update","zone":"pl-acme.example.net",)" + more +
                                    R"("request":[)" + lines + "]");
    };
    const JsonValue done = update(R"("update delete nur1.pl-acme.example.net A",
                                     "update add nur1.pl-acme.example.net 5 IN A 203.0.113.9")");
    CHECK(text_at(done, "/rule").starts_with("allowed by grant 1"));
    CHECK(text_at(done, "/answer/rcode") == "NOERROR");
    CHECK(texts_at(done, "/changes/0/after/records") == "203.0.113.9");
    for (const char* refused :
         {R"("delete www.pl-acme.example.net")", R"("del www.pl-acme.example.net A")",
          R"("add nur1.pl-acme.example.net 60 A 10.0.0.1")",
          R"("delete _acme-challenge.nur1.pl-acme.example.net A")"}) {
        INFO(refused);
        CHECK(text_at(update(refused), "/answer/rcode") == "REFUSED");
    }
    // Whether the prerequisites hold is told only to who may change what they guard.
    const std::string report = R"(,"add nur1.pl-acme.example.net 5 A 203.0.113.9")";
    for (const auto& [prerequisite, rcode] : std::vector<std::pair<std::string, std::string>>{
             {"nxdomain none.pl-acme.example.net", "NOERROR"},
             {"yxdomain none.pl-acme.example.net", "NXDOMAIN"},
             {"nxdomain pl-acme.example.net", "YXDOMAIN"},
             {"nxrrset pl-acme.example.net SOA", "YXRRSET"},
             {"yxrrset pl-acme.example.net IN SOA", "NOERROR"},
             {"yxrrset pl-acme.example.net TXT", "NXRRSET"},
             {"yxrrset pl-acme.example.net IN TXT x", "NXRRSET"},
             {"yxdomain elsewhere.example.", "NOTZONE"}}) {
        INFO(prerequisite);
        const JsonValue said = update("\"prereq " + prerequisite + "\"" + report);
        CHECK(text_at(said, "/answer/rcode") == rcode);
        CHECK(std::get<bool>(at(said, "/allowed").is) == (rcode == "NOERROR"));
    }
    CHECK(text_at(update(R"("prereq yxdomain none.pl-acme.example.net",
                            "add www.pl-acme.example.net 5 A 203.0.113.9")"),
                  "/answer/rcode") == "REFUSED");
    site.wire.unknown_key = "NOTAUTH";
    CHECK(text_at(update(R"("add nur1.pl-acme.example.net 60 A 203.0.113.9")"), "/answer/rcode") ==
          "NOTAUTH");
    for (const char* wrong :
         {R"("")", R"("put x A")", R"("add nur1.pl-acme.example.net A 203.0.113.9")",
          R"("add nur1.pl-acme.example.net 60")", R"("add nur1.pl-acme.example.net 60 A")",
          R"("add nur1.pl-acme.example.net 99999999999 A 203.0.113.9")",
          R"("delete nur1.pl-acme.example.net NOTYPE")", "4711", R"("prereq")",
          R"("prereq absent nur1.pl-acme.example.net")", R"("prereq nxdomain")",
          R"("prereq yxdomain nur1.pl-acme.example.net A")",
          R"("prereq yxrrset nur1.pl-acme.example.net")",
          R"("prereq nxrrset nur1.pl-acme.example.net A 203.0.113.9")"}) {
        INFO(wrong);
        CHECK(site.as_operator(Method::Post, "/v1/credentials/explain",
                               R"({"server":"acme/nur1","zone":"pl-acme.example.net",
                                   "door":"update","request":[)" +
                                   std::string(wrong) + "]}")
                  .status == 400);
    }
}

TEST_CASE("Transfers and check-ins are explained by who answers them", "[admin][explain]") {
    ExplainSite site;
    const std::string zone = R"("door":"transfer","zone":"pl-acme.example.net")";
    const JsonValue refused = site.explain("", zone);
    CHECK(text_at(refused, "/rule") ==
          "refused: no grant for zone pl-acme.example.net. allows to transfer");
    CHECK(text_at(refused, "/answer/rcode") == "REFUSED");
    site.wire.given = {true, "NOERROR", false};
    CHECK(std::get<bool>(at(site.explain("", zone), "/allowed").is));
    CHECK(text_at(site.explain(site.ids[0], zone), "/rule") ==
          "refused: this credential has no TSIG key");
    site.wire.given = {false, "REFUSED", true};
    CHECK_THAT(text_at(site.explain("", zone), "/rule"), Catch::Contains("TLS only"));

    CHECK(text_at(site.explain("", R"("door":"check-in")"), "/answer/datagram") == "none");
    CHECK(text_at(site.explain("", R"("door":"check-in","request":{"machine":"other"})"),
                  "/answer/datagram") == "challenge");
    CHECK_THAT(text_at(site.explain(site.ids[0], R"("door":"check-in")"), "/rule"),
               Catch::Contains("not a server's"));
    site.wire.has_desk = false;
    CHECK_THAT(text_at(site.explain("", R"("door":"check-in")"), "/rule"),
               Catch::Contains("nobody checks in here"));
}

TEST_CASE("What a door's client cannot send is said to the asker", "[admin][explain][hostile]") {
    ExplainSite site;
    for (const char* wrong :
         {R"("door":"ftp")", R"("request":{},"zone":"pl-acme.example.net")", R"("door":"update")",
          R"("door":"rest","zone":"pl-acme.example.net")",
          R"("door":"rest","zone":"pl-acme.example.net","request":{"rrsets":[]})",
          R"("door":"rest","zone":"pl-acme.example.net","request":{"rrsets":[{}],"x":1})",
          R"("door":"acme-dns")", R"("door":"acme-dns","request":[])",
          R"("door":"httpreq","request":{"step":"sideways"})",
          R"("door":"dyndns2","request":{"myip":1})", R"("door":"dyndns2","request":"a b#c")",
          R"("door":"check-in","request":{"x":1})", R"("door":"check-in","request":[])"}) {
        INFO(wrong);
        const Answer answer =
            site.as_operator(Method::Post, "/v1/credentials/explain",
                             R"({"server":"acme/nur1",)" + std::string(wrong) + "}");
        INFO(answer.body);
        CHECK(answer.status == 400);
    }
}

}  // namespace
}  // namespace hairpin::admin
