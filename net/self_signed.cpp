#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "core/crypto.hpp"
#include "core/handle.hpp"
#include "core/ip_address.hpp"
#include "net/tls.hpp"

namespace hairpin::net {
namespace {

using BioHandle = Handle<BIO, BIO_free_all>;
using BignumHandle = Handle<BIGNUM, BN_free>;
using CertificateHandle = Handle<X509, X509_free>;
using ExtensionHandle = Handle<X509_EXTENSION, X509_EXTENSION_free>;
using KeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;

constexpr long kDaySeconds = 86'400;
constexpr long kLifetimeDays = 397;       // What browsers accept at most.
constexpr std::size_t kMaxCnOctets = 64;  // RFC 5280 appendix A.1, ub-common-name.

Error failed(const char* step) {
    return {ErrorCode::Unavailable, "self-signed certificate",
            std::string("OpenSSL failed to ") + step};
}

bool is_host_name(std::string_view name) {
    const auto is_fine = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_' || c == '*';
    };
    return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), is_fine);
}

// "DNS:a.example,IP:192.0.2.1", the syntax of X509V3_EXT_conf. Names are checked, so nothing can be
// smuggled in.
Result<std::string> subject_alternative_names(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names) {
        if (!list.empty()) list += ',';
        if (const auto address = IpAddress::parse(name)) {
            list += "IP:" + address->text();
        } else if (is_host_name(name)) {
            list += "DNS:" + name;
        } else {
            return fail(Error{ErrorCode::Invalid, name, "neither a host name nor an IP address"});
        }
    }
    if (list.empty())
        return fail(Error{ErrorCode::Invalid, "names", "a certificate needs at least one"});
    return list;
}

Result<void> add_extension(X509* certificate, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) {
        return fail(failed("add an extension"));
    }
    return {};
}

Result<void> set_serial(X509* certificate) {
    // RFC 5280 section 4.1.2.2: positive, at most 20 octets.
    auto octets = random_octets(16);
    octets[0] = static_cast<std::uint8_t>((octets[0] & 0x7F) | 0x40);
    const BignumHandle number(BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr));
    if (!number ||
        BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
        return fail(failed("set the serial number"));
    }
    return {};
}

Result<void> set_subject(X509* certificate, const std::string& name) {
    auto* subject = X509_get_subject_name(certificate);
    const std::string common_name = name.size() <= kMaxCnOctets ? name : "hairpin";
    const auto octets = as_octets(common_name);
    if (X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, octets.data(),
                                   static_cast<int>(octets.size()), -1, 0) != 1 ||
        X509_set_issuer_name(certificate, subject) != 1) {
        return fail(failed("set the subject"));
    }
    return {};
}

Result<KeyHandle> new_key() {
    KeyHandle key(EVP_EC_gen("P-256"));
    if (!key) return fail(failed("make a key"));
    return key;
}

Result<KeyHandle> read_key(std::string_view pem) {
    const auto nobody = [](char*, int, int, void*) { return -1; };
    const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nobody, nullptr));
    ERR_clear_error();
    if (!key || EVP_PKEY_is_a(key.get(), "EC") != 1)
        return fail(Error{ErrorCode::Invalid, "private key", "not an EC key as PEM"});
    return key;
}

template <typename Write>
Result<std::string> to_pem(Write write) {
    const BioHandle bio(BIO_new(BIO_s_mem()));
    if (!bio || write(bio.get()) != 1) return fail(failed("write PEM"));
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace

Result<PemPair> make_self_signed(const std::vector<std::string>& names, std::string_view key_pem) {
    const std::string alternatives = TRY(subject_alternative_names(names));
    const KeyHandle key = TRY(key_pem.empty() ? new_key() : read_key(key_pem));
    const CertificateHandle certificate(X509_new());
    auto* x509 = certificate.get();
    if (x509 == nullptr || X509_set_version(x509, X509_VERSION_3) != 1) {
        return fail(failed("make a certificate"));
    }
    TRY(set_serial(x509));
    TRY(set_subject(x509, names.front()));
    if (X509_gmtime_adj(X509_getm_notBefore(x509), -kDaySeconds) == nullptr ||
        X509_gmtime_adj(X509_getm_notAfter(x509), (kLifetimeDays - 1) * kDaySeconds) == nullptr ||
        X509_set_pubkey(x509, key.get()) != 1) {
        return fail(failed("set validity and key"));
    }
    TRY(add_extension(x509, NID_basic_constraints, "critical,CA:FALSE"));
    TRY(add_extension(x509, NID_key_usage, "critical,digitalSignature"));
    TRY(add_extension(x509, NID_ext_key_usage, "serverAuth"));
    TRY(add_extension(x509, NID_subject_alt_name, alternatives));
    if (X509_sign(x509, key.get(), EVP_sha256()) == 0) return fail(failed("sign"));

    std::string certificate_pem =
        TRY(to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, x509); }));
    std::string written_key = TRY(to_pem([&](BIO* bio) {
        return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    }));
    return PemPair{std::move(certificate_pem), std::move(written_key)};
}

}  // namespace hairpin::net
