// tests/support/x509.hpp - keys, requests and certificates for tests, good and bad ones.
#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/octets.hpp"

namespace hairpin::tests {

using KeyRef = std::shared_ptr<EVP_PKEY>;
using RequestRef = std::shared_ptr<X509_REQ>;
using CertificateRef = std::shared_ptr<X509>;

inline void require_good(bool good, const char* what) {
    if (!good) throw std::runtime_error(what);
}

inline KeyRef key_ref(EVP_PKEY* key) {
    require_good(key != nullptr, "no key");
    return {key, EVP_PKEY_free};
}
inline KeyRef ec_key(const char* curve) {
    return key_ref(EVP_EC_gen(curve));
}
inline KeyRef ed25519_key() {
    return key_ref(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}
inline KeyRef rsa_key(unsigned bits, unsigned exponent = 65537) {
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
        EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr), EVP_PKEY_CTX_free);
    const std::unique_ptr<BIGNUM, decltype(&BN_free)> e(BN_new(), BN_free);
    EVP_PKEY* key = nullptr;
    require_good(BN_set_word(e.get(), exponent) == 1 && EVP_PKEY_keygen_init(context.get()) == 1 &&
                     EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), static_cast<int>(bits)) == 1 &&
                     EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context.get(), e.get()) == 1 &&
                     EVP_PKEY_keygen(context.get(), &key) == 1,
                 "RSA key");
    return key_ref(key);
}

struct RequestText {
    std::string common_name;        // Empty: an empty subject.
    std::string alternative_names;  // "DNS:a,DNS:b"; empty: no extension.
};

inline RequestRef make_request(const KeyRef& key, const RequestText& text) {
    const RequestRef request(X509_REQ_new(), X509_REQ_free);
    require_good(X509_REQ_set_pubkey(request.get(), key.get()) == 1, "public key");
    if (!text.common_name.empty())
        require_good(X509_NAME_add_entry_by_txt(
                         X509_REQ_get_subject_name(request.get()), "CN", MBSTRING_UTF8,
                         reinterpret_cast<const unsigned char*>(text.common_name.data()),
                         static_cast<int>(text.common_name.size()), -1, 0) == 1,
                     "common name");
    if (!text.alternative_names.empty()) {
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name,
                                                        text.alternative_names.c_str());
        require_good(extension != nullptr, "subjectAltName");
        STACK_OF(X509_EXTENSION)* extensions = sk_X509_EXTENSION_new_null();
        sk_X509_EXTENSION_push(extensions, extension);
        const bool added = X509_REQ_add_extensions(request.get(), extensions) == 1;
        sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
        require_good(added, "extensions");
    }
    const bool is_ed25519 = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_ED25519;
    require_good(X509_REQ_sign(request.get(), key.get(), is_ed25519 ? nullptr : EVP_sha256()) != 0,
                 "sign");
    return request;
}

inline Octets der_of(const RequestRef& request) {
    unsigned char* raw = nullptr;
    const int size = i2d_X509_REQ(request.get(), &raw);
    require_good(size > 0, "DER");
    Octets der(raw, raw + size);
    OPENSSL_free(raw);
    return der;
}

inline std::string pem_of(const RequestRef& request) {
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new(BIO_s_mem()), BIO_free_all);
    require_good(PEM_write_bio_X509_REQ(bio.get(), request.get()) == 1, "PEM");
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

inline std::string pem_of(const CertificateRef& certificate) {
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new(BIO_s_mem()), BIO_free_all);
    require_good(PEM_write_bio_X509(bio.get(), certificate.get()) == 1, "PEM");
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

/// What a certificate says; signed by `issuer` (its own key and name where there is none).
struct CertificateText {
    std::string subject;
    std::string alternative_names;
    WallTime not_before{};
    WallTime not_after{};
    bool is_ca = false;
};

inline CertificateRef make_certificate(const CertificateText& text, const KeyRef& key,
                                       const CertificateRef& issuer, const KeyRef& issuer_key) {
    const CertificateRef made(X509_new(), X509_free);
    static long serial = 1000;
    const auto add = [&](int nid, const std::string& value) {
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
        require_good(extension != nullptr, value.c_str());
        X509_add_ext(made.get(), extension, -1);
        X509_EXTENSION_free(extension);
    };
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(text.subject.data()),
                               static_cast<int>(text.subject.size()), -1, 0);
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer ? issuer.get() : made.get()));
    const auto seconds = [](WallTime at) { return static_cast<std::time_t>(to_unix_seconds(at)); };
    ASN1_TIME_set(X509_getm_notBefore(made.get()), seconds(text.not_before));
    ASN1_TIME_set(X509_getm_notAfter(made.get()), seconds(text.not_after));
    X509_set_pubkey(made.get(), key.get());
    add(NID_basic_constraints, text.is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (!text.alternative_names.empty()) add(NID_subject_alt_name, text.alternative_names);
    require_good(X509_sign(made.get(), issuer_key.get(), EVP_sha256()) != 0, "sign");
    return made;
}

}  // namespace hairpin::tests
