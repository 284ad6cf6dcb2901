// Licences, servers, zones, records, zone files, history: what the calls do beyond the main job.

#include <set>

#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {
namespace {

using net::Method;
using zones::RType;

std::string type_of(const Answer& answer) {
    const std::string uri = text_at(answer.json(), "/type");
    return uri.substr(uri.rfind(':') + 1);
}

TEST_CASE("No zone is made at or below a twin name", "[admin][zones][invariant4][hostile]") {
    ApiFixture api;
    const std::string token = api.make_server();
    REQUIRE(api.beat(token, R"({"public":"auto"})").status == 200);
    for (const char* apex :
         {"nur1.pl-acme.example.net", "i-nur1.pl-acme.example.net", "NUR1.pl-acme.example.net",
          "i-nur77.pl-acme.example.net", "a.b.nur1.pl-acme.example.net"}) {
        INFO(apex);
        const std::string body = std::string("{\"zone\":\"") + apex + "\"}";
        const Answer refused = api.as_operator(net::Method::Post, "/v1/zones", body);
        CHECK(refused.status == 409);
        CHECK(refused.body.find("pl-acme.example.net") != std::string::npos);
        CHECK(api.as_operator(net::Method::Post, "/v1/licences",
                              "{\"licence\":\"b\",\"zone\":\"" + std::string(apex) + "\"}")
                  .status == 409);
    }
    for (const char* apex : {"www.pl-acme.example.net", "nur1.example.net", "nur.example.org"})
        CHECK(api.as_operator(net::Method::Post, "/v1/zones",
                              std::string("{\"zone\":\"") + apex + "\"}")
                  .status == 201);
}

TEST_CASE("Licences that cannot be made are refused with the reason", "[admin][licences]") {
    struct Case {
        const char* body;
        int status;
        const char* type;
        const char* says;
    };
    const auto each = GENERATE(values<Case>({
        {"", 400, "invalid-request", "/licence is missing"},
        {"[]", 400, "invalid-request", "the body must be a JSON object"},
        {R"({"licence":"Acme"})", 400, "invalid-request", "lower-case letters"},
        {R"({"licence":"-acme"})", 400, "invalid-request", "at both ends"},
        {R"({"licence":""})", 400, "invalid-request", "1 to 40"},
        {R"({"licence":"aaaaaaaaaabbbbbbbbbbccccccccccdddddddddde"})", 400, "invalid-request",
         "1 to 40"},
        {R"({"licence":"acme","zone":"a..b"})", 400, "invalid-request", "not a DNS name"},
        {R"({"licence":"acme","zone":"."})", 400, "invalid-request", "root"},
        {R"({"license":"acme"})", 400, "invalid-request", "did you mean \\\"licence\\\"?"},
        {R"({"licence":"acme","expires":"soon"})", 400, "invalid-request", "RFC 3339"},
        {R"({"licence":"acme","state":"gone"})", 400, "invalid-request", "active or suspended"},
        {R"({"licence":"acme","licence":"beta"})", 400, "malformed-json", "there twice"},
        {R"({"licence":"taken"})", 409, "conflict", "licence taken exists already"},
        {R"({"licence":"acme","zone":"pl-taken.example.net"})", 409, "conflict",
         "pl-taken.example.net. exists already"},
    }));
    INFO(each.body);
    ApiFixture api;
    REQUIRE(api.as_operator(Method::Post, "/v1/licences", R"({"licence":"taken"})").status == 201);

    const Answer answer = api.as_operator(Method::Post, "/v1/licences", each.body);

    CHECK(answer.status == each.status);
    CHECK(type_of(answer) == each.type);
    CHECK_THAT(answer.body, Catch::Contains(each.says));
    CHECK(answer.header("content-type") == "application/problem+json");
    CHECK(api.store.zone("pl-acme.example.net.").get() == nullptr);
}

TEST_CASE("A licence may have a zone of its own, in any case and with or without the dot",
          "[admin][licences]") {
    ApiFixture api;
    const Answer made = api.as_operator(Method::Post, "/v1/licences",
                                        R"({"licence":"acme","zone":"Servers.ACME.example"})");
    REQUIRE(made.status == 201);
    CHECK(text_at(made.json(), "/zone") == "servers.acme.example");
    CHECK(api.as_operator(Method::Get, "/v1/zones/SERVERS.acme.example.").status == 200);
    // Its zone goes only with it.
    const Answer refused = api.as_operator(Method::Delete, "/v1/zones/servers.acme.example");
    CHECK(refused.status == 409);
    CHECK_THAT(refused.body, Catch::Contains("belongs to licence acme"));
}

TEST_CASE("If-Match guards what it names", "[admin][etag][rfc9110]") {
    ApiFixture api;
    api.make_server();
    const std::string licence = "/v1/licences/acme";
    const std::string server = "/v1/licences/acme/servers/nur1";
    for (const std::string& target : {licence, server}) {
        INFO(target);
        const std::string body = target == licence ? R"({"plan":"x"})" : R"({"port":443})";
        const std::string before = api.as_operator(Method::Get, target).header("etag");
        CHECK(before == "\"v1\"");
        CHECK(api.as_operator(Method::Patch, target, body, {{"if-match", "\"v7\""}}).status == 412);
        CHECK(api.as_operator(Method::Patch, target, body, {{"if-match", "v1"}}).status == 400);
        const Answer done =
            api.as_operator(Method::Patch, target, body, {{"if-match", "\"v0\", \"v1\""}});
        CHECK(done.status == 200);
        CHECK(done.header("etag") == "\"v2\"");
        CHECK(api.as_operator(Method::Get, target).header("etag") == "\"v2\"");
        CHECK(api.as_operator(Method::Patch, target, body, {{"if-match", before}}).status == 412);
        CHECK(api.as_operator(Method::Delete, target, "", {{"if-match", before}}).status == 412);
        CHECK(api.as_operator(Method::Patch, target, body, {{"if-match", "*"}}).status == 200);
    }
    CHECK(api.as_operator(Method::Delete, server, "", {{"if-match", "\"v3\""}}).status == 204);
}

TEST_CASE("Labels: the lowest free one, or the one asked for", "[admin][servers]") {
    ApiFixture api;
    api.make_server();
    const std::string servers = "/v1/licences/acme/servers";
    const auto label = [&](const char* body) {
        const Answer made = api.as_operator(Method::Post, servers, body);
        return made.status == 201 ? text_at(made.json(), "/label") : std::to_string(made.status);
    };
    CHECK(label(R"({"label":"nur3"})") == "nur3");
    CHECK(label("{}") == "nur2");
    CHECK(label("") == "nur4");
    CHECK(label(R"({"label":"nur3"})") == "409");
    for (const char* wrong :
         {"nur0", "nur01", "nur", "i-nur1", "NUR9", "www", "nur1234567890", "", "nur1.x"}) {
        INFO(wrong);
        CHECK(label(("{\"label\":\"" + std::string(wrong) + "\"}").c_str()) == "400");
    }
    REQUIRE(api.as_operator(Method::Delete, servers + "/nur2").status == 204);
    REQUIRE(api.as_operator(Method::Put,
                            "/v1/zones/pl-acme.example.net/rrsets/nur2.pl-acme.example.net/TXT",
                            R"({"records":["\"mine\""]})")
                .status == 201);
    CHECK(label("{}") == "nur5");  // nur2 is the operator's own now.
    CHECK(label(R"({"label":"nur2"})") == "409");
    CHECK(api.as_operator(Method::Post, "/v1/licences/none/servers", "{}").status == 404);
}

TEST_CASE("A server that is deleted leaves nothing behind", "[admin][servers]") {
    ApiFixture api;
    const std::string token = api.make_server();
    REQUIRE(api.beat(token, R"({"private":["10.0.0.1"],"public":"auto"})").status == 200);

    REQUIRE(api.as_operator(Method::Delete, "/v1/licences/acme/servers/nur1").status == 204);

    const auto zone = api.store.zone("pl-acme.example.net.");
    CHECK(zone->names().size() == 1);
    CHECK(api.beat(token, "{}").status == 401);
}

TEST_CASE("Lists are paged to the end without gaps", "[admin][paging]") {
    ApiFixture api;
    std::set<std::string> made;
    for (int number = 0; number < 7; ++number) {
        const std::string name = "l" + std::to_string(number);
        REQUIRE(api.as_operator(Method::Post, "/v1/licences", "{\"licence\":\"" + name + "\"}")
                    .status == 201);
        made.insert(name);
    }
    std::set<std::string> listed;
    std::string cursor;
    int pages = 0;
    for (;;) {
        const JsonValue page =
            api.as_operator(Method::Get, "/v1/licences?limit=3&cursor=" + cursor).json();
        ++pages;
        for (std::size_t index = 0; index < size_at(page, "/licences"); ++index)
            CHECK(listed.insert(text_at(page, "/licences/" + std::to_string(index) + "/licence"))
                      .second);
        if (at(page, "/next").is_null()) break;
        cursor = text_at(page, "/next");
    }
    CHECK(pages == 3);
    CHECK(listed == made);
    CHECK(size_at(api.as_operator(Method::Get, "/v1/zones?limit=500").json(), "/zones") == 7);
    for (const char* wrong : {"?limit=0", "?limit=501", "?limit=x", "?limit=-1", "?cursor=*"})
        CHECK(api.as_operator(Method::Get, "/v1/licences" + std::string(wrong)).status == 400);
    CHECK(api.as_operator(Method::Get, "/v1/audit?cursor=eA").status == 400);
}

TEST_CASE("RRsets are put, shown, replaced and deleted", "[admin][rrsets]") {
    ApiFixture api;
    REQUIRE(api.as_operator(Method::Post, "/v1/zones", R"({"zone":"example.org"})").status == 201);
    const std::string target = "/v1/zones/example.org/rrsets/www.example.org./A";

    const Answer made =
        api.as_operator(Method::Put, target, R"({"ttl":300,"records":["192.0.2.2","192.0.2.1"]})");
    CHECK(made.status == 201);
    const Answer shown = api.as_operator(Method::Get, target);
    CHECK(shown.body == made.body);
    CHECK(shown.header("etag") == made.header("etag"));
    CHECK(texts_at(shown.json(), "/records") == "192.0.2.1 192.0.2.2");
    CHECK(text_at(shown.json(), "/owner") == "www.example.org");
    CHECK(
        api.as_operator(Method::Get, target, "", {{"if-none-match", made.header("etag")}}).status ==
        304);

    CHECK(api.as_operator(Method::Put, target, R"({"records":["192.0.2.3"]})",
                          {{"if-none-match", "*"}})
              .status == 412);
    CHECK(api.as_operator(Method::Put, target, R"({"records":["192.0.2.3"]})",
                          {{"if-match", "\"other\""}})
              .status == 412);
    CHECK(api.as_operator(Method::Put, target, R"({"records":["192.0.2.3"]})",
                          {{"if-match", made.header("etag")}})
              .status == 200);
    CHECK(api.addresses("www.example.org.", RType::A) == "192.0.2.3");
    CHECK(api.as_operator(Method::Delete, target).status == 204);
    CHECK(api.as_operator(Method::Delete, target).status == 404);
    CHECK(api.as_operator(Method::Get, target).status == 404);
}

TEST_CASE("Records of every kind, and those that are refused", "[admin][rrsets]") {
    ApiFixture api;
    api.make_server();
    struct Case {
        const char* path;
        const char* body;
        int status;
        const char* says;
    };
    const auto each = GENERATE(values<Case>({
        {"@/TXT", R"({"records":["\"v=spf1 -all\""]})", 201, "v=spf1"},
        {"pl-acme.example.net/CAA", R"({"records":["0 issue \"ca.example\""]})", 201, "ca.example"},
        {"x.pl-acme.example.net/TYPE65280", R"({"records":["\\# 2 0102"]})", 201, "TYPE65280"},
        {"www.pl-acme.example.net/CNAME", R"({"records":["nur1"]})", 201,
         "nur1.pl-acme.example.net."},
        {"www.pl-acme.example.net/A", R"({"records":["300.1.1.1"]})", 400, "/records"},
        {"www.pl-acme.example.net/A", R"({"records":[]})", 400, "at least one"},
        {"www.pl-acme.example.net/A", R"({"ttl":-1,"records":["192.0.2.1"]})", 400, "/ttl"},
        {"www.pl-acme.example.net/A", R"({"ttl":60,"record":["192.0.2.1"]})", 400,
         "did you mean \\\"records\\\"?"},
        {"www.elsewhere.example/A", R"({"records":["192.0.2.1"]})", 404, "is not in zone"},
        {"www.pl-acme.example.net/NOPE", R"({"records":["192.0.2.1"]})", 404, "not an RR type"},
        {"nur7.pl-acme.example.net/A", R"({"records":["192.168.1.1"]})", 422, "192.168.1.1"},
        {"i-nur7.pl-acme.example.net/A", R"({"records":["8.8.8.8"]})", 422, "public address"},
        {"@/CNAME", R"({"records":["x."]})", 422, ""},
        {"x.pl-acme.example.net/ANY", R"({"records":["x"]})", 0, ""},
    }));
    INFO(each.path << " " << each.body);

    const Answer answer = api.as_operator(
        Method::Put, "/v1/zones/pl-acme.example.net/rrsets/" + std::string(each.path), each.body);

    if (each.status != 0) CHECK(answer.status == each.status);
    CHECK((answer.status == 201 || answer.status >= 400));
    CHECK(answer.status < 500);
    CHECK_THAT(answer.body, Catch::Contains(each.says));
}

TEST_CASE("Many RRsets change together or not at all", "[admin][rrsets]") {
    ApiFixture api;
    REQUIRE(api.as_operator(Method::Post, "/v1/zones", R"({"zone":"example.org"})").status == 201);
    const std::string target = "/v1/zones/example.org/rrsets";
    const Answer done = api.as_operator(Method::Patch, target, R"({"rrsets":[
        {"owner":"a.example.org","type":"A","ttl":60,"records":["192.0.2.1"]},
        {"owner":"b.example.org","type":"AAAA","records":["2001:db8::1"]}]})");
    REQUIRE(done.status == 200);
    CHECK(std::get<bool>(at(done.json(), "/changed").is));
    const auto serial = api.store.zone("example.org.")->serial();
    CHECK(number_at(done.json(), "/serial") == serial);

    // A CNAME beside other records breaks a rule, so that the first edit is not done either.
    const Answer broken = api.as_operator(Method::Patch, target, R"({"rrsets":[
        {"owner":"a.example.org","type":"A","records":[]},
        {"owner":"b.example.org","type":"CNAME","records":["a.example.org."]}]})");
    CHECK(broken.status == 422);
    CHECK(api.addresses("a.example.org.", RType::A) == "192.0.2.1");
    CHECK(api.store.zone("example.org.")->serial() == serial);

    const Answer wrong = api.as_operator(Method::Patch, target, R"({"rrsets":[
        {"owner":"a.example.com","type":"A","records":["192.0.2.1"]},
        {"owner":"a.example.org","type":"A","records":["x"]},
        {"owner":"a.example.org","type":"Z","records":["x"]}, 5]})");
    CHECK(wrong.status == 400);
    CHECK(size_at(wrong.json(), "/errors") >= 4);
    CHECK(text_at(wrong.json(), "/errors/0/pointer") == "/rrsets/0/owner");

    CHECK(api.as_operator(Method::Patch, target,
                          R"({"rrsets":[{"owner":"a.example.org","type":"A","records":[]}]})",
                          {{"if-match", "\"1\""}})
              .status == 412);
    CHECK(api.as_operator(Method::Patch, target, R"({"rrsets":[]})").status == 400);
    CHECK(api.as_operator(Method::Patch, "/v1/zones/none.example/rrsets",
                          R"({"rrsets":[{"owner":"a.none.example","type":"A","records":[]}]})")
              .status == 404);
}

TEST_CASE("Zone files come out and go in, and an error names its line", "[admin][zonefile]") {
    ApiFixture api;
    REQUIRE(api.as_operator(Method::Post, "/v1/zones", R"({"zone":"example.org"})").status == 201);
    const std::string target = "/v1/zones/example.org/zonefile";
    const Answer out = api.as_operator(Method::Get, target);
    CHECK(out.status == 200);
    CHECK(out.header("content-type") == "text/dns; charset=utf-8");
    CHECK_THAT(out.body, Catch::Contains("SOA"));
    CHECK(
        api.as_operator(Method::Get, target, "", {{"if-none-match", out.header("etag")}}).status ==
        304);

    const std::string file = out.body + "www 60 IN A 192.0.2.1\n";
    CHECK(api.as_operator(Method::Put, target, file, {{"if-match", "\"1\""}}).status == 412);
    const Answer in =
        api.as_operator(Method::Put, target, file, {{"if-match", out.header("etag")}});
    CHECK(in.status == 200);
    CHECK(api.addresses("www.example.org.", RType::A) == "192.0.2.1");

    const Answer wrong = api.as_operator(Method::Put, target, file + "x 60 IN A 192.0.2.999\n");
    CHECK(wrong.status == 400);
    CHECK_THAT(text_at(wrong.json(), "/errors/0/pointer"), Catch::StartsWith("line "));
    CHECK(api.as_operator(Method::Put, target, "www 60 IN A 192.0.2.1\n").status == 400);
    CHECK(api.as_operator(Method::Put, "/v1/zones/none.example/zonefile", file).status == 404);
    CHECK(api.as_operator(Method::Get, "/v1/zones/none.example/zonefile").status == 404);
    CHECK(api.addresses("www.example.org.", RType::A) == "192.0.2.1");
}

TEST_CASE("What a zone cannot be told yet is said so", "[admin][zones]") {
    ApiFixture api;
    REQUIRE(api.as_operator(Method::Post, "/v1/zones", R"({"zone":"example.org"})").status == 201);
    const std::string target = "/v1/zones/example.org";
    const Answer later = api.as_operator(Method::Patch, target, R"({"dnssec":{}})");
    CHECK(later.status == 501);
    CHECK(type_of(later) == "not-in-this-version");
    CHECK(api.as_operator(Method::Patch, target, R"({"dnsec":{}})").status == 400);
    CHECK(api.as_operator(Method::Patch, target, "{}").status == 400);
    CHECK(api.as_operator(Method::Post, "/v1/zones", R"({"zone":"example.org"})").status == 409);
    CHECK(api.as_operator(Method::Delete, target).status == 204);
    CHECK(api.as_operator(Method::Delete, target).status == 404);
}

TEST_CASE("The delegation of a licence zone follows it through its parent's life",
          "[admin][delegation]") {
    ApiFixture api;
    const auto delegated = [&] { return api.addresses("pl-acme.example.net.", RType::NS); };
    const auto in_parent = [&] {
        const auto parent = api.store.zone("example.net.");
        const auto* ns = parent->find(tests::name("pl-acme.example.net."), RType::NS);
        return ns == nullptr ? 0 : int{ns->count()};
    };
    REQUIRE(api.as_operator(Method::Post, "/v1/licences", R"({"licence":"acme"})").status == 201);
    REQUIRE(api.as_operator(Method::Post, "/v1/zones", R"({"zone":"example.net"})").status == 201);
    CHECK(in_parent() == 2);  // The parent came later.
    REQUIRE(api.as_operator(Method::Put, "/v1/zones/pl-acme.example.net/rrsets/@/NS",
                            R"({"records":["ns9.example.net."]})")
                .status == 200);
    CHECK(delegated() == "ns9.example.net.");
    CHECK(in_parent() == 1);
    REQUIRE(api.as_operator(Method::Put, "/v1/zones/example.net/zonefile",
                            "@ 3600 IN SOA ns1 h 1 3600 600 604800 60\n@ 3600 IN NS ns1\n")
                .status == 200);
    CHECK(in_parent() == 1);  // The file did not know it.
    REQUIRE(api.as_operator(Method::Delete, "/v1/licences/acme").status == 204);
    CHECK(in_parent() == 0);
}

TEST_CASE("History and audit say who changed what, before and after", "[admin][history]") {
    ApiFixture api;
    const std::string token = api.make_server();
    REQUIRE(api.beat(token, R"({"public":"auto"})", "203.0.113.1").status == 200);
    REQUIRE(api.beat(token, R"({"public":"auto"})", "203.0.113.2").status == 200);
    CHECK(api.as_operator(Method::Delete, "/v1/licences/none").status == 404);

    const JsonValue history =
        api.as_operator(Method::Get, "/v1/zones/pl-acme.example.net/history?limit=1").json();
    CHECK(text_at(history, "/history/0/actor/id") == "acme/nur1");
    CHECK(text_at(history, "/history/0/actor/door") == "heartbeat");
    bool is_seen = false;
    for (std::size_t index = 0; index < size_at(history, "/history/0/changes"); ++index) {
        const std::string here = "/history/0/changes/" + std::to_string(index);
        if (text_at(history, here + "/type") != "A") continue;
        is_seen = true;
        CHECK(texts_at(history, here + "/before/records") == "203.0.113.1");
        CHECK(texts_at(history, here + "/after/records") == "203.0.113.2");
    }
    CHECK(is_seen);
    const JsonValue next =
        api.as_operator(Method::Get,
                        "/v1/zones/pl-acme.example.net/history?cursor=" + text_at(history, "/next"))
            .json();
    CHECK(size_at(next, "/history") == 3);  // First report, server, licence.

    const JsonValue audit = api.as_operator(Method::Get, "/v1/audit").json();
    std::vector<std::string> rows;
    for (std::size_t index = 0; index < size_at(audit, "/audit"); ++index) {
        const std::string here = "/audit/" + std::to_string(index);
        rows.push_back(text_at(audit, here + "/action") + " " + text_at(audit, here + "/subject") +
                       " " + text_at(audit, here + "/outcome"));
    }
    const std::vector<std::string> wanted{
        "licence.delete none refused", "heartbeat acme/nur1 done", "heartbeat acme/nur1 done",
        "server.create acme/* done",   "licence.create acme done",
    };
    REQUIRE(rows.size() >= wanted.size());
    rows.resize(wanted.size());
    CHECK(rows == wanted);
}

}  // namespace
}  // namespace hairpin::admin
