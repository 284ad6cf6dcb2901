#include "acme/account_messages.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/crypto.hpp"

namespace hairpin::acme {
namespace {

using nlohmann::json;

const std::string kNewAccount = "https://ca.example/new-account";
const std::string kKeyChange = "https://ca.example/key-change";

json decoded(const json& jws, const char* part) {
    const auto octets = from_base64url(jws[part].get<std::string>());
    REQUIRE(octets);
    return json::parse(as_text(*octets));
}

std::string signed_text(const json& jws) {
    return jws["protected"].get<std::string>() + "." + jws["payload"].get<std::string>();
}

TEST_CASE("an account is bound by HS256 over its public key", "[acme][rfc8555]") {
    const SigningKey key = *SigningKey::generate();
    const Octets mac_key(32, 7);
    const json payload =
        json::parse(new_account_payload({"mailto:a@b"}, {"kid-1", mac_key}, key, kNewAccount));
    CHECK(payload["termsOfServiceAgreed"] == true);
    const json& binding = payload["externalAccountBinding"];
    // RFC 8555 section 7.3.4: alg, kid, the same url; no nonce.
    CHECK(decoded(binding, "protected") ==
          json({{"alg", "HS256"}, {"kid", "kid-1"}, {"url", kNewAccount}}));
    CHECK(decoded(binding, "payload") == json::parse(key.jwk()));
    const auto mac = from_base64url(binding["signature"].get<std::string>());
    const Sha256 right = hmac_sha256(mac_key, as_octets(signed_text(binding)));
    CHECK(mac == Octets(right.begin(), right.end()));
}

TEST_CASE("without a binding none is sent, and contacts only where there are some",
          "[acme][rfc8555]") {
    const SigningKey key = *SigningKey::generate();
    const json bare = json::parse(new_account_payload({}, {}, key, kNewAccount));
    CHECK(bare == json({{"termsOfServiceAgreed", true}}));
    CHECK(json::parse(new_account_payload({"mailto:a@b"}, {}, key, kNewAccount))["contact"] ==
          json({"mailto:a@b"}));
    CHECK(json::parse(find_account_payload()) == json({{"onlyReturnExisting", true}}));
}

TEST_CASE("a key change is signed by the new key over the old one", "[acme][rfc8555]") {
    const SigningKey old_key = *SigningKey::generate();
    const SigningKey new_key = *SigningKey::generate();
    const json inner =
        json::parse(key_change_payload(new_key, old_key, "https://ca.example/a/1", kKeyChange));
    CHECK(decoded(inner, "protected") ==
          json({{"alg", "ES256"}, {"jwk", json::parse(new_key.jwk())}, {"url", kKeyChange}}));
    CHECK(decoded(inner, "payload") ==
          json({{"account", "https://ca.example/a/1"}, {"oldKey", json::parse(old_key.jwk())}}));
    const auto signature = from_base64url(inner["signature"].get<std::string>());
    REQUIRE(signature);
    CHECK(verify_es256(new_key.handle(), as_octets(signed_text(inner)), *signature));
    CHECK_FALSE(verify_es256(old_key.handle(), as_octets(signed_text(inner)), *signature));
}

TEST_CASE("a MAC key is read as the CA shows it, and never repeated", "[acme][hostile]") {
    const Octets key(32, 0xfb);
    const std::string text = to_base64url(key);
    for (const std::string& shown : {text, text + "\n", " " + text + " \r\n", text + "=\n"})
        CHECK(read_mac_key(shown) == key);
    for (const std::string& bad :
         {std::string(), std::string("\n"), std::string("secret+/secret+/secret+/"),
          to_base64url(Octets(15, 1)), to_base64url(Octets(513, 1))}) {
        const auto refused = read_mac_key(bad);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::Invalid);
        CHECK(refused.error().text().find("secret") == std::string::npos);
    }
}

}  // namespace
}  // namespace hairpin::acme
