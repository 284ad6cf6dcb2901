// /v1/webhooks.. over a real store; what is sent is tests/functional/test_webhooks.py's.

#include "store/webhook_rows.hpp"
#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

constexpr auto kHooks = "/v1/webhooks";

struct HookSite : ApiFixture {
    std::string secret;
    std::string path;

    [[nodiscard]] Answer add(const std::string& body) {
        return as_operator(Method::Post, kHooks, body);
    }
    void make() {
        const Answer made = add(R"({"url":"https://example.net/hook","kinds":["certificate.*"]})");
        REQUIRE(made.status == 201);
        secret = text_at(made.json(), "/secret");
        path = made.header("location");
    }
    [[nodiscard]] store::WebhookRow stored() {
        auto reader = store.reader();
        return tests::must(store::WebhookQueries(reader->database()).webhooks()).at(0);
    }
};

TEST_CASE("A web-hook is made with a secret that is shown once and kept sealed",
          "[admin][webhooks]") {
    HookSite api;
    api.make();
    CHECK(api.secret.starts_with("whsec_"));
    const Answer shown = api.as_operator(Method::Get, api.path);
    CHECK(shown.status == 200);
    CHECK(shown.body.find("whsec_") == std::string::npos);
    CHECK(text_at(shown.json(), "/state") == "enabled");
    CHECK(texts_at(shown.json(), "/kinds") == "certificate.*");
    CHECK(api.as_operator(Method::Get, kHooks).body.find("whsec_") == std::string::npos);
    const auto row = api.stored();
    const auto key = from_base64(api.secret.substr(6));
    REQUIRE(key);
    CHECK(row.secret_sealed != *key);
    CHECK(api.sealer.open(row.secret_sealed, store::webhook_secret_context(row.uid)) == *key);
    CHECK_FALSE(api.sealer.open(row.secret_sealed, store::webhook_secret_context("another")));
    // It is told of what comes, not of what was.
    auto reader = api.store.reader();
    CHECK(row.progress.cursor == tests::must(store::EventQueries(reader->database()).newest()));
}

TEST_CASE("Web-hooks that make no sense are refused by member", "[admin][webhooks][hostile]") {
    HookSite api;
    for (const char* wrong :
         {"{}", R"({"url":"http://example.net/"})", R"({"url":"https://u:p@example.net/"})",
          R"({"url":"https://example.net/","kinds":["nonsense.*"]})",
          R"({"url":"https://example.net/","kinds":"*"})",
          R"({"url":"https://example.net/","licence":"nobody"})",
          R"({"url":"https://example.net/","enabled":"yes"})",
          R"({"url":"https://example.net/","secret":"whsec_x"})"}) {
        INFO(wrong);
        CHECK(api.add(wrong).status == 400);
    }
    CHECK(api.as_operator(Method::Get, kHooks).body == R"({"webhooks":[]})");
    for (const char* nowhere : {"/v1/webhooks/1", "/v1/webhooks/x", "/v1/webhooks/-1"})
        CHECK(api.as_operator(Method::Get, nowhere).status == 404);
}

TEST_CASE("There are at most a hundred web-hooks", "[admin][webhooks][limit]") {
    HookSite api;
    for (std::size_t each = 0; each < hooks::kMostWebhooks; ++each)
        REQUIRE(api.add(R"({"url":"https://example.net/"})").status == 201);
    CHECK(api.add(R"({"url":"https://example.net/"})").status == 413);
}

TEST_CASE("A web-hook is changed, switched off and on, and removed", "[admin][webhooks]") {
    HookSite api;
    api.make();
    const Answer before = api.as_operator(Method::Get, api.path);
    const Answer off =
        api.as_operator(Method::Patch, api.path, R"({"enabled":false,"label":"pager","kinds":[]})",
                        {{"if-match", before.header("etag")}});
    CHECK(off.status == 200);
    CHECK(text_at(off.json(), "/state") == "disabled");
    CHECK(text_at(off.json(), "/label") == "pager");
    CHECK(text_at(off.json(), "/url") == "https://example.net/hook");
    CHECK(size_at(off.json(), "/kinds") == 0);
    CHECK(api.as_operator(Method::Patch, api.path, R"({"enabled":true})",
                          {{"if-match", before.header("etag")}})
              .status == 412);
    CHECK(api.as_operator(Method::Patch, api.path, R"({"url":"ftp://x"})").status == 400);
    CHECK(api.as_operator(Method::Delete, api.path).status == 204);
    CHECK(api.as_operator(Method::Get, api.path).status == 404);
    CHECK(api.as_operator(Method::Delete, api.path).status == 404);
}

TEST_CASE("A new secret leaves the old one for a while", "[admin][webhooks]") {
    HookSite api;
    api.make();
    const Answer rotated =
        api.as_operator(Method::Post, api.path + "/rotate", R"({"overlap":3600})");
    REQUIRE(rotated.status == 200);
    CHECK(text_at(rotated.json(), "/secret") != api.secret);
    CHECK(text_at(rotated.json(), "/old_secret_until") ==
          to_rfc3339(api.store.clock.now() + Seconds(3600)));
    auto row = api.stored();
    const std::string context = store::webhook_secret_context(row.uid);
    CHECK(api.sealer.open(row.old_secret_sealed, context) == from_base64(api.secret.substr(6)));
    CHECK(api.as_operator(Method::Post, api.path + "/rotate", R"({"overlap":0})").status == 200);
    row = api.stored();
    CHECK(row.old_secret_sealed.empty());
    CHECK_FALSE(row.old_secret_until);
    CHECK(api.as_operator(Method::Post, api.path + "/rotate", R"({"overlap":-1})").status == 400);
    CHECK(api.as_operator(Method::Post, "/v1/webhooks/99/rotate").status == 404);
}

TEST_CASE("A hook that was given up says so, and is told again when it is enabled",
          "[admin][webhooks]") {
    HookSite api;
    api.make();
    auto row = api.stored();
    row.progress.attempts = 9;
    row.progress.last_error = "the answer was HTTP 500";
    row.progress.last_at = api.store.clock.now();
    row.progress.failing_since_at = api.store.clock.now();
    row.progress.next_at = api.store.clock.now() + Seconds(60);
    REQUIRE(tests::commit_rows(*api.store.committer, [&](store::Writer& writer) {
        return store::give_up_webhook(writer, row, row.progress.last_error);
    }));
    Answer shown = api.as_operator(Method::Get, api.path);
    CHECK(text_at(shown.json(), "/state") == "given-up");
    CHECK(text_at(shown.json(), "/delivery/last/error") == "the answer was HTTP 500");
    const JsonValue told = api.as_operator(Method::Get, "/v1/events?kind=webhook.*").json();
    REQUIRE(size_at(told, "/events") == 1);
    CHECK(text_at(told, "/events/0/data/reason") == "the answer was HTTP 500");
    CHECK(api.as_operator(Method::Patch, api.path, R"({"enabled":true})").status == 200);
    row = api.stored();
    CHECK(row.state == store::WebhookState::Enabled);
    CHECK(row.progress.attempts == 0);
    CHECK_FALSE(row.progress.next_at);
    CHECK_FALSE(row.progress.failing_since_at);
}

}  // namespace
}  // namespace hairpin::admin
