#include "acme/messages.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace hairpin::acme {
namespace {

const std::string kOrder = R"({
  "status": "pending", "expires": "2026-11-22T09:30:00Z",
  "identifiers": [{"type":"dns","value":"nur1.example.net"}],
  "authorizations": ["https://ca.example/authz/1", "https://ca.example/authz/2"],
  "finalize": "https://ca.example/finalize/1", "unknown": {"deep": [1, null]}})";

std::string with(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != text.npos);
    return text.replace(at, from.size(), to);
}

TEST_CASE("a directory is read, and what is optional may be missing", "[acme][rfc8555]") {
    const auto directory = read_directory(R"({
        "newNonce": "https://ca.example/nonce", "newAccount": "https://ca.example/account",
        "newOrder": "https://ca.example/order", "renewalInfo": 7,
        "meta": {"termsOfService": "https://ca.example/terms", "externalAccountRequired": true}})");
    REQUIRE(directory);
    CHECK(directory->new_order == "https://ca.example/order");
    CHECK(directory->terms_of_service == "https://ca.example/terms");
    CHECK(directory->external_account_required);

    const auto bare = read_directory(
        R"({"newNonce":"https://a/n","newAccount":"https://a/a","newOrder":"https://a/o"})");
    REQUIRE(bare);
    CHECK_FALSE(bare->external_account_required);
}

TEST_CASE("an order is read with its status, URLs and end", "[acme][rfc8555]") {
    const auto order = read_order(kOrder);
    REQUIRE(order);
    CHECK(order->status == OrderStatus::Pending);
    CHECK(order->authorizations.size() == 2);
    CHECK(order->expires == from_rfc3339("2026-11-22T09:30:00Z"));

    const auto valid = read_order(with(with(kOrder, "pending", "valid"), "\"unknown\"",
                                       R"("certificate":"https://ca.example/cert/1","unknown")"));
    REQUIRE(valid);
    CHECK(valid->certificate == "https://ca.example/cert/1");
}

TEST_CASE("challenges that we do not know, or without a token, are passed over",
          "[acme][rfc8555]") {
    const auto authorization = read_authorization(R"({
      "status": "pending", "identifier": {"type": "dns", "value": "NUR1.example.net"},
      "challenges": [
        {"type": "dns-persist-01", "status": "pending", "url": "https://ca.example/c/0",
         "issuer-domain-names": ["ca.example"]},
        {"type": "dns-01", "status": "pending", "url": "https://ca.example/c/1"},
        {"type": "http-01", "status": "pending", "url": "https://ca.example/c/2", "token": "x"},
        7, null, "text",
        {"type": "dns-01", "status": "pending", "url": "https://ca.example/c/3", "token": "tok_-9"}
      ]})");
    REQUIRE(authorization);
    CHECK(authorization->name == "nur1.example.net");
    REQUIRE(authorization->dns01);
    CHECK(authorization->dns01->url == "https://ca.example/c/3");
    CHECK(authorization->dns01->token == "tok_-9");
    CHECK_FALSE(authorization->error);
}

TEST_CASE("the error of whichever challenge failed is kept", "[acme][rfc8555]") {
    const auto authorization = read_authorization(R"({
      "status": "invalid", "identifier": {"type": "dns", "value": "nur1.example.net"},
      "challenges": [{"type": "dns-01", "status": "invalid", "url": "https://ca.example/c/3",
        "token": "t", "error": {"type": "urn:ietf:params:acme:error:unauthorized",
        "detail": "no TXT", "status": 403}}]})");
    REQUIRE(authorization);
    CHECK(authorization->status == AuthorizationStatus::Invalid);
    REQUIRE(authorization->error);
    CHECK(authorization->error->type == "unauthorized");
    CHECK(authorization->error->detail == "no TXT");
}

TEST_CASE("answers that are not what RFC 8555 says are refused", "[acme][hostile]") {
    const auto order = [](const std::string& from, const std::string& to) {
        return read_order(with(kOrder, from, to));
    };
    CHECK_FALSE(read_order(""));
    CHECK_FALSE(read_order("[]"));
    CHECK_FALSE(read_order("null"));
    CHECK_FALSE(read_order(kOrder.substr(0, kOrder.size() - 1)));
    CHECK_FALSE(read_order(std::string(100'000, '[')));
    CHECK_FALSE(order("\"pending\"", "\"paused\""));
    CHECK_FALSE(order("\"pending\"", "7"));
    CHECK_FALSE(order("https://ca.example/finalize/1", "http://ca.example/finalize/1"));
    CHECK_FALSE(order("https://ca.example/finalize/1", "https://ca.example/a b"));
    CHECK_FALSE(order("https://ca.example/finalize/1", "https://ca.example/\\u0000"));
    CHECK_FALSE(order("https://ca.example/finalize/1", "https://" + std::string(kMaxUrl, 'x')));
    CHECK_FALSE(order("\"https://ca.example/authz/2\"", "2"));
    CHECK_FALSE(order("\"https://ca.example/authz/2\"", "\"file:///etc/passwd\""));
    CHECK_FALSE(order("\"pending\"", "\"valid\""));    // Without a certificate.
    CHECK(order("2026-11-22T09:30:00Z", "tomorrow"));  // Only our own deadline holds then.
    CHECK_FALSE(read_directory(R"({"newNonce":"https://a/n"})"));
    CHECK_FALSE(read_authorization(R"({"status":"pending"})"));
    CHECK_FALSE(read_authorization(
        R"({"status":"pending","identifier":{"type":"ip","value":"192.0.2.1"}})"));
    std::string many = "{\"status\":\"pending\",\"finalize\":\"https://a/f\",\"authorizations\":[";
    for (std::size_t each = 0; each <= kMaxAuthorizations; ++each)
        many += "\"https://a/1\",";
    many.back() = ']';
    CHECK_FALSE(read_order(many + "}"));
}

TEST_CASE("a problem document is read by tolerance, its words made harmless", "[acme][rfc7807]") {
    const auto problem = read_problem(R"({
      "type": "urn:ietf:params:acme:error:malformed", "detail": "Some of the \u001b[31mnames\n",
      "instance": "https://ca.example/help", "subproblems": [
        {"type": "urn:ietf:params:acme:error:rejectedIdentifier", "detail": "no",
         "identifier": {"type": "dns", "value": "nur1.example.net"}}, 7, {}]})");
    REQUIRE(problem);
    CHECK(problem->type == "malformed");
    CHECK(problem->detail == "Some of the ?[31mnames?");
    CHECK(problem->instance == "https://ca.example/help");
    REQUIRE(problem->subproblems.size() == 2);
    CHECK(problem->subproblems[0].name == "nur1.example.net");

    CHECK(read_problem(R"({"detail":")" + std::string(10'000, 'x') + "\"}")->detail.size() ==
          kMaxDetail);
    CHECK(read_problem(R"({"type":"https://example.net/odd"})")->type == "https://example.net/odd");
    CHECK(read_problem(R"({"type":7,"detail":[]})")->type.empty());
    CHECK_FALSE(read_problem("<html>503</html>"));
    CHECK_FALSE(read_problem("{}"));
    CHECK_FALSE(read_problem("[]"));
}

TEST_CASE("an account is over when the CA says so, and not else", "[acme][rfc8555][issuers]") {
    CHECK(is_valid_account(R"({"status":"valid"})"));
    CHECK(is_valid_account("{}"));
    CHECK(is_valid_account(""));
    CHECK(is_valid_account(R"({"status":7})"));
    CHECK_FALSE(is_valid_account(R"({"status":"deactivated"})"));
    CHECK_FALSE(is_valid_account(R"({"status":"revoked"})"));
}

TEST_CASE("what is sent has the members that RFC 8555 asks for", "[acme][rfc8555]") {
    using nlohmann::json;
    const auto with_key = json::parse(protected_header(
        {R"({"crv":"P-256","kty":"EC","x":"a","y":"b"})", ""}, "n0", "https://c/x"));
    CHECK(with_key == json{{"alg", "ES256"},
                           {"nonce", "n0"},
                           {"url", "https://c/x"},
                           {"jwk", {{"crv", "P-256"}, {"kty", "EC"}, {"x", "a"}, {"y", "b"}}}});
    const auto with_account = json::parse(protected_header({"", "https://c/a/1"}, "n0", "u"));
    CHECK(with_account["kid"] == "https://c/a/1");
    CHECK_FALSE(with_account.contains("jwk"));
    CHECK(json::parse(new_order_payload({"a.example"}, {"aki.serial", "tlsserver"})) ==
          json({{"identifiers", {{{"type", "dns"}, {"value", "a.example"}}}},
                {"replaces", "aki.serial"},
                {"profile", "tlsserver"}}));
    CHECK_FALSE(json::parse(new_order_payload({"a.example"})).contains("replaces"));
    CHECK_FALSE(json::parse(new_order_payload({"a.example"})).contains("profile"));
    CHECK(json::parse(new_order_payload({"a.example", "b.example"}))["identifiers"][1] ==
          json{{"type", "dns"}, {"value", "b.example"}});
    CHECK(json::parse(finalize_payload(Octets{0xff, 0xfe}))["csr"] == "__4");
    CHECK(json::parse(deactivate_payload())["status"] == "deactivated");
}

TEST_CASE("a nonce is base64url or is not used", "[acme][rfc8555][hostile]") {
    CHECK(is_nonce("oFvnlFP1wIhRlYS2jTaXbA"));
    CHECK_FALSE(is_nonce(""));
    CHECK_FALSE(is_nonce("a b"));
    CHECK_FALSE(is_nonce("a\"b"));
    CHECK_FALSE(is_nonce("a="));
    CHECK_FALSE(is_nonce(std::string(257, 'a')));
}

TEST_CASE("what a directory says for CAA and dns-persist-01 is taken where it makes sense",
          "[acme][rfc8555]") {
    const auto directory_of = [](const std::string& meta) {
        return read_directory(
                   R"({"newNonce":"https://ca.example/n","newAccount":"https://ca.example/a",)"
                   R"("newOrder":"https://ca.example/o","meta":)" +
                   meta + "}")
            .value();
    };
    const Directory good = directory_of(
        R"({"caaIdentities":["CA.example","two.example"],"accountHashPrefix":"https://ca.example/h/"})");
    CHECK(good.caa_identities == std::vector<std::string>{"ca.example", "two.example"});
    CHECK(good.account_hash_prefix == "https://ca.example/h/");
    const Directory odd = directory_of(
        R"({"caaIdentities":["a b",7,"","x\";y"],"accountHashPrefix":"https://ca.example/;x"})");
    CHECK(odd.caa_identities.empty());
    CHECK(odd.account_hash_prefix.empty());
    CHECK(directory_of(R"({"caaIdentities":"ca.example"})").caa_identities.empty());
}

TEST_CASE("a dns-persist-01 challenge is taken in the words of both drafts",
          "[acme][dns-persist]") {
    const auto persist_in = [](const std::string& members) {
        return read_authorization(
                   R"({"status":"pending","identifier":{"type":"dns","value":"nur1.example.net"},)"
                   R"("challenges":[{"type":"dns-persist-01","status":"pending",)"
                   R"("url":"https://ca.example/c")" +
                   members + "}]}")
            .value();
    };
    for (const char* name : {"issuer-domain-names", "issuerDomainNames"}) {
        const auto seen = persist_in(",\"" + std::string(name) + "\":[\"ca.example\"]");
        REQUIRE(seen.persist);
        CHECK(seen.persist->issuers == std::vector<std::string>{"ca.example"});
        CHECK(seen.status_of("https://ca.example/c") == ChallengeStatus::Pending);
        CHECK_FALSE(seen.status_of("https://ca.example/d"));
    }
    for (const char* malformed :
         {"", R"(,"issuerDomainNames":[])", R"(,"issuerDomainNames":["a b"])",
          R"(,"issuerDomainNames":["1","2","3","4","5","6","7","8","9","10","11"])",
          R"(,"issuerDomainNames":"ca.example")"})
        CHECK_FALSE(persist_in(malformed).persist);
}

}  // namespace
}  // namespace hairpin::acme
