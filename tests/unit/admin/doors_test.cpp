// The doors of stock clients, as their clients see them: acme-dns and httpreq.

#include "admin/acme_dns_json.hpp"
#include "admin/door_login.hpp"
#include "admin/httpreq_json.hpp"
#include "tests/unit/admin/door_site.hpp"

namespace hairpin::admin {
namespace {

using net::Method;
using zones::RType;

const std::string kFirst(43, 'a');
const std::string kSecond(43, 'b');
constexpr const char* kPublicChallenge = "_acme-challenge.nur1.pl-acme.example.net.";

std::string update_body(const std::string& subdomain, const std::string& txt) {
    return R"({"subdomain":")" + subdomain + R"(","txt":")" + txt + "\"}";
}

TEST_CASE("A door reads a secret wherever a stock client puts it", "[admin][doors][rfc7617]") {
    struct Case {
        const char* why;
        std::vector<net::Header> headers;
        const char* user;
        const char* secret;  // Null: none.
    };
    const auto each = GENERATE(values<Case>({
        {"Basic", {{"authorization", "Basic dXNlcjpwYTpzcw=="}}, "user", "pa:ss"},
        {"basic, no user", {{"authorization", "basic OnBhc3M="}}, "", "pass"},
        {"Bearer", {{"authorization", "Bearer abc"}}, "", "abc"},
        {"acme-dns", {{"x-api-user", "u"}, {"x-api-key", "k"}}, "u", "k"},
        {"PowerDNS", {{"x-api-key", "k"}}, "", "k"},
        {"nothing", {}, "", nullptr},
        {"no colon", {{"authorization", "Basic dXNlcg=="}}, "", nullptr},
        {"not base64", {{"authorization", "Basic !!"}}, "", nullptr},
        {"an empty scheme", {{"authorization", "Basic "}}, "", nullptr},
        {"two keys", {{"x-api-key", "a"}, {"x-api-key", "b"}}, "", nullptr},
    }));
    INFO(each.why);
    net::Request request;
    request.headers = each.headers;
    const auto secret = any_secret(request);
    REQUIRE(secret.has_value() == (each.secret != nullptr));
    if (!secret) return;
    CHECK(secret->user == each.user);
    CHECK(secret->secret == each.secret);
}

TEST_CASE("A server is an acme-dns account without having registered", "[admin][doors][acme-dns]") {
    DoorClients site;
    const std::string twin = "nur1.pl-acme.example.net";
    const Answer done = site.acme_update(twin, site.server_token, update_body(twin, kFirst));
    CHECK(done.status == 200);
    CHECK(done.body == R"({"txt":")" + kFirst + "\"}");
    CHECK(site.addresses(kPublicChallenge, RType::TXT) == "\"" + kFirst + "\"");
    // The Go client behind lego sends names without tags.
    CHECK(site.acme_update(twin, site.server_token,
                           R"({"SubDomain":")" + twin + R"(","Txt":")" + kSecond + "\"}")
              .status == 200);
    CHECK(site.addresses(kPublicChallenge, RType::TXT) == "\"" + kFirst + "\" \"" + kSecond + "\"");
    CHECK(site.store.zone("pl-acme.example.net.")
              ->find(tests::name(kPublicChallenge), RType::TXT)
              ->ttl() == 1);
    const std::string other = "nur1.pl-beta.example.net";
    static_cast<void>(site.make_server("beta"));
    CHECK(site.acme_update(other, site.server_token, update_body(other, kFirst)).status == 401);
    CHECK_THAT(site.as_operator(Method::Get, "/metrics").body,
               Catch::Contains(R"(hairpin_door_requests_total{door="acme-dns",outcome="done"} 2)"));
}

TEST_CASE("An account is never good from where its token is not", "[admin][doors][acme-dns]") {
    DoorClients site;
    const std::string token = site.secret_of(
        R"({"kind":"token","owner":{"licence":"acme"},"role":"challenges",
            "sources":["203.0.113.0/24"]})");
    const auto ask = [&](const char* body) {
        return site.ask({Method::Post, "/register", body, token, {}});
    };
    CHECK(texts_at(ask("").json(), "/allowfrom") == "203.0.113.0/24");
    CHECK(texts_at(ask(R"({"allowfrom":["203.0.113.64/26"]})").json(), "/allowfrom") ==
          "203.0.113.64/26");
    for (const char* wider :
         {R"({"allowfrom":["203.0.112.0/23"]})", R"({"allowfrom":["203.0.113.0/24","0.0.0.0/0"]})"})
        CHECK(ask(wider).status == 401);
}

TEST_CASE("An acme-dns account is registered with a token and writes at its own name alone",
          "[admin][doors][acme-dns]") {
    DoorClients site;
    const std::string token =
        site.secret_of(R"({"kind":"token","owner":{"licence":"acme"},"role":"challenges"})");
    const Answer made =
        site.ask({Method::Post, "/register", R"({"AllowFrom":["203.0.113.0/24"]})", token, {}});
    INFO(made.body);
    REQUIRE(made.status == 201);
    CHECK(made.body.find('\n') == std::string::npos);
    const std::string user = text_at(made.json(), "/username");
    const std::string key = text_at(made.json(), "/password");
    const std::string full = text_at(made.json(), "/fulldomain");
    CHECK(text_at(made.json(), "/subdomain") == user);
    CHECK(key.size() == 40);
    CHECK(texts_at(made.json(), "/allowfrom") == "203.0.113.0/24");
    CHECK(full == "_acme-challenge." + user + "._acme-dns.pl-acme.example.net");
    // In being before the first value, so that no NXDOMAIN is remembered.
    CHECK_FALSE(site.addresses(full + ".", RType::HINFO).empty());

    CHECK(site.acme_update(user, key, update_body(user, kFirst)).status == 200);
    CHECK(site.addresses(full + ".", RType::TXT) == "\"" + kFirst + "\"");
    const std::string other = "c0ffee00-0000-4000-8000-000000000000";
    for (const auto& [name, secret, body] :
         std::vector<std::tuple<std::string, std::string, std::string>>{
             {user, key, update_body(other, kFirst)},
             {other, key, update_body(other, kFirst)},
             {user, "wrong", update_body(user, kFirst)},
             {user, "", update_body(user, kFirst)},
             {user, token, update_body(user, kFirst)}}) {
        const Answer refused = site.acme_update(name, secret, body);
        CHECK(refused.status == 401);
        CHECK(refused.body == R"({"error":"forbidden"})");
    }
    CHECK(site.acme_update(user, key, update_body(user, kFirst), "198.51.100.1").status == 401);
}

TEST_CASE("acme-dns says what is wrong in the words of the original", "[admin][doors][acme-dns]") {
    struct Case {
        const char* body;
        const char* error;
    };
    const auto each = GENERATE(values<Case>({
        {"", "malformed_json_payload"},
        {"[]", "malformed_json_payload"},
        {"{", "malformed_json_payload"},
        {R"({"txt":"a","Txt":"b","subdomain":"x"})", "malformed_json_payload"},
        {"{}", "bad_subdomain"},
        {R"({"subdomain":1})", "bad_subdomain"},
        {R"({"subdomain":""})", "bad_subdomain"},
        {R"({"subdomain":"a..b"})", "bad_subdomain"},
        {R"({"subdomain":"a"})", "bad_txt"},
        {R"({"subdomain":"a","txt":"short"})", "bad_txt"},
        {R"({"subdomain":"a","txt":"++++++++++++++++++++++++++++++++++++++++++="})", "bad_txt"},
    }));
    INFO(each.body);
    DoorClients site;
    const Answer refused = site.acme_update("a", site.server_token, each.body);
    CHECK(refused.status == 400);
    CHECK(refused.body == R"({"error":")" + std::string(each.error) + "\"}");
}

TEST_CASE("An acme-dns account is not registered by who may not write challenges",
          "[admin][doors][acme-dns][permission]") {
    DoorClients site;
    const std::string reader =
        site.secret_of(R"({"kind":"token","owner":{"licence":"acme"},"role":"reader"})");
    for (const std::string& token : {std::string(), site.server_token, reader}) {
        const Answer refused = site.ask({Method::Post, "/register", "", token, {}});
        CHECK(refused.status == 401);
        CHECK(refused.body == R"({"error":"forbidden"})");
    }
    const std::string token =
        site.secret_of(R"({"kind":"token","owner":{"licence":"acme"},"role":"challenges"})");
    const Answer wrong =
        site.ask({Method::Post, "/register", R"({"allowfrom":["10.0.0.1/8"]})", token, {}});
    CHECK(wrong.status == 400);
    CHECK(wrong.body == R"({"error":"invalid_allowfrom_cidr"})");
}

TEST_CASE("Eight values live for an hour, and older ones make room", "[admin][doors][acme-dns]") {
    DoorClients site;
    const std::string twin = "nur1.pl-acme.example.net";
    const auto put = [&](int number) {
        std::string value = kFirst;
        value.replace(0, 2, std::to_string(10 + number));
        return site.acme_update(twin, site.server_token, update_body(twin, value)).status;
    };
    for (int number = 0; number < 10; ++number)
        REQUIRE(put(number) == 200);
    const auto count = [&] {
        return site.store.zone("pl-acme.example.net.")
            ->find(tests::name(kPublicChallenge), RType::TXT)
            ->count();
    };
    CHECK(count() == 10);
    site.store.clock.advance(Milliseconds(3'600'001));
    REQUIRE(put(50) == 200);
    CHECK(count() == 8);
    for (int number = 51; number < 80; ++number)
        REQUIRE(put(number) == 200);
    CHECK(count() == 24);
}

TEST_CASE("httpreq puts a value there and takes it away again", "[admin][doors][httpreq]") {
    DoorClients site;
    const std::string body =
        R"({"fqdn":"_acme-challenge.nur1.pl-acme.example.net.","value":")" + kFirst + "\"}";
    CHECK(site.httpreq("present", site.server_token, body).status == 200);
    CHECK(site.httpreq("present", site.server_token, body).status == 200);
    CHECK(site.addresses(kPublicChallenge, RType::TXT) == "\"" + kFirst + "\"");
    CHECK(site.httpreq("cleanup", site.server_token, body).status == 200);
    CHECK(site.httpreq("cleanup", site.server_token, body).status == 200);
    CHECK(site.addresses(kPublicChallenge, RType::TXT).empty());
    CHECK(site.httpreq("present", "wrong", body).status == 401);
    const std::string elsewhere =
        R"({"fqdn":"_acme-challenge.none.example.","value":")" + kFirst + "\"}";
    CHECK(site.httpreq("present", site.server_token, elsewhere).status == 403);
}

TEST_CASE("httpreq makes the value of mode RAW itself", "[admin][doors][httpreq][rfc8555]") {
    const auto raw =
        read_httpreq(R"({"domain":"*.Nur1.example.","token":"t","keyAuth":"t.thumb"})");
    REQUIRE(raw);
    CHECK(raw->owner == tests::name("_acme-challenge.nur1.example."));
    CHECK(raw->value == to_base64url(sha256(as_octets("t.thumb"))));
    CHECK(is_challenge_value(raw->value));
    for (const char* wrong :
         {"", "[]", "{}", R"({"fqdn":"www.example.","value":"x"})",
          R"({"fqdn":"_acme-challenge.example.","value":"x"})", R"({"keyAuth":"a.b"})",
          R"({"domain":"a..b","keyAuth":"a.b"})", R"({"fqdn":1,"value":2})"}) {
        INFO(wrong);
        CHECK_FALSE(read_httpreq(wrong));
    }
}

TEST_CASE("A credential that writes too often is told to wait, in its door's words",
          "[admin][doors][limit]") {
    DoorClients site;
    const std::string token = site.secret_of(
        R"({"kind":"token","owner":{"licence":"acme"},"role":"challenges","per_minute":1})");
    const std::string body =
        R"({"fqdn":"_acme-challenge.nur1.pl-acme.example.net.","value":")" + kFirst + "\"}";
    CHECK(site.httpreq("present", token, body).status == 200);
    const Answer limited = site.httpreq("present", token, body);
    CHECK(limited.status == 429);
    CHECK(limited.header("retry-after") == "60");
    const Answer other = site.ask({Method::Post, "/register", "", token, {}});
    CHECK(other.status == 429);
    CHECK(other.body == R"({"error":"too_many_requests"})");
}

}  // namespace
}  // namespace hairpin::admin
