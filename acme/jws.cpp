#include "acme/jws.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <utility>

#include "acme/openssl_handles.hpp"
#include "core/assert.hpp"
#include "core/handle.hpp"

namespace hairpin::acme {
namespace {

using SecretNumberHandle = Handle<BIGNUM, BN_clear_free>;
using Pkcs8Handle = Handle<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;

constexpr int kCoordinateOctets = 32;

std::shared_ptr<EVP_PKEY> share(EVP_PKEY* key) {
    return {key, [](EVP_PKEY* each) { EVP_PKEY_free(each); }};
}

bool is_p256(const EVP_PKEY* key) {
    std::array<char, 64> group{};
    std::size_t size = 0;
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
           std::string_view(group.data(), size) == "prime256v1";
}

std::string coordinate(const EVP_PKEY* key, const char* which) {
    BIGNUM* raw = nullptr;
    HAIRPIN_ASSERT(EVP_PKEY_get_bn_param(key, which, &raw) == 1);
    const SecretNumberHandle number(raw);
    std::array<std::uint8_t, kCoordinateOctets> octets{};
    HAIRPIN_ASSERT(BN_bn2binpad(number.get(), octets.data(), kCoordinateOctets) ==
                   kCoordinateOctets);
    return to_base64url(octets);
}

std::string contents(BIO* bio) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace

Result<SigningKey> SigningKey::generate() {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    if (key == nullptr)
        return fail(Error{ErrorCode::Unavailable, "P-256 key", "OpenSSL could not make it"});
    return SigningKey(share(key));
}

Result<SigningKey> SigningKey::from_pkcs8(OctetView der) {
    const Error corrupt{ErrorCode::Corrupt, "stored key", "is not the PKCS#8 of a P-256 key"};
    const std::uint8_t* at = der.data();
    const Pkcs8Handle sealed_key(
        d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
    if (!sealed_key || at != der.data() + der.size()) return fail(corrupt);
    auto key = share(EVP_PKCS82PKEY(sealed_key.get()));
    if (!key || !is_p256(key.get())) return fail(corrupt);
    return SigningKey(std::move(key));
}

Octets SigningKey::pkcs8() const {
    const Pkcs8Handle form(EVP_PKEY2PKCS8(key_.get()));
    HAIRPIN_ASSERT(form != nullptr);
    const int size = i2d_PKCS8_PRIV_KEY_INFO(form.get(), nullptr);
    HAIRPIN_ASSERT(size > 0);
    Octets der(static_cast<std::size_t>(size));
    std::uint8_t* at = der.data();
    HAIRPIN_ASSERT(i2d_PKCS8_PRIV_KEY_INFO(form.get(), &at) == size);
    return der;
}

std::string SigningKey::pem() const {
    const BioHandle bio(BIO_new(BIO_s_secmem()));
    HAIRPIN_ASSERT(bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0,
                                                        nullptr, nullptr) == 1);
    return contents(bio.get());
}

std::string SigningKey::jwk() const {
    return R"({"crv":"P-256","kty":"EC","x":")" + coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X) +
           R"(","y":")" + coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y) + R"("})";
}

std::string SigningKey::thumbprint() const {
    return to_base64url(sha256(as_octets(jwk())));
}

Octets SigningKey::sign(OctetView message) const {
    const DigestHandle context(EVP_MD_CTX_new());
    std::size_t size = 0;
    HAIRPIN_ASSERT(
        context &&
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
        EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) == 1);
    Octets der(size);
    HAIRPIN_ASSERT(
        EVP_DigestSign(context.get(), der.data(), &size, message.data(), message.size()) == 1);
    const std::uint8_t* at = der.data();
    const EcSignatureHandle signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
    HAIRPIN_ASSERT(signature != nullptr);
    Octets raw(2 * kCoordinateOctets);
    HAIRPIN_ASSERT(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), kCoordinateOctets) ==
                   kCoordinateOctets);
    HAIRPIN_ASSERT(BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + kCoordinateOctets,
                                kCoordinateOctets) == kCoordinateOctets);
    return raw;
}

std::string sign_jws(const SigningKey& key, std::string_view protected_header,
                     std::string_view payload) {
    const std::string header = to_base64url(as_octets(protected_header));
    const std::string body = to_base64url(as_octets(payload));
    const Octets signature = key.sign(as_octets(header + "." + body));
    return R"({"protected":")" + header + R"(","payload":")" + body + R"(","signature":")" +
           to_base64url(signature) + R"("})";
}

bool verify_es256(EVP_PKEY* key, OctetView message, OctetView signature) {
    if (signature.size() != 2 * kCoordinateOctets) return false;
    const EcSignatureHandle form(ECDSA_SIG_new());
    SecretNumberHandle r(BN_bin2bn(signature.data(), kCoordinateOctets, nullptr));
    SecretNumberHandle s(
        BN_bin2bn(signature.data() + kCoordinateOctets, kCoordinateOctets, nullptr));
    if (!form || !r || !s || ECDSA_SIG_set0(form.get(), r.get(), s.get()) != 1) return false;
    static_cast<void>(r.release());  // They are the signature's now.
    static_cast<void>(s.release());
    const int size = i2d_ECDSA_SIG(form.get(), nullptr);
    if (size <= 0) return false;
    Octets der(static_cast<std::size_t>(size));
    std::uint8_t* at = der.data();
    if (i2d_ECDSA_SIG(form.get(), &at) != size) return false;
    const DigestHandle context(EVP_MD_CTX_new());
    return context &&
           EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
           EVP_DigestVerify(context.get(), der.data(), der.size(), message.data(),
                            message.size()) == 1;
}

Result<std::shared_ptr<EVP_PKEY>> public_key(std::string_view x, std::string_view y) {
    const Error invalid{ErrorCode::Invalid, "JWK", "is not a point of P-256"};
    const auto x_octets = from_base64url(x);
    const auto y_octets = from_base64url(y);
    if (!x_octets || !y_octets || x_octets->size() != kCoordinateOctets ||
        y_octets->size() != kCoordinateOctets)
        return fail(invalid);
    Octets point{0x04};  // Uncompressed (SEC 1 section 2.3.3).
    point.insert(point.end(), x_octets->begin(), x_octets->end());
    point.insert(point.end(), y_octets->begin(), y_octets->end());

    const BuildHandle build(OSSL_PARAM_BLD_new());
    if (!build ||
        OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) !=
            1 ||
        OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                         point.size()) != 1)
        return fail(invalid);
    const BuiltHandle params(OSSL_PARAM_BLD_to_param(build.get()));
    const KeyContextHandle context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* key = nullptr;
    if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
        return fail(invalid);
    return share(key);
}

std::string dns01_value(std::string_view token, std::string_view thumbprint) {
    return to_base64url(sha256(as_octets(std::string(token) + "." + std::string(thumbprint))));
}

}  // namespace hairpin::acme
