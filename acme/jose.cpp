#include "acme/jose.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <array>
#include <cstddef>
#include <utility>

#include "acme/csr.hpp"
#include "acme/openssl_handles.hpp"
#include "core/handle.hpp"

namespace hairpin::acme {
namespace {

constexpr std::array<std::string_view, 3> kAlgorithmNames{"ES256", "ES384", "RS256"};
constexpr std::size_t kLeastRsaOctets = 256;
constexpr std::size_t kMostRsaOctets = 512;
constexpr std::size_t kMostExponentOctets = 8;

struct Curve {
    std::string_view jwk;
    const char* openssl;
    std::size_t octets;  // Of one coordinate.
    SignatureAlgorithm algorithm;
};
constexpr std::array kCurves{Curve{"P-256", "prime256v1", 32, SignatureAlgorithm::Es256},
                             Curve{"P-384", "secp384r1", 48, SignatureAlgorithm::Es384}};

Error not_taken(std::string cause) {
    ERR_clear_error();
    return Error{ErrorCode::Invalid, "JWK", std::move(cause)};
}

/// The key of `type` ("EC", "RSA") that the parameters describe; null: they describe none.
std::shared_ptr<EVP_PKEY> built_key(const char* type, OSSL_PARAM_BLD* build) {
    const BuiltHandle params(OSSL_PARAM_BLD_to_param(build));
    const KeyContextHandle maker(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!params || !maker || EVP_PKEY_fromdata_init(maker.get()) != 1 ||
        EVP_PKEY_fromdata(maker.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
        return nullptr;
    return {key, [](EVP_PKEY* each) { EVP_PKEY_free(each); }};
}

/// RFC 7518 section 2, Base64urlUInt: no leading zero octet.
std::optional<Octets> unsigned_number(std::string_view text) {
    auto octets = from_base64url(text);
    if (!octets || octets->empty() || octets->front() == 0) return std::nullopt;
    return octets;
}

/// R and S one after the other, as the DER that OpenSSL verifies; empty: it is not of that form.
Octets ecdsa_der(OctetView raw, std::size_t half) {
    if (raw.size() != 2 * half) return {};
    const EcSignatureHandle form(ECDSA_SIG_new());
    NumberHandle r(BN_bin2bn(raw.data(), static_cast<int>(half), nullptr));
    NumberHandle s(BN_bin2bn(raw.data() + half, static_cast<int>(half), nullptr));
    if (!form || !r || !s || ECDSA_SIG_set0(form.get(), r.get(), s.get()) != 1) return {};
    static_cast<void>(r.release());  // They are the signature's now.
    static_cast<void>(s.release());
    const int size = i2d_ECDSA_SIG(form.get(), nullptr);
    if (size <= 0) return {};
    Octets der(static_cast<std::size_t>(size));
    std::uint8_t* at = der.data();
    if (i2d_ECDSA_SIG(form.get(), &at) != size) return {};
    return der;
}

struct MadeKey {
    std::shared_ptr<EVP_PKEY> key;
    SignatureAlgorithm algorithm;
};

Result<MadeKey> ec_key(const Jwk& jwk) {
    const Curve* curve = nullptr;
    for (const Curve& each : kCurves)
        if (each.jwk == jwk.crv) curve = &each;
    if (curve == nullptr) return fail(not_taken("its curve is not P-256 or P-384"));
    const auto x = from_base64url(jwk.x);
    const auto y = from_base64url(jwk.y);
    if (!x || !y || x->size() != curve->octets || y->size() != curve->octets)
        return fail(not_taken("its coordinates do not have the size of its curve"));
    Octets point{0x04};  // Uncompressed (SEC 1 section 2.3.3).
    point.insert(point.end(), x->begin(), x->end());
    point.insert(point.end(), y->begin(), y->end());
    const BuildHandle build(OSSL_PARAM_BLD_new());
    if (!build ||
        OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve->openssl,
                                        0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                         point.size()) != 1)
        return fail(not_taken("is not a point of its curve"));
    auto key = built_key("EC", build.get());
    if (!key) return fail(not_taken("is not a point of its curve"));
    return MadeKey{std::move(key), curve->algorithm};
}

Result<MadeKey> rsa_key(const Jwk& jwk) {
    const auto n = unsigned_number(jwk.n);
    const auto e = unsigned_number(jwk.e);
    if (!n || !e) return fail(not_taken("its modulus or exponent is not a number"));
    if (n->size() < kLeastRsaOctets || n->size() > kMostRsaOctets || (n->front() & 0x80U) == 0)
        return fail(not_taken("its RSA key does not have 2048 to 4096 bits"));
    const bool is_three = e->size() == 1 && e->front() < 3;
    if (e->size() > kMostExponentOctets || (e->back() & 1U) == 0 || is_three ||
        (n->back() & 1U) == 0)
        return fail(not_taken("its RSA modulus or exponent is not odd, or out of range"));
    const NumberHandle modulus(BN_bin2bn(n->data(), static_cast<int>(n->size()), nullptr));
    const NumberHandle exponent(BN_bin2bn(e->data(), static_cast<int>(e->size()), nullptr));
    const BuildHandle build(OSSL_PARAM_BLD_new());
    if (!modulus || !exponent || !build ||
        OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
        return fail(not_taken("is not an RSA key"));
    auto key = built_key("RSA", build.get());
    if (!key) return fail(not_taken("is not an RSA key"));
    return MadeKey{std::move(key), SignatureAlgorithm::Rs256};
}

}  // namespace

std::optional<SignatureAlgorithm> signature_algorithm(std::string_view name) noexcept {
    for (std::size_t at = 0; at < kAlgorithmNames.size(); ++at)
        if (kAlgorithmNames[at] == name) return static_cast<SignatureAlgorithm>(at);
    return std::nullopt;
}

std::string_view to_string(SignatureAlgorithm algorithm) noexcept {
    return kAlgorithmNames[static_cast<std::size_t>(algorithm)];
}

Result<PublicKey> PublicKey::from_jwk(const Jwk& jwk) {
    if (jwk.kty == "EC") {
        auto made = TRY(ec_key(jwk));
        return PublicKey(std::move(made.key),
                         R"({"crv":")" + jwk.crv + R"(","kty":"EC","x":")" + jwk.x + R"(","y":")" +
                             jwk.y + R"("})",
                         made.algorithm);
    }
    if (jwk.kty != "RSA") return fail(not_taken("its kty is not EC or RSA"));
    auto made = TRY(rsa_key(jwk));
    return PublicKey(std::move(made.key),
                     R"({"e":")" + jwk.e + R"(","kty":"RSA","n":")" + jwk.n + R"("})",
                     made.algorithm);
}

std::string PublicKey::thumbprint() const {
    return to_base64url(sha256(as_octets(jwk_)));
}

Sha256 PublicKey::spki_sha256() const {
    return key_sha256(key_.get());
}

bool PublicKey::fits(SignatureAlgorithm algorithm) const noexcept {
    return algorithm == algorithm_;
}

bool PublicKey::verify(SignatureAlgorithm algorithm, OctetView message, OctetView signature) const {
    if (!fits(algorithm)) return false;
    Octets der(signature.begin(), signature.end());
    for (const Curve& each : kCurves)
        if (each.algorithm == algorithm) der = ecdsa_der(signature, each.octets);
    if (der.empty()) return false;
    const EVP_MD* digest = algorithm == SignatureAlgorithm::Es384 ? EVP_sha384() : EVP_sha256();
    const DigestHandle context(EVP_MD_CTX_new());
    const bool holds =
        context && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key_.get()) == 1 &&
        EVP_DigestVerify(context.get(), der.data(), der.size(), message.data(), message.size()) ==
            1;
    ERR_clear_error();
    return holds;
}

}  // namespace hairpin::acme
