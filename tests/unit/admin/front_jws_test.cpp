#include "admin/front_jws.hpp"

#include <catch2/catch.hpp>

#include "acme/jws.hpp"
#include "admin/eab_keys.hpp"

namespace hairpin::admin {
namespace {

std::string encoded(std::string_view text) {
    return to_base64url(as_octets(text));
}

std::string jws_of(std::string_view header, std::string_view payload = "",
                   std::string_view signature = "c2lnbmF0dXJl") {
    return R"({"protected":")" + encoded(header) + R"(","payload":")" + encoded(payload) +
           R"(","signature":")" + std::string(signature) + R"("})";
}

TEST_CASE("A signed request is read as it was sent", "[admin][front][rfc8555]") {
    const auto key = acme::SigningKey::generate();
    REQUIRE(key);
    const std::string header = R"({"alg":"ES256","nonce":"n","url":"https://h/acme/new-account",)"
                               R"("jwk":)" +
                               key->jwk() + "}";
    const auto jws = read_front_jws(acme::sign_jws(*key, header, "{}"), FrontJwsPlace::Request);
    REQUIRE(jws);
    CHECK(jws->nonce == "n");
    CHECK(jws->url == "https://h/acme/new-account");
    CHECK(jws->kid.empty());
    CHECK(jws->payload == "{}");
    REQUIRE(jws->jwk);
    CHECK(jws->jwk->thumbprint() == key->thumbprint());
    CHECK(jws->jwk->verify(acme::SignatureAlgorithm::Es256, as_octets(jws->signed_text),
                           jws->signature));
    CHECK_FALSE(read_front_jws(acme::sign_jws(*key, header, "{}"), FrontJwsPlace::KeyChange));
    CHECK_FALSE(read_front_jws(acme::sign_jws(*key, header, "{}"), FrontJwsPlace::Binding));
}

TEST_CASE("A message that is no signed request is refused, with why", "[admin][front][hostile]") {
    struct Case {
        std::string body;
        FrontError error;
        std::string says;
    };
    const std::string rest = R"("nonce":"n","url":"u")";
    const std::string good = jws_of("{\"alg\":\"ES256\",\"kid\":\"k\"," + rest + "}");
    REQUIRE(read_front_jws(good, FrontJwsPlace::Request));
    const auto with = [&](const std::string& member) {
        return good.substr(0, good.size() - 1) + "," + member + "}";
    };
    const auto headed = [&](const std::string& members) {
        return jws_of("{" + members + "," + rest + "}");
    };
    using enum FrontError;
    const std::vector<Case> cases{
        {"", Malformed, "body"},
        {"[]", Malformed, "object"},
        {"{}", Malformed, "protected"},
        {std::string(20'000, ' ') + good, Malformed, ""},
        {std::string(5'000, '['), Malformed, ""},
        {with(R"("payload":"")"), Malformed, ""},
        {with(R"("signatures":[])"), Malformed, "flattened"},
        {with(R"("header":{})"), Malformed, "flattened"},
        {jws_of("nonsense"), Malformed, "protected header"},
        {jws_of("{}"), Malformed, "alg"},
        {headed(R"("alg":"HS256","kid":"k")"), BadSignatureAlgorithm, ""},
        {headed(R"("alg":"none","kid":"k")"), BadSignatureAlgorithm, ""},
        {headed(R"("alg":"es256","kid":"k")"), BadSignatureAlgorithm, ""},
        {headed(R"("alg":256,"kid":"k")"), Malformed, "alg"},
        {headed(R"("alg":"ES256")"), Malformed, "either"},
        {headed(R"("alg":"ES256","kid":"k","jwk":{})"), Malformed, "either"},
        {headed(R"("alg":"ES256","kid":7)"), Malformed, "kid"},
        {headed(R"("alg":"ES256","kid":"")"), Malformed, "kid"},
        {headed(R"("alg":"ES256","kid":"k","kid":"l")"), Malformed, ""},
        {headed(R"("alg":"ES256","kid":"k","crit":["b64"])"), Malformed, "crit"},
        {headed(R"("alg":"ES256","jwk":{})"), BadPublicKey, "kty"},
        {headed(R"("alg":"ES256","jwk":"k")"), BadPublicKey, "kty"},
        {headed(R"("alg":"ES256","jwk":{"kty":"oct","k":"AAAA"})"), BadPublicKey, "private"},
        {jws_of(R"({"alg":"ES256","kid":"k","url":"u"})"), Malformed, "nonce"},
        {jws_of(R"({"alg":"ES256","kid":"k","nonce":"n"})"), Malformed, "url"},
        {jws_of("{\"alg\":\"ES256\",\"kid\":\"k\"," + rest + "}", "", "a+b"), Malformed,
         "signature"},
        {jws_of("{\"alg\":\"ES256\",\"kid\":\"k\"," + rest + "}", "", ""), Malformed, "signature"},
    };
    for (const Case& each : cases) {
        INFO(each.body.substr(0, 300));
        const auto jws = read_front_jws(each.body, FrontJwsPlace::Request);
        REQUIRE_FALSE(jws);
        CHECK(jws.error().error == each.error);
        CHECK(jws.error().detail.find(each.says) != std::string::npos);
    }
}

TEST_CASE("An EAB key is its credential's, and tells nothing of what it was made from",
          "[admin][front][rfc8555]") {
    const auto name = zones::Name::parse("K1.nur1.pl-acme.example.net.");
    REQUIRE(name);
    const Octets secret(32, 7);
    const EabKey key = make_eab_key(*name, secret);
    CHECK(key.kid == "k1.nur1.pl-acme.example.net");
    CHECK(tsig_name_of_kid(key.kid) == "k1.nur1.pl-acme.example.net.");
    // Worked out with another program: openssl dgst -sha256 -mac HMAC.
    CHECK(to_base64url(key.mac_key) == "n9KIaKVVngVAG9TUfvENdOwKejj3SDIEyjoU108VmoQ");
    CHECK(make_eab_key(*name, Octets(32, 8)).mac_key != key.mac_key);
    for (const std::string& each : {std::string(), std::string(300, 'a'), std::string("a..b")})
        CHECK_FALSE(tsig_name_of_kid(each));
}

}  // namespace
}  // namespace hairpin::admin
