#include "acme/jws.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace hairpin::acme {
namespace {

// RFC 7515 appendix A.3: the key as PKCS#8, its coordinates, and the example itself.
constexpr std::string_view kPkcs8 =
    "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b02010104208e9b109e719098bf980487"
    "df1f5d77e9cb29606ebed2263b5f57c213df84f4b2a144034200047fcdce2770f6c45d4183cbee6fdb4b7b58073335"
    "7be9ef13bacf6e3c7bd15445c7f144cd1bbd9b7e872cdfedb9eeb9f4b3695d6ea90b24ad8a4623288588e5ad";
constexpr std::string_view kX = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
constexpr std::string_view kY = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
constexpr std::string_view kSigned =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";
constexpr std::string_view kSignature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

SigningKey rfc_key() {
    auto key = SigningKey::from_pkcs8(*from_hex(kPkcs8));
    REQUIRE(key);
    return *key;
}

TEST_CASE("the signature of RFC 7515's example holds, and no other does", "[acme][rfc7515]") {
    const auto key = public_key(kX, kY);
    REQUIRE(key);
    const Octets signature = *from_base64url(kSignature);

    CHECK(verify_es256(key->get(), as_octets(kSigned), signature));
    for (const std::size_t at :
         {std::size_t{0}, std::size_t{31}, std::size_t{32}, std::size_t{63}}) {
        Octets broken = signature;
        broken[at] ^= 1;
        CHECK_FALSE(verify_es256(key->get(), as_octets(kSigned), broken));
    }
    CHECK_FALSE(verify_es256(key->get(), as_octets("x"), signature));
    CHECK_FALSE(verify_es256(key->get(), as_octets(kSigned), {}));
    CHECK_FALSE(verify_es256(key->get(), as_octets(kSigned), Octets(64, 0)));
}

TEST_CASE("the JWK has sorted members and RFC 7638's thumbprint", "[acme][rfc7638]") {
    const SigningKey key = rfc_key();

    CHECK(key.jwk() == R"({"crv":"P-256","kty":"EC","x":")" + std::string(kX) + R"(","y":")" +
                           std::string(kY) + R"("})");
    CHECK(key.thumbprint() == "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
}

TEST_CASE("the TXT value is the hash of token and thumbprint", "[acme][rfc8555]") {
    CHECK(dns01_value("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA", rfc_key().thumbprint()) ==
          "ZaJgFtIV4WA0t2MzN7kbSk0sfRd2GZjaxRqaSTAK6lI");
}

TEST_CASE("a JWS we make is verified by its own public key", "[acme][rfc7515]") {
    const SigningKey key = rfc_key();
    const std::string_view header = R"({"alg":"ES256","nonce":"n","url":"https://ca.example/x"})";

    const auto jws = nlohmann::json::parse(sign_jws(key, header, "{}"));

    CHECK(jws.size() == 3);
    const std::string text =
        jws["protected"].get<std::string>() + "." + jws["payload"].get<std::string>();
    const auto verifier = public_key(kX, kY);
    CHECK(verify_es256(verifier->get(), as_octets(text),
                       *from_base64url(jws["signature"].get<std::string>())));
    CHECK(as_text(*from_base64url(jws["protected"].get<std::string>())) == header);
    CHECK(as_text(*from_base64url(jws["payload"].get<std::string>())) == "{}");
}

TEST_CASE("the payload of POST-as-GET is the empty text", "[acme][rfc8555]") {
    const auto jws = nlohmann::json::parse(sign_jws(rfc_key(), "{}", ""));

    CHECK(jws["payload"] == "");
}

TEST_CASE("a signature has 64 octets, also where R or S is short", "[acme][rfc7518]") {
    const SigningKey key = rfc_key();
    const auto verifier = public_key(kX, kY);
    // One in 128 has a leading zero octet in one of the two.
    for (int each = 0; each < 600; ++each) {
        const std::string message = std::to_string(each);
        const Octets signature = key.sign(as_octets(message));
        REQUIRE(signature.size() == 64);
        REQUIRE(verify_es256(verifier->get(), as_octets(message), signature));
    }
}

TEST_CASE("a key survives storage, and only whole", "[acme]") {
    const auto made = SigningKey::generate();
    REQUIRE(made);
    const Octets der = made->pkcs8();

    const auto again = SigningKey::from_pkcs8(der);
    REQUIRE(again);
    CHECK(again->jwk() == made->jwk());
    CHECK(made->pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));

    Octets longer = der;
    longer.push_back(0);
    CHECK_FALSE(SigningKey::from_pkcs8(longer));
    CHECK_FALSE(SigningKey::from_pkcs8(OctetView(der).first(der.size() - 1)));
    CHECK_FALSE(SigningKey::from_pkcs8({}));
    CHECK(SigningKey::from_pkcs8(as_octets("no key")).error().code == ErrorCode::Corrupt);
}

TEST_CASE("coordinates that are no point of P-256 are refused", "[acme][hostile]") {
    CHECK_FALSE(public_key("", ""));
    CHECK_FALSE(public_key(kX, kX));
    CHECK_FALSE(public_key(kX, "AAAA"));
    CHECK_FALSE(public_key(kX, "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1"));
}

}  // namespace
}  // namespace hairpin::acme
