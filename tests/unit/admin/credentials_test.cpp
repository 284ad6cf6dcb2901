// Keys that operators make: what can be made, what is shown, and what is refused.

#include "store/transfer_rows.hpp"
#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

constexpr const char* kCredentials = "/v1/credentials";

void make_zones(ApiFixture& api) {
    for (const char* body : {R"({"zone":"example.org"})", R"({"zone":"example.com"})"})
        REQUIRE(api.as_operator(Method::Post, "/v1/zones", body).status == 201);
}

TEST_CASE("A key is made with a secret of its digest's size, shown once",
          "[admin][credentials][rfc8945][invariant5]") {
    struct Case {
        const char* algorithm;
        std::size_t octets;
    };
    const auto each = GENERATE(values<Case>(
        {{"hmac-sha256", 32}, {"hmac-sha384", 48}, {"hmac-sha512", 64}, {"hmac-sha224", 28}}));
    ApiFixture api;
    make_zones(api);
    const Answer made =
        api.as_operator(Method::Post, kCredentials,
                        R"({"kind":"tsig","name":"UPD.","label":"ours","algorithm":")" +
                            std::string(each.algorithm) +
                            R"(","allow":[{"zone":"Example.ORG.","operations":["transfer"]}]})");
    REQUIRE(made.status == 201);
    const JsonValue key = made.json();
    CHECK(text_at(key, "/name") == "upd");
    CHECK(text_at(key, "/algorithm") == each.algorithm);
    CHECK(text_at(key, "/allow/0/zone") == "example.org");
    const std::string secret = text_at(key, "/secret");
    CHECK(from_base64(secret).value().size() == each.octets);

    const std::string target = made.header("location");
    CHECK(target == "/v1/credentials/" + std::to_string(number_at(key, "/id")));
    for (const std::string& where : {target, std::string("/v1/credentials/upd."),
                                     std::string(kCredentials), std::string("/v1/audit")}) {
        const Answer shown = api.as_operator(Method::Get, where);
        CHECK(shown.status == 200);
        CHECK(shown.body.find(secret) == std::string::npos);
        CHECK(shown.body.find("\"secret\"") == std::string::npos);
    }
    const Answer one = api.as_operator(Method::Get, target);
    CHECK(text_at(one.json(), "/label") == "ours");
    CHECK(one.header("etag") == made.header("etag"));
    CHECK(
        api.as_operator(Method::Get, target, "", {{"if-none-match", one.header("etag")}}).status ==
        304);
    store::Reader reader = api.store.reader();
    const auto row = tests::must(reader->credential_by_tsig_name("upd."));
    REQUIRE(row);
    const auto opened = api.sealer.open(row->tsig_sealed, "tsig:" + to_hex(row->token_hash));
    REQUIRE(opened);
    CHECK(to_base64(*opened) == secret);
}

TEST_CASE("A key that cannot be is refused with the reason", "[admin][credentials][hostile]") {
    struct Case {
        const char* body;
        int status;
        const char* says;
    };
    const auto each = GENERATE(values<Case>({
        {"{}", 400, "/kind is missing"},
        {R"({"kind":"tsig"})", 400, "/name is missing"},
        {R"({"kind":"tsig","name":"."})", 400, "root"},
        {R"({"kind":"tsig","name":"a..b"})", 400, "not a DNS name"},
        {R"({"kind":"key","name":"k"})", 400, "must be \\\"tsig\\\", \\\"token\\\""},
        {R"({"kind":"token","name":"k"})", 400, "/name is not known"},
        {R"({"kind":"dyndns","name":"a:b"})", 400, "without a colon"},
        {R"({"kind":"token","sources":["10.0.0.1/8"]})", 400, "without host bits"},
        {R"({"kind":"token","per_minute":0})", 400, "per_minute"},
        {R"({"kind":"token","role":"zone"})", 400, "needs an owner"},
        {R"({"kind":"token","role":"king","zone":"example.org"})", 400, "must be server"},
        {R"({"kind":"token","role":"server","zone":"example.org"})", 400, "is for a server's"},
        {R"({"kind":"token","role":"zone","zone":"example.org","allow":[]})", 400, "one of them"},
        {R"({"kind":"token","owner":{"licence":"none"}})", 400, "there is no licence"},
        {R"({"kind":"tsig","name":"k","algorithm":"hmac-sha3"})", 400, "hmac-sha256, hmac-sha384"},
        {R"({"kind":"tsig","name":"k","algorithm":"hmac-sha1"})", 400, "allow_weak_algorithm"},
        {R"({"kind":"tsig","name":"k","algorithm":"hmac-md5","allow_weak_algorithm":false})", 400,
         "RFC 8945 section 6"},
        {R"({"kind":"tsig","name":"k","secret":"not base64"})", 400, "not base64"},
        {R"({"kind":"tsig","name":"k","secret":"c2hvcnQ="})", 400, "at least 16"},
        {R"({"kind":"tsig","name":"k","secret":""})", 400, "too short"},
        {R"({"kind":"tsig","name":"k","expires":"soon"})", 400, "RFC 3339"},
        {R"({"kind":"tsig","name":"k","allow":{}})", 400, "must be a list"},
        {R"({"kind":"tsig","name":"k","allow":[{}]})", 400, "/allow/0/zone is missing"},
        {R"({"kind":"tsig","name":"k","allow":[{"zone":"example.org","operations":[]}]})", 400,
         "names no operation"},
        {R"({"kind":"tsig","name":"k","allow":[{"zone":"example.org","operations":["delete"]}]})",
         400, "\\\"update\\\" and \\\"transfer\\\""},
        {R"({"kind":"tsig","name":"k","allow":[{"zone":"example.org","names":["www.example.com"],
             "operations":["update"]}]})",
         400, "is not in the zone"},
        {R"({"kind":"tsig","name":"k","allow":[{"zone":"example.org","types":["AXFR"],
             "operations":["update"]}]})",
         400, "not a type of records"},
        {R"({"kind":"tsig","name":"k","allow":[{"zone":"example.org","values":"odd",
             "operations":["update"]}]})",
         400, "challenge"},
        {R"({"kind":"tsig","name":"k","allow":[{"zone":"none.example","operations":["transfer"]}]})",
         400, "no such zone"},
        {R"({"kind":"tsig","name":"k","allow":[{"zone":"*","operations":["transfer"]},
             {"zone":"*","operations":["transfer"]}]})",
         400, "stands twice"},
        {R"({"kind":"tsig","name":"k","allow":[{"zone":"*","names":["www.example.org"],"operations":["transfer"]}]})",
         400, "whole zone"},
        {R"({"kind":"tsig","name":"k","alow":[]})", 400, "did you mean \\\"allow\\\"?"},
        {R"({"kind":"tsig","name":"taken."})", 409, "exists already"},
    }));
    INFO(each.body);
    ApiFixture api;
    make_zones(api);
    REQUIRE(
        api.as_operator(Method::Post, kCredentials, R"({"kind":"tsig","name":"taken"})").status ==
        201);
    const Answer refused = api.as_operator(Method::Post, kCredentials, each.body);
    CHECK(refused.status == each.status);
    CHECK_THAT(refused.body, Catch::Contains(each.says));
    CHECK(size_at(api.as_operator(Method::Get, kCredentials).json(), "/credentials") == 1);
}

TEST_CASE("A key may be brought along, and a weak one by who insists", "[admin][credentials]") {
    ApiFixture api;
    const std::string body =
        R"({"kind":"tsig","name":"old.","algorithm":"hmac-md5","allow_weak_algorithm":true,
            "secret":"MDEyMzQ1Njc4OWFiY2RlZg==","expires":"2030-01-01T00:00:00Z"})";
    const Answer made = api.as_operator(Method::Post, kCredentials, body);
    REQUIRE(made.status == 201);
    CHECK(text_at(made.json(), "/secret") == "MDEyMzQ1Njc4OWFiY2RlZg==");
    store::Reader reader = api.store.reader();
    const auto row = tests::must(reader->credential_by_tsig_name("old."));
    REQUIRE(row);
    CHECK(row->weak_allowed);
    CHECK(row->expires_at);
}

TEST_CASE("A deleted key is gone, and its name free", "[admin][credentials]") {
    ApiFixture api;
    const char* body =
        R"({"kind":"tsig","name":"k","allow":[{"zone":"*","operations":["transfer"]}]})";
    const Answer made = api.as_operator(Method::Post, kCredentials, body);
    REQUIRE(made.status == 201);
    CHECK(text_at(made.json(), "/allow/0/zone") == "*");
    const std::string target = made.header("location");
    CHECK(api.as_operator(Method::Delete, target, "", {{"if-match", "\"v9\""}}).status == 412);
    CHECK(api.as_operator(Method::Delete, target, "", {{"if-match", made.header("etag")}}).status ==
          204);
    CHECK(api.as_operator(Method::Delete, target).status == 404);
    CHECK(api.as_operator(Method::Get, target).status == 404);
    const Answer again = api.as_operator(Method::Post, kCredentials, body);
    CHECK(again.status == 201);
    CHECK(again.header("location") != target);
    CHECK(text_at(again.json(), "/secret") != text_at(made.json(), "/secret"));
    CHECK(api.as_operator(Method::Delete, "/v1/credentials/K.").status == 204);
}

TEST_CASE("Keys are listed in pages, and no other credential among them", "[admin][credentials]") {
    ApiFixture api;
    static_cast<void>(api.make_server());
    for (const char* name : {"a", "b", "c"})
        REQUIRE(api.as_operator(Method::Post, kCredentials,
                                std::string(R"({"kind":"tsig","name":")") + name + "\"}")
                    .status == 201);
    const JsonValue first = api.as_operator(Method::Get, "/v1/credentials?limit=2").json();
    CHECK(size_at(first, "/credentials") == 2);
    const JsonValue rest =
        api.as_operator(Method::Get, "/v1/credentials?limit=2&cursor=" + text_at(first, "/next"))
            .json();
    CHECK(size_at(rest, "/credentials") == 1);
    CHECK(text_at(rest, "/credentials/0/name") == "c");
    // Neither an operator's token nor a server's key can be had or revoked here.
    for (const char* id : {"1", "2"}) {
        CHECK(api.as_operator(Method::Get, std::string("/v1/credentials/") + id).status == 404);
        CHECK(api.as_operator(Method::Delete, std::string("/v1/credentials/") + id).status == 404);
    }
}

TEST_CASE("The same Idempotency-Key makes one key and shows the same secret",
          "[admin][credentials]") {
    ApiFixture api;
    const std::vector<net::Header> key = {{"idempotency-key", "one"}};
    const char* body = R"({"kind":"tsig","name":"k"})";
    const Answer first = api.as_operator(Method::Post, kCredentials, body, key);
    const Answer second = api.as_operator(Method::Post, kCredentials, body, key);
    REQUIRE(first.status == 201);
    CHECK(second.status == 201);
    CHECK(text_at(second.json(), "/secret") == text_at(first.json(), "/secret"));
}

TEST_CASE("A server may not touch credentials", "[admin][credentials][invariant3]") {
    ApiFixture api;
    const std::string token = api.make_server();
    CHECK(api.ask({Method::Get, kCredentials, "", token, {}}).status == 403);
    CHECK(
        api.ask({Method::Post, kCredentials, R"({"kind":"tsig","name":"k"})", token, {}}).status ==
        403);
    CHECK(api.ask({Method::Delete, "/v1/credentials/1", "", token, {}}).status == 403);
}

}  // namespace
}  // namespace hairpin::admin
