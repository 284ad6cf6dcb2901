#include "acme/jose.hpp"

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include <catch2/catch.hpp>
#include <string>

#include "acme/jws.hpp"

namespace hairpin::acme {
namespace {

// RFC 7515 appendix A.3: a key, and its ES256 signature of the message in A.3.1.
const Jwk kEs256Key{"EC",
                    "P-256",
                    "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                    "",
                    ""};
const std::string kMessage =
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv"
    "bS9pc19yb290Ijp0cnVlfQ";
const std::string kEs256Signature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

// RFC 7515 appendix A.2: the same message under RS256.
const Jwk kRs256Key{
    "RSA",
    "",
    "",
    "",
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1P"
    "t0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSH"
    "SXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6"
    "_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "AQAB"};
const std::string kRs256Message =
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv"
    "bS9pc19yb290Ijp0cnVlfQ";
const std::string kRs256Signature =
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5ju"
    "jGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07"
    "Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipU"
    "TI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

TEST_CASE("the signatures of RFC 7515's examples hold, and only as they are", "[acme][rfc7515]") {
    const auto ec = PublicKey::from_jwk(kEs256Key);
    const auto rsa = PublicKey::from_jwk(kRs256Key);
    REQUIRE(ec);
    REQUIRE(rsa);
    Octets signature = *from_base64url(kEs256Signature);
    CHECK(ec->verify(SignatureAlgorithm::Es256, as_octets(kMessage), signature));
    CHECK_FALSE(ec->verify(SignatureAlgorithm::Es256, as_octets(kMessage + "A"), signature));
    CHECK_FALSE(ec->verify(SignatureAlgorithm::Es384, as_octets(kMessage), signature));
    CHECK_FALSE(ec->verify(SignatureAlgorithm::Rs256, as_octets(kMessage), signature));
    signature[5] ^= 1U;
    CHECK_FALSE(ec->verify(SignatureAlgorithm::Es256, as_octets(kMessage), signature));
    signature.pop_back();
    CHECK_FALSE(ec->verify(SignatureAlgorithm::Es256, as_octets(kMessage), signature));
    CHECK_FALSE(ec->verify(SignatureAlgorithm::Es256, as_octets(kMessage), {}));

    signature = *from_base64url(kRs256Signature);
    CHECK(rsa->verify(SignatureAlgorithm::Rs256, as_octets(kRs256Message), signature));
    CHECK_FALSE(rsa->verify(SignatureAlgorithm::Rs256, as_octets(kMessage), signature));
    CHECK_FALSE(rsa->verify(SignatureAlgorithm::Es256, as_octets(kRs256Message), signature));
}

TEST_CASE("a thumbprint is that of RFC 7638's example", "[acme][rfc7638]") {
    Jwk jwk = kRs256Key;
    jwk.n =
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
        "BJECPe"
        "bWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
        "FDW2QvzqY36"
        "8QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"
        "bFTWhAI4vMQFh6WeZu0fM4l"
        "Fd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    const auto key = PublicKey::from_jwk(jwk);
    REQUIRE(key);
    CHECK(key->thumbprint() == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST_CASE("a key that signs for us is verified as a stranger's", "[acme][rfc7518]") {
    const auto signer = SigningKey::generate();
    REQUIRE(signer);
    const std::string jwk = signer->jwk();
    const auto member = [&](const std::string& name) {
        const auto from = jwk.find("\"" + name + "\":\"") + name.size() + 4;
        return jwk.substr(from, jwk.find('"', from) - from);
    };
    const auto key =
        PublicKey::from_jwk({member("kty"), member("crv"), member("x"), member("y"), "", ""});
    REQUIRE(key);
    CHECK(key->jwk() == jwk);
    CHECK(key->thumbprint() == signer->thumbprint());
    CHECK(
        key->verify(SignatureAlgorithm::Es256, as_octets("said"), signer->sign(as_octets("said"))));
}

TEST_CASE("a JWK that is no key that is taken is refused, with why", "[acme][hostile]") {
    struct Case {
        const char* why;
        Jwk jwk;
        const char* says;
    };
    const std::string x = kEs256Key.x;
    const std::string y = kEs256Key.y;
    const std::string zero(43, 'A');
    const auto each = GENERATE_COPY(values<Case>({
        {"nothing", {}, "kty"},
        {"a secret", {"oct", "", "", "", "", ""}, "kty"},
        {"another curve", {"EC", "P-521", x, y, "", ""}, "curve"},
        {"lower case", {"EC", "p-256", x, y, "", ""}, "curve"},
        {"not on the curve", {"EC", "P-256", x, x, "", ""}, "point"},
        {"the origin", {"EC", "P-256", zero, zero, "", ""}, "point"},
        {"short", {"EC", "P-256", x.substr(0, 40), y, "", ""}, "size"},
        {"of another curve", {"EC", "P-384", x, y, "", ""}, "size"},
        {"padding", {"EC", "P-256", x + "=", y, "", ""}, "size"},
        {"no modulus", {"RSA", "", "", "", "", "AQAB"}, "number"},
        {"a leading zero", {"RSA", "", "", "", "AA" + kRs256Key.n, "AQAB"}, "number"},
        {"1024 bits", {"RSA", "", "", "", to_base64url(Octets(128, 0xff)), "AQAB"}, "bits"},
        {"8192 bits", {"RSA", "", "", "", to_base64url(Octets(1024, 0xff)), "AQAB"}, "bits"},
        {"an even exponent", {"RSA", "", "", "", kRs256Key.n, "AQAA"}, "odd"},
        {"the exponent 1", {"RSA", "", "", "", kRs256Key.n, "AQ"}, "odd"},
    }));
    INFO(each.why);
    const auto key = PublicKey::from_jwk(each.jwk);
    REQUIRE_FALSE(key);
    CHECK(key.error().code == ErrorCode::Invalid);
    CHECK(key.error().cause.find(each.says) != std::string::npos);
}

}  // namespace
}  // namespace hairpin::acme
