// Invariant 3: a credential can change only what it names; a server only itself.

#include <set>

#include "tests/unit/admin/api_fixture.hpp"
#include "zones/zone_file.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

/// A pattern with arguments that name nothing that is there.
std::string target_of(const Route& route) {
    std::string target(route.pattern);
    for (const auto& [argument, value] :
         std::vector<std::pair<std::string, std::string>>{{"{licence}", "nobody"},
                                                          {"{credential}", "no-key"},
                                                          {"{server}", "nur9"},
                                                          {"{zone}", "nowhere.example"},
                                                          {"{owner}", "x.nowhere.example"},
                                                          {"{type}", "TXT"},
                                                          {"{account}", "nobody"},
                                                          {"{order}", "none"},
                                                          {"{authorization}", "none"},
                                                          {"{challenge}", "none"},
                                                          {"{certificate}", "none"},
                                                          {"{webhook}", "none"},
                                                          {"{alias}", "none"},
                                                          {"{limit}", "none"},
                                                          {"{issuer}", "none"}}) {
        const std::size_t at = target.find(argument);
        if (at != std::string::npos) target.replace(at, argument.size(), value);
    }
    REQUIRE(target.find('{') == std::string::npos);
    return target;
}

TEST_CASE("Every route by every kind of credential", "[admin][permission][invariant3]") {
    ApiOptions options = test_options();
    options.failures.burst = 100'000;
    ApiFixture api(options);
    const std::string server = api.make_server();
    const std::string revoked = make_token(store::CredentialKind::Operator);
    auto row = operator_credential(revoked, "gone", api.store.clock.now());
    api.insert(row);
    store::Work revocation;
    revocation.rows = [hash = token_hash(revoked)](store::Writer& writer,
                                                   zones::Change&) -> Result<void> {
        const auto identity = TRY(writer.read().credential_by_hash(hash));
        return writer.revoke_credential(identity->credential.id);
    };
    REQUIRE(api.store.submit(std::move(revocation)));
    const std::string expired = make_token(store::CredentialKind::Operator);
    row = operator_credential(expired, "late", api.store.clock.now());
    row.expires_at = api.store.clock.now();
    api.insert(row);
    const std::string unknown = make_token(store::CredentialKind::Operator);

    for (const Route& route : routes()) {
        const auto status_as = [&](const std::string& token) {
            return api.ask({route.method, target_of(route), "", token, {}}).status;
        };
        INFO(net::to_string(route.method) << " " << route.pattern);
        // Who asks is in the signed body; no token makes a difference.
        if (route.access == Access::Signature) {
            CHECK(status_as("") >= 400);
            for (const std::string& token : {unknown, server, api.operator_token})
                CHECK(status_as(token) == status_as(""));
            continue;
        }
        const bool is_open = route.access == Access::Anyone;
        for (const std::string& wrong :
             {std::string(), revoked, expired, unknown, std::string("hp_op_short"),
              std::string("Basic"), server.substr(0, server.size() - 1) + "!"})
            CHECK((status_as(wrong) == 401) != is_open);
        // An operator's token opens no stock client's door; a server's may, for its own names.
        if (route.access == Access::Door) {
            CHECK(status_as(api.operator_token) == 401);
            continue;
        }
        const int by_server = status_as(server);
        const int by_operator = status_as(api.operator_token);
        CHECK(by_server != 401);
        CHECK(by_operator != 401);
        const bool is_operators = route.access == Access::Operator ||
                                  route.access == Access::Monitoring ||
                                  route.access == Access::Granted;
        CHECK((by_server == 403) == is_operators);
        CHECK((by_operator == 403) == (route.access == Access::Server));
    }
}

TEST_CASE("A server's token changes its own names and nothing else",
          "[admin][permission][invariant3]") {
    ApiFixture api;
    const std::string first = api.make_server();
    const std::string second = api.make_server();
    const std::string foreign = api.make_server("beta");
    const std::string report = R"({"private":["192.168.1.1"],"public":"auto"})";
    REQUIRE(api.beat(second, report).status == 200);
    REQUIRE(api.beat(foreign, report).status == 200);
    const auto lines = [&](std::string_view apex) {
        std::set<std::string> kept;
        std::string text = zones::format_zone_file(*api.store.zone(apex));
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = text.find('\n', at);
            std::string line = text.substr(at, end - at);
            at = end + 1;
            const bool is_own = line.find("nur1.pl-acme") != std::string::npos;
            if (!is_own && line.find("SOA") == std::string::npos) kept.insert(std::move(line));
        }
        return kept;
    };
    const auto acme = lines("pl-acme.example.net.");
    const auto beta = lines("pl-beta.example.net.");

    REQUIRE(
        api.beat(first, R"({"private":["10.0.0.1","fd00::1"],"public":["203.0.113.77"]})").status ==
        200);
    REQUIRE(api.beat(first, R"({"private":[],"public":[]})").status == 200);

    CHECK(lines("pl-acme.example.net.") == acme);
    CHECK(lines("pl-beta.example.net.") == beta);
    const Answer self = api.ask({Method::Get, "/v1/self", "", first, {}});
    CHECK(text_at(self.json(), "/label") == "nur1");
}

TEST_CASE("A large body is read only of who may send it", "[admin][permission][limit][hostile]") {
    ApiFixture api;
    const std::string server = api.make_server();
    const std::string unknown = make_token(store::CredentialKind::Operator);
    const auto head = [&](const std::string& authorization, const std::string& length = "") {
        net::Request request;
        request.method = Method::Put;
        REQUIRE(net::set_target(request, "/v1/zones/pl-acme.example.net/zonefile"));
        if (!authorization.empty()) request.headers.push_back({"authorization", authorization});
        if (!length.empty()) request.headers.push_back({"content-length", length});
        return request;
    };
    constexpr std::size_t kWhole = 64 * 1024 * 1024;
    for (const std::string& wrong : {std::string(), std::string("Bearer x"), "Bearer " + server,
                                     "Basic " + api.operator_token}) {
        INFO(wrong);
        CHECK(Api::body_limit(head(wrong)) == kStrangersBody);
        CHECK(api.api->body_limit_for(head(wrong)) == kStrangersBody);
    }
    CHECK(Api::body_limit(head("Bearer " + unknown)) == kWhole);  // It has the form.
    CHECK(api.api->body_limit_for(head("Bearer " + unknown)) == kStrangersBody);
    CHECK(Api::body_limit(head("Bearer " + api.operator_token)) == kWhole);
    CHECK(api.api->body_limit_for(head("Bearer " + api.operator_token)) == kWhole);
    CHECK(api.api->body_limit_for(head("Bearer " + api.operator_token, "4097")) == kWhole);
    CHECK(api.api->body_limit_for(head("Bearer " + api.operator_token, "4096")) == kStrangersBody);
    CHECK(api.context.failures.sources() == 0);  // Looking is no attempt.
}

TEST_CASE("A credential in the URL is refused before anything else",
          "[admin][permission][rfc6750]") {
    ApiFixture api;
    for (const std::string& target :
         {std::string("/v1/zones?access_token=x"), "/v1/zones?t=" + api.operator_token,
          "/v1/zones/" + api.operator_token, std::string("/v1/zones?t=hp%5Fop%5Fabc")}) {
        const Answer answer = api.ask({Method::Get, target, "", api.operator_token, {}});
        INFO(target);
        CHECK(answer.status == 400);
        CHECK(text_at(answer.json(), "/type") == "urn:hairpin:problem:credential-in-url");
        CHECK(answer.body.find(api.operator_token) == std::string::npos);
    }
}

TEST_CASE("401 carries a challenge and 405 its methods", "[admin][permission][rfc9110]") {
    ApiFixture api;
    const Answer none = api.ask({Method::Get, "/v1/zones", "", "", {}});
    CHECK(none.status == 401);
    CHECK(none.header("www-authenticate") == "Bearer realm=\"hairpin\"");
    const Answer wrong = api.ask({Method::Get, "/v1/zones", "", "x", {}});
    CHECK(wrong.header("www-authenticate") == "Bearer realm=\"hairpin\", error=\"invalid_token\"");
    const Answer twice = api.ask({Method::Get,
                                  "/v1/zones",
                                  "",
                                  api.operator_token,
                                  {{"authorization", "Bearer " + api.operator_token}}});
    CHECK(twice.status == 401);
    const Answer options = api.ask({Method::Options, "/v1/zones", "", "", {}});
    CHECK(options.status == 204);
    CHECK(options.header("allow") == "POST, GET, HEAD, OPTIONS");
    const Answer lower = api.ask(
        {Method::Get, "/v1/zones", "", "", {{"authorization", "bearer  " + api.operator_token}}});
    CHECK(lower.status == 200);
}

TEST_CASE("Many wrong tokens from one address are slowed down; a right one never is",
          "[admin][permission][limit]") {
    ApiOptions options = test_options();
    options.failures = {3, Milliseconds(2'000), 100};
    ApiFixture api(options);
    const std::string wrong = make_token(store::CredentialKind::Operator);
    const auto status = [&](const std::string& token, const std::string& peer) {
        return api.ask({Method::Get, "/v1/zones", "", token, {}, peer});
    };
    for (int tries = 0; tries < 3; ++tries)
        CHECK(status(wrong, "192.0.2.1").status == 401);
    const Answer limited = status(wrong, "192.0.2.1");
    CHECK(limited.status == 429);
    CHECK(limited.header("retry-after") == "2");
    CHECK(status(api.operator_token, "192.0.2.1").status == 200);
    CHECK(status("", "192.0.2.1").status == 401);
    CHECK(status(wrong, "192.0.2.2").status == 401);
    api.store.clock.advance(Milliseconds(2'000));
    CHECK(status(wrong, "192.0.2.1").status == 401);
}

TEST_CASE("Metrics are for monitors and operators", "[admin][permission]") {
    ApiFixture api;
    CHECK(api.ask({Method::Get, "/metrics", "", "", {}, "127.0.0.1"}).status == 200);
    CHECK(api.ask({Method::Get, "/metrics", "", "", {}, "::1"}).status == 200);
    CHECK(api.ask({Method::Get, "/metrics", "", "", {}, "203.0.113.1"}).status == 401);
    CHECK(api.ask({Method::Get, "/metrics", "", api.operator_token, {}, "203.0.113.1"}).status ==
          200);
}

}  // namespace
}  // namespace hairpin::admin
