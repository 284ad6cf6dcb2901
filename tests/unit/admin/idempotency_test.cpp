#include "admin/idempotency.hpp"

#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

const std::vector<net::Header> kKey{{"idempotency-key", "8e03978e-40d5-43dd"}};

TEST_CASE("A repeated request gets the first answer again, secrets included",
          "[admin][idempotency]") {
    ApiFixture api;
    api.make_server();
    const std::string target = "/v1/licences/acme/servers";
    const Answer first = api.as_operator(Method::Post, target, "{}", kKey);
    REQUIRE(first.status == 201);
    CHECK(first.header("idempotency-replayed").empty());

    const Answer second = api.as_operator(Method::Post, target, "{}", kKey);

    CHECK(second.status == 201);
    CHECK(second.body == first.body);
    CHECK(second.header("location") == first.header("location"));
    CHECK(second.header("idempotency-replayed") == "true");
    CHECK(size_at(api.as_operator(Method::Get, target).json(), "/servers") == 2);
}

TEST_CASE("The stored answer does not hold the secret in clear",
          "[admin][idempotency][invariant5]") {
    ApiFixture api;
    api.make_server();
    const Answer made = api.as_operator(Method::Post, "/v1/licences/acme/servers", "{}", kKey);
    const auto identity = *api.store.reader()->credential_by_hash(token_hash(api.operator_token));
    const auto row = *api.store.reader()->idempotency(identity->credential.id, kKey[0].value);
    REQUIRE(row);
    const std::string token = text_at(made.json(), "/token");
    CHECK(as_text(row->body).find(token) == std::string_view::npos);
    CHECK(row->headers.find(token) == std::string::npos);
}

TEST_CASE("A key used for another request is refused", "[admin][idempotency]") {
    ApiFixture api;
    REQUIRE(api.as_operator(Method::Post, "/v1/licences", R"({"licence":"a"})", kKey).status ==
            201);
    for (const auto& [target, body] : std::vector<std::pair<std::string, std::string>>{
             {"/v1/licences", R"({"licence":"b"})"}, {"/v1/zones", R"({"licence":"a"})"}}) {
        const Answer other = api.as_operator(Method::Post, target, body, kKey);
        CHECK(other.status == 422);
        CHECK(text_at(other.json(), "/type") == "urn:hairpin:problem:idempotency-key-reused");
    }
    CHECK(api.store.zone("pl-b.example.net.").get() == nullptr);
}

TEST_CASE("Two requests with one key at the same time do the work once",
          "[admin][idempotency][race]") {
    ApiFixture api;
    api.make_server();
    const ApiFixture::Asked asked{Method::Post, "/v1/licences/acme/servers", "{}",
                                  api.operator_token, kKey};
    const auto first = api.begin(asked);
    const auto second = api.begin(asked);
    const Answer one = api.finish(*first);
    const Answer two = api.finish(*second);
    CHECK(one.status == 201);
    CHECK(two.status == 201);
    CHECK(one.body == two.body);
    CHECK(size_at(api.as_operator(Method::Get, "/v1/licences/acme/servers").json(), "/servers") ==
          2);
}

TEST_CASE("The second of two requests with one key gets the first answer, not its consequence",
          "[admin][idempotency][race]") {
    ApiFixture api;
    api.make_server();
    struct Case {
        Method method;
        const char* target;
        const char* body;
        std::vector<net::Header> headers;
        int status;
    };
    const std::string etag =
        api.as_operator(Method::Get, "/v1/licences/acme/servers/nur1").header("etag");
    int number = 0;
    for (const Case& each :
         std::vector<Case>{{Method::Post, "/v1/licences", R"({"licence":"b"})", {}, 201},
                           {Method::Post, "/v1/zones", R"({"zone":"plain.example"})", {}, 201},
                           {Method::Patch,
                            "/v1/licences/acme/servers/nur1",
                            R"({"port":443})",
                            {{"if-match", etag}},
                            200},
                           {Method::Delete, "/v1/licences/acme/servers/nur1", "", {}, 204}}) {
        INFO(each.target);
        ApiFixture::Asked asked{each.method, each.target, each.body, api.operator_token,
                                each.headers};
        asked.headers.push_back({"idempotency-key", "key-" + std::to_string(++number)});
        const auto first = api.begin(asked);
        const auto second = api.begin(asked);
        const Answer one = api.finish(*first);
        const Answer two = api.finish(*second);
        CHECK(one.status == each.status);
        CHECK(two.status == each.status);
        CHECK(two.body == one.body);
        CHECK(two.header("idempotency-replayed") == "true");
    }
}

TEST_CASE("A refused request may be repeated under its key", "[admin][idempotency]") {
    ApiFixture api;
    const std::string target = "/v1/licences/acme/servers";
    CHECK(api.as_operator(Method::Post, target, "{}", kKey).status == 404);
    REQUIRE(api.as_operator(Method::Post, "/v1/licences", R"({"licence":"acme"})").status == 201);
    CHECK(api.as_operator(Method::Post, target, "{}", kKey).status == 201);
}

TEST_CASE("A key that is none is refused", "[admin][idempotency][hostile]") {
    ApiFixture api;
    for (const std::string& key : {std::string(), std::string("a b"), std::string(256, 'x'),
                                   std::string("\x01"), std::string("\xc3\xa9")})
        CHECK(api.as_operator(Method::Post, "/v1/licences", R"({"licence":"acme"})",
                              {{"idempotency-key", key}})
                  .status == 400);
}

}  // namespace
}  // namespace hairpin::admin
