// The PowerDNS door as lego, acme.sh, libdns, external-dns and octoDNS use it. The last two are
// not in Debian: what they send is replayed here.

#include "admin/powerdns_json.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/admin/door_site.hpp"

namespace hairpin::admin {
namespace {

using net::Method;
using zones::RType;

constexpr const char* kZonePath = "/zones/pl-acme.example.net.";
constexpr const char* kChallengeOwner = "_acme-challenge.nur1.pl-acme.example.net.";

struct PowerDnsClients : DoorClients {
    PowerDnsClients() {
        key = secret_of(R"({"kind":"powerdns","owner":{"licence":"acme"},"role":"zone"})");
    }
    Answer patch(const std::string& rrsets) {
        return powerdns(Method::Patch, kZonePath, key, "{\"rrsets\":[" + rrsets + "]}");
    }
    std::string key;
};

std::string powerdns_rrset(const std::string& name, const std::string& type,
                           const std::string& change, const std::string& content = {}) {
    std::string text =
        R"({"name":")" + name + R"(","type":")" + type + R"(","changetype":")" + change + "\"";
    if (!content.empty())
        text += R"(,"ttl":60,"records":[{"content":")" + content + R"(","disabled":false}])";
    return text + "}";
}

TEST_CASE("A PowerDNS client finds API, server and zones", "[admin][doors][powerdns]") {
    PowerDnsClients site;
    static_cast<void>(site.make_server("beta"));
    // lego, when no version is set.
    CHECK(site.ask({Method::Get, "/api", "", "", {}}).body == R"([{"url":"/api/v1","version":1}])");
    // octoDNS takes the version apart at the dots.
    CHECK(text_at(site.powerdns(Method::Get, "", site.key).json(), "/version") == "4.9.0");
    const JsonValue zones = site.powerdns(Method::Get, "/zones", site.key).json();
    REQUIRE(std::get<JsonArray>(zones.is).size() == 1);
    CHECK(text_at(zones, "/0/name") == "pl-acme.example.net.");
    CHECK(text_at(zones, "/0/url") == "/api/v1/servers/localhost/zones/pl-acme.example.net.");
    // libdns wants exactly one, acme.sh asks for each suffix.
    CHECK(site.powerdns(Method::Get, "/zones?zone=pl-acme.example.net.", site.key).body ==
          site.powerdns(Method::Get, "/zones", site.key).body);
    CHECK(site.powerdns(Method::Get, "/zones?zone=example.net.", site.key).body == "[]");
    CHECK(site.powerdns(Method::Put, std::string(kZonePath) + "/notify", site.key).status == 200);
}

TEST_CASE("What is not there and what is another's are 404 alike",
          "[admin][doors][powerdns][permission]") {
    PowerDnsClients site;
    static_cast<void>(site.make_server("beta"));
    for (const Method method : {Method::Get, Method::Patch}) {
        const Answer none = site.powerdns(method, "/zones/pl-none.example.net.", site.key);
        const Answer other = site.powerdns(method, "/zones/pl-beta.example.net.", site.key);
        CHECK(none.status == 404);
        CHECK(other.status == 404);
        CHECK(none.body == R"({"error":"Could not find domain 'pl-none.example.net.'"})");
        CHECK(other.body == R"({"error":"Could not find domain 'pl-beta.example.net.'"})");
    }
    CHECK(site.powerdns(Method::Get, "/zones", "wrong").status == 401);
    CHECK(site.ask({Method::Get, "/api/v1/servers/other", "", "", {{"x-api-key", site.key}}})
              .status == 404);
    CHECK(site.powerdns(Method::Post, "/zones", site.key, "{}").status == 422);
    CHECK(site.powerdns(Method::Delete, kZonePath, site.key).status == 422);
}

TEST_CASE("PATCH replaces, removes, extends and prunes RRsets, all or nothing",
          "[admin][doors][powerdns]") {
    PowerDnsClients site;
    const std::string www = "www.pl-acme.example.net.";
    CHECK(site.patch(powerdns_rrset(www, "A", "REPLACE", "203.0.113.1")).status == 204);
    CHECK(site.addresses(www, RType::A) == "203.0.113.1");
    CHECK(site.patch(powerdns_rrset(www, "A", "EXTEND", "203.0.113.2")).status == 204);
    CHECK(site.addresses(www, RType::A) == "203.0.113.1 203.0.113.2");
    CHECK(site.patch(powerdns_rrset(www, "A", "PRUNE", "203.0.113.1")).status == 204);
    CHECK(site.addresses(www, RType::A) == "203.0.113.2");
    CHECK(
        site.patch(powerdns_rrset(www, "TXT", "REPLACE", R"(\"heritage=external-dns\")")).status ==
        204);
    CHECK(site.addresses(www, RType::TXT) == "\"heritage=external-dns\"");
    const Answer zone = site.powerdns(
        Method::Get, std::string(kZonePath) + "?rrset_name=" + www + "&rrset_type=TXT", site.key);
    CHECK_THAT(zone.body,
               Catch::Contains(R"("rrsets":[{"comments":[],"name":"www.pl-acme.example.net.",)"
                               R"("records":[{"content":"\"heritage=external-dns\"",)"
                               R"("disabled":false}],"ttl":60,"type":"TXT"}])"));
    CHECK_THAT(site.powerdns(Method::Get, std::string(kZonePath) + "?rrsets=false", site.key).body,
               !Catch::Contains("rrsets"));
    // The bad half takes the good one with it.
    CHECK(site.patch(powerdns_rrset(www, "A", "DELETE") + "," +
                     powerdns_rrset("a." + www, "ALIAS", "REPLACE", "b.example."))
              .status == 422);
    CHECK(site.addresses(www, RType::A) == "203.0.113.2");
    CHECK(site.patch(powerdns_rrset(www, "A", "DELETE")).status == 204);
    CHECK(site.patch(powerdns_rrset(www, "A", "DELETE")).status == 204);
    CHECK(site.addresses(www, RType::A).empty());
}

TEST_CASE("An RRset that is named twice in one PATCH is refused, as PowerDNS does",
          "[admin][doors][powerdns][hostile]") {
    PowerDnsClients site;
    const std::string www = "www.pl-acme.example.net.";
    const Answer twice =
        site.patch(powerdns_rrset(www, "A", "REPLACE", "203.0.113.1") + "," +
                   powerdns_rrset("WWW.pl-acme.example.net.", "A", "replace", "203.0.113.2"));
    CHECK(twice.status == 422);
    CHECK(twice.body ==
          R"({"error":"Duplicate RRset www.pl-acme.example.net. IN A with changetype: REPLACE"})");
    CHECK(site.addresses(www, RType::A).empty());
    // Another type, or deleted and replaced, is another thing.
    CHECK(site.patch(powerdns_rrset(www, "A", "DELETE") + "," +
                     powerdns_rrset(www, "A", "REPLACE", "203.0.113.3") + "," +
                     powerdns_rrset(www, "AAAA", "REPLACE", "2001:db8::1"))
              .status == 204);
    CHECK(site.addresses(www, RType::A) == "203.0.113.3");
}

TEST_CASE("Who asks for pages gets them, who does not gets all",
          "[admin][doors][powerdns][paging]") {
    PowerDnsClients site;
    for (int each = 0; each < 7; ++each)
        REQUIRE(site.patch(powerdns_rrset("n" + std::to_string(each) + ".pl-acme.example.net.", "A",
                                          "REPLACE", "203.0.113.1"))
                    .status == 204);
    const Answer all = site.powerdns(Method::Get, kZonePath, site.key);
    CHECK(all.header("link").empty());
    const std::size_t rrsets = size_at(all.json(), "/rrsets");
    REQUIRE(rrsets >= 9);
    std::vector<std::string> seen;
    std::string target = "/api/v1/servers/localhost" + std::string(kZonePath) + "?limit=2";
    for (std::size_t pages = 0; !target.empty() && pages < 20; ++pages) {
        const Answer page = site.ask({Method::Get, target, "", "", {{"x-api-key", site.key}}});
        REQUIRE(page.status == 200);
        REQUIRE(size_at(page.json(), "/rrsets") <= 2);
        for (std::size_t each = 0; each < size_at(page.json(), "/rrsets"); ++each)
            seen.push_back(text_at(page.json(), "/rrsets/" + std::to_string(each) + "/name") +
                           text_at(page.json(), "/rrsets/" + std::to_string(each) + "/type"));
        const std::string link(page.header("link"));
        target = link.empty() ? "" : link.substr(1, link.find('>') - 1);
        if (!link.empty()) CHECK(link.substr(link.find('>')) == ">; rel=\"next\"");
    }
    CHECK(seen.size() == rrsets);
    std::sort(seen.begin(), seen.end());
    CHECK(std::unique(seen.begin(), seen.end()) == seen.end());

    const std::string every =
        site.secret_of(R"({"kind":"powerdns","allow":[{"zone":"*","operations":["read"]}]})");
    static_cast<void>(site.make_server("beta"));
    const Answer first = site.powerdns(Method::Get, "/zones?limit=1", every);
    REQUIRE(std::get<JsonArray>(first.json().is).size() == 1);
    const std::string link(first.header("link"));
    REQUIRE_FALSE(link.empty());
    const Answer second =
        site.ask({Method::Get, link.substr(1, link.find('>') - 1), "", "", {{"x-api-key", every}}});
    REQUIRE(std::get<JsonArray>(second.json().is).size() == 1);
    CHECK(text_at(second.json(), "/0/name") != text_at(first.json(), "/0/name"));
    for (const char* wrong : {"?limit=0", "?limit=x", "?limit=2&cursor=%21", "?limit=501"}) {
        CHECK(site.powerdns(Method::Get, "/zones" + std::string(wrong), every).status == 422);
        CHECK(site.powerdns(Method::Get, kZonePath + std::string(wrong), every).status == 422);
    }
}

TEST_CASE("A large PATCH is read of nobody but who shows a key that is known",
          "[admin][doors][powerdns][hostile]") {
    PowerDnsClients site;
    constexpr std::size_t kWholePatch = 256 * 1024;
    const auto limit = [&](const std::string& key, std::vector<net::Header> more = {}) {
        net::Request head;
        head.method = Method::Patch;
        head.path = "/api/v1/servers/localhost" + std::string(kZonePath);
        head.headers = std::move(more);
        if (!key.empty()) head.headers.push_back({"x-api-key", key});
        return site.api->body_limit_for(head);
    };
    CHECK(limit(site.key) == kWholePatch);
    CHECK(limit(site.server_token) == kWholePatch);
    CHECK(limit("") == kStrangersBody);
    CHECK(limit("hp_pdns_wrong") == kStrangersBody);
    CHECK(limit("", {{"content-length", "4096"}}) == kStrangersBody);
    CHECK(limit(site.key, {{"x-api-key", site.key}}) == kStrangersBody);  // Which of them?
    const std::string id =
        text_at(site.as_operator(Method::Post, "/v1/credentials",
                                 R"({"kind":"powerdns","owner":{"licence":"acme"},"role":"zone"})")
                    .json(),
                "/secret");
    CHECK(limit(id) == kWholePatch);
    REQUIRE(
        site.as_operator(Method::Patch, "/v1/licences/acme", R"({"state":"suspended"})").status ==
        200);
    CHECK(limit(id) == kStrangersBody);  // It may not: nothing of it needs to be read.
}

TEST_CASE("PATCH says which RRset is wrong, and how", "[admin][doors][powerdns][hostile]") {
    struct Case {
        const char* body;
        const char* says;
    };
    const auto each = GENERATE(values<Case>({
        {R"({})", "Key 'rrsets' not present"},
        {R"({"rrsets":[1]})", "Key 'name' not present"},
        {R"({"rrsets":[{"name":"a.z"}]})", "is not canonical"},
        {R"({"rrsets":[{"name":"a.y."}]})", "Name is out of zone"},
        {R"({"rrsets":[{"name":"a.z."}]})", "Key 'type' not present"},
        {R"({"rrsets":[{"name":"a.z.","type":"ALIAS"}]})", "cannot be served here"},
        {R"({"rrsets":[{"name":"a.z.","type":"ANY"}]})", "cannot be served here"},
        {R"({"rrsets":[{"name":"a.z.","type":"A"}]})", "Key 'changetype' not present"},
        {R"({"rrsets":[{"name":"a.z.","type":"A","changetype":"X"}]})", "changetype must be"},
        {R"({"rrsets":[{"name":"a.z.","type":"A","changetype":"REPLACE"}]})", "Key 'records'"},
        {R"({"rrsets":[{"name":"a.z.","type":"A","changetype":"REPLACE","records":[{}]}]})",
         "Key 'content'"},
        {R"({"rrsets":[{"name":"a.z.","type":"A","changetype":"REPLACE",)"
         R"("records":[{"content":"x"}]}]})",
         "RRset a.z. IN A: "},
        {R"({"rrsets":[{"name":"a.z.","type":"A","changetype":"REPLACE",)"
         R"("records":[{"content":"192.0.2.1"}]}]})",
         "Key 'ttl'"},
        {R"({"rrsets":[{"name":"a.z.","type":"A","changetype":"REPLACE","ttl":-1,)"
         R"("records":[{"content":"192.0.2.1"}]}]})",
         "ttl is out of range"},
        {R"({"rrsets":[{"name":"a.z.","type":"A","changetype":"REPLACE","ttl":1,)"
         R"("records":[{"content":"192.0.2.1","disabled":true}]}]})",
         "disabled record"},
    }));
    INFO(each.body);
    const auto edits = read_powerdns_patch(each.body, tests::name("z."));
    REQUIRE_FALSE(edits);
    CHECK(edits.error().status() == 422);
    CHECK_THAT(edits.error().detail, Catch::Contains(each.says));
}

TEST_CASE("Reading a challenge RRset and replacing it leaves another client's value alone",
          "[admin][doors][powerdns]") {
    PowerDnsClients site;
    const std::string one(43, '1');
    const std::string two(43, '2');
    const std::string body =
        R"({"fqdn":")" + std::string(kChallengeOwner) + R"(","value":")" + one + "\"}";
    REQUIRE(site.httpreq("present", site.server_token, body).status == 200);
    // A server's key sees its own names alone, and the keeper of the name is nobody's to see.
    const Answer own = site.powerdns(Method::Get, kZonePath, site.server_token);
    CHECK_THAT(own.body, Catch::Contains(one));
    CHECK_THAT(own.body, !Catch::Contains("SOA"));
    CHECK_THAT(site.powerdns(Method::Get, kZonePath, site.key).body,
               !Catch::Contains("held for ACME"));
    CHECK(site.patch(powerdns_rrset(kChallengeOwner, "TXT", "REPLACE", R"(\")" + two + R"(\")"))
              .status == 204);
    CHECK(site.addresses(kChallengeOwner, RType::TXT) == "\"" + one + "\" \"" + two + "\"");
    CHECK(site.patch(powerdns_rrset(kChallengeOwner, "TXT", "DELETE")).status == 204);
    CHECK(site.addresses(kChallengeOwner, RType::TXT) == "\"" + one + "\"");
    // What the grants do not allow in a zone that is seen.
    const Answer denied = site.powerdns(
        Method::Patch, kZonePath, site.server_token,
        "{\"rrsets\":[" +
            powerdns_rrset("www.pl-acme.example.net.", "A", "REPLACE", "203.0.113.1") + "]}");
    CHECK(denied.status == 403);
    CHECK_THAT(denied.body, Catch::Contains("refused: no grant allows"));
}

TEST_CASE("No credential of one licence changes anything of another, at any door",
          "[admin][doors][permission][invariant3]") {
    DoorClients site;
    const std::vector<std::string> licences{"acme", "beta"};
    const std::vector<std::string> tokens{site.server_token, site.make_server("beta")};
    const std::string value(43, 'v');
    for (std::size_t from = 0; from < 2; ++from) {
        for (const char* role : {"zone", "challenges"}) {
            const auto secret = [&](const std::string& kind) {
                return site.secret_of(R"({"kind":")" + kind + R"(","owner":{"licence":")" +
                                      licences[from] + R"("},"role":")" + role + "\"}");
            };
            const std::vector<std::string> keys{secret("token"), secret("powerdns"),
                                                secret("acme-dns"), tokens[from]};
            const std::string apex = "pl-" + licences[1 - from] + ".example.net.";
            const std::string twin = "nur1." + apex;
            const std::string owner = "_acme-challenge." + twin;
            const auto before = site.store.zone(apex)->serial();
            for (const std::string& key : keys) {
                CHECK(site.httpreq("present", key,
                                   R"({"fqdn":")" + owner + R"(","value":")" + value + "\"}")
                          .status >= 401);
                CHECK(site.acme_update(twin, key,
                                       R"({"subdomain":")" + twin + R"(","txt":")" + value + "\"}")
                          .status == 401);
                const Answer seen = site.powerdns(Method::Get, "/zones/" + apex, key);
                CHECK((seen.status == 404 || seen.status == 401));
                const Answer listed = site.powerdns(Method::Get, "/zones", key);
                CHECK_THAT(listed.body, !Catch::Contains(apex));
                const Answer patched = site.powerdns(
                    Method::Patch, "/zones/" + apex, key,
                    "{\"rrsets\":[" +
                        powerdns_rrset(owner, "TXT", "REPLACE", R"(\")" + value + R"(\")") + "]}");
                CHECK((patched.status == 404 || patched.status == 401));
            }
            CHECK(site.store.zone(apex)->serial() == before);
        }
    }
}

}  // namespace
}  // namespace hairpin::admin
