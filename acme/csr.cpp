#include "acme/csr.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include "acme/certificates.hpp"
#include "acme/openssl_handles.hpp"
#include "acme/weak_key.hpp"
#include "core/assert.hpp"
#include "core/handle.hpp"

namespace hairpin::acme {
namespace {

void free_extensions(STACK_OF(X509_EXTENSION) * extensions) {
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

using ExtensionHandle = Handle<X509_EXTENSION, X509_EXTENSION_free>;
using ExtensionsHandle = Handle<STACK_OF(X509_EXTENSION), free_extensions>;
using RequestHandle = Handle<X509_REQ, X509_REQ_free>;

constexpr std::size_t kMaxNames = 100;      // What a CA takes at most (Let's Encrypt's `classic`).
constexpr std::size_t kMaxCommonName = 64;  // RFC 5280 appendix A.1, ub-common-name.

Error invalid(std::string cause) {
    ERR_clear_error();
    return Error{ErrorCode::Invalid, "CSR", std::move(cause)};
}

Result<RequestHandle> parse(OctetView octets) {
    if (octets.size() > kMaxCsrOctets)
        return fail(Error{ErrorCode::Limit, "CSR",
                          "is larger than " + std::to_string(kMaxCsrOctets) + " octets"});
    if (as_text(octets).find("-----BEGIN") != std::string_view::npos) {
        const BioHandle bio(BIO_new_mem_buf(octets.data(), static_cast<int>(octets.size())));
        HAIRPIN_ASSERT(bio != nullptr);
        RequestHandle request(PEM_read_bio_X509_REQ(bio.get(), nullptr, no_password, nullptr));
        if (!request) return fail(invalid("is not a PEM CERTIFICATE REQUEST"));
        return request;
    }
    const std::uint8_t* at = octets.data();
    RequestHandle request(d2i_X509_REQ(nullptr, &at, static_cast<long>(octets.size())));
    if (!request) return fail(invalid("is neither PKCS#10 in DER nor in PEM"));
    if (at != octets.data() + octets.size())
        return fail(invalid("has octets behind the end of the PKCS#10 request"));
    return request;
}

/// "P-256", "P-384", "RSA 2048"; else why the key is not taken.
Result<std::string> judge_key(const EVP_PKEY* key) {
    const std::string taken = "; take P-256, P-384, or RSA of 2048 to 4096 bits";
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
        std::array<char, 64> group{};
        std::size_t size = 0;
        if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) != 1)
            return fail(invalid("its key is on a curve without a name" + taken));
        const std::string_view name(group.data(), size);
        if (name == "prime256v1") return std::string("P-256");
        if (name == "secp384r1") return std::string("P-384");
        return fail(invalid("its key is on the curve " + std::string(name) + taken));
    }
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
        return fail(invalid("its key is neither ECDSA nor RSA" + taken));

    const int bits = EVP_PKEY_get_bits(key);
    if (bits < 2048 || bits > 4096 || bits % 8 != 0)
        return fail(invalid("its RSA key has " + std::to_string(bits) + " bits" + taken));
    BIGNUM* raw = nullptr;
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &raw) != 1)
        return fail(invalid("its RSA key has no exponent"));
    const NumberHandle exponent(raw);
    // CA/Browser Forum Baseline Requirements section 6.1.6: odd, in 2^16+1 .. 2^256-1.
    if (BN_is_odd(exponent.get()) == 0 || BN_num_bits(exponent.get()) < 17 ||
        BN_num_bits(exponent.get()) > 256)
        return fail(invalid("its RSA key has a public exponent that CAs refuse; use 65537"));
    if (const auto weakness = weakness_of(key))
        return fail(invalid("its key " + *weakness + "; make a new one"));
    return "RSA " + std::to_string(bits);
}

std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

std::string_view kind_of(int general_name) {
    switch (general_name) {
        case GEN_EMAIL:
            return "an e-mail address";
        case GEN_URI:
            return "a URI";
        case GEN_IPADD:
            return "an IP address";
        default:
            return "a name that is not a DNS name";
    }
}

Result<void> read_alternative_names(const X509_REQ* request, Csr& csr) {
    const ExtensionsHandle extensions(
        X509_REQ_get_extensions(const_cast<X509_REQ*>(request)));  // OpenSSL 3.0 lacks the const.
    if (!extensions) return {};
    int critical = 0;
    const NamesHandle names(static_cast<GENERAL_NAMES*>(
        X509V3_get_d2i(extensions.get(), NID_subject_alt_name, &critical, nullptr)));
    if (!names) {
        if (critical == -1) return {};  // There is none.
        return fail(invalid("its subjectAltName cannot be read, or is there twice"));
    }
    const int count = sk_GENERAL_NAME_num(names.get());
    if (static_cast<std::size_t>(count) > kMaxNames) return fail(invalid("names too many names"));
    for (int index = 0; index < count; ++index) {
        int type = 0;
        const auto* value = static_cast<const ASN1_STRING*>(
            GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), index), &type));
        if (type != GEN_DNS) {
            csr.other_names.emplace_back(kind_of(type));
            continue;
        }
        csr.names.push_back(
            lower_case(std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                                   static_cast<std::size_t>(ASN1_STRING_length(value)))));
    }
    std::sort(csr.names.begin(), csr.names.end());
    csr.names.erase(std::unique(csr.names.begin(), csr.names.end()), csr.names.end());
    return {};
}

Result<void> read_common_names(const X509_REQ* request, Csr& csr) {
    const X509_NAME* subject = X509_REQ_get_subject_name(request);
    for (int at = -1;;) {
        at = X509_NAME_get_index_by_NID(subject, NID_commonName, at);
        if (at < 0) return {};
        const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
        unsigned char* raw = nullptr;
        const int size = ASN1_STRING_to_UTF8(&raw, value);
        if (size < 0) return fail(invalid("its common name cannot be read"));
        const OctetsHandle utf8(raw);
        csr.common_names.push_back(lower_case(
            std::string(reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size))));
    }
}

/// The names as a person may see them: printable, bounded.
std::string listed(const Csr& csr) {
    std::string list;
    for (const std::string& name : csr.names) {
        if (list.size() > 200) return list + ", ..";
        if (!list.empty()) list += ", ";
        for (const char c : name.substr(0, 100))
            list += c > ' ' && c < 0x7f ? c : '?';
    }
    for (const std::string& other : csr.other_names) {
        if (list.size() > 200) return list + ", ..";
        if (!list.empty()) list += ", ";
        list += other;
    }
    return list.empty() ? "no names" : list;
}

bool add_extension(X509_REQ* request, const std::string& names) {
    const ExtensionHandle extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str()));
    if (!extension) return false;
    const ExtensionsHandle extensions(sk_X509_EXTENSION_new_null());
    if (!extensions) return false;
    X509_EXTENSION* copy = X509_EXTENSION_dup(extension.get());
    if (copy == nullptr) return false;
    if (sk_X509_EXTENSION_push(extensions.get(), copy) == 0) {
        X509_EXTENSION_free(copy);
        return false;
    }
    return X509_REQ_add_extensions(request, extensions.get()) == 1;
}

bool set_common_name(X509_REQ* request, std::string_view name) {
    if (name.size() > kMaxCommonName) return true;
    return X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_ASC,
                                      reinterpret_cast<const unsigned char*>(name.data()),
                                      static_cast<int>(name.size()), -1, 0) == 1;
}

Octets der_of(X509_REQ* request) {
    const int size = i2d_X509_REQ(request, nullptr);
    HAIRPIN_ASSERT(size > 0);
    Octets der(static_cast<std::size_t>(size));
    std::uint8_t* at = der.data();
    HAIRPIN_ASSERT(i2d_X509_REQ(request, &at) == size);
    return der;
}

}  // namespace

Result<Csr> read_csr(OctetView octets, const RefusedKeys& refused) {
    const RequestHandle request = TRY(parse(octets));
    EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
    if (key == nullptr) return fail(invalid("its public key cannot be read"));
    Csr csr;
    // The key is judged first: a signature is only computed over one of a bounded size.
    csr.key_kind = TRY(judge_key(key));
    if (X509_REQ_verify(request.get(), key) != 1)
        return fail(invalid("its signature does not fit its key"));
    csr.key_sha256 = key_sha256(key);
    if (refused.holds(key, csr.key_sha256))
        return fail(invalid("its key is in a list of keys that strangers have; make a new one"));
    TRY(read_alternative_names(request.get(), csr));
    TRY(read_common_names(request.get(), csr));
    csr.der = der_of(request.get());
    return csr;
}

Result<void> check_names(const Csr& csr, const std::vector<std::string>& names,
                         const std::vector<std::string>& aliases) {
    const auto is_named = [&](const std::string& name) {
        return std::find(csr.names.begin(), csr.names.end(), name) != csr.names.end();
    };
    const auto others = others_of(csr, names);
    const bool has_strangers =
        std::any_of(others.begin(), others.end(), [&](const std::string& each) {
            return std::find(aliases.begin(), aliases.end(), each) == aliases.end();
        });
    const bool names_fit = std::all_of(names.begin(), names.end(), is_named) && !has_strangers &&
                           csr.other_names.empty();
    const bool subject_fits = csr.common_names.empty() ||
                              (csr.common_names.size() == 1 && is_named(csr.common_names.front()));
    if (names_fit && subject_fits) return {};

    const std::string said =
        names_fit ? "its common name is another name than those in it" : "it names " + listed(csr);
    const std::string& first = names.front();
    std::string in_words;
    std::string in_extension;
    for (const std::string& name : names) {
        in_words += (in_words.empty() ? "" : " and ") + name;
        in_extension += (in_extension.empty() ? "DNS:" : ",DNS:") + name;
    }
    std::string also;
    for (const std::string& each : aliases)
        also += (also.empty() ? ", and may name " : ", ") + each;
    return fail(invalid(
        said + ", but this server's CSR must name exactly " + in_words + also +
        "; make it with: openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-keyout server.key -out server.csr -subj /CN=" +
        (first.size() <= kMaxCommonName ? first : std::string()) +
        " -addext subjectAltName=" + in_extension));
}

std::vector<std::string> others_of(const Csr& csr, const std::vector<std::string>& names) {
    std::vector<std::string> others;
    std::copy_if(csr.names.begin(), csr.names.end(), std::back_inserter(others),
                 [&](const std::string& each) {
                     return std::find(names.begin(), names.end(), each) == names.end();
                 });
    return others;
}

Result<Octets> make_csr(const SigningKey& key, const std::vector<std::string>& names,
                        bool has_name) {
    const RequestHandle request(X509_REQ_new());
    std::string listed;
    for (const std::string& name : names)
        listed += (listed.empty() ? "DNS:" : ",DNS:") + name;
    if (!request || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
        (has_name && !set_common_name(request.get(), names.front())) ||
        !add_extension(request.get(), listed) ||
        X509_REQ_set_pubkey(request.get(), key.handle()) != 1 ||
        X509_REQ_sign(request.get(), key.handle(), EVP_sha256()) == 0) {
        ERR_clear_error();
        return fail(Error{ErrorCode::Unavailable, "CSR", "OpenSSL could not make it"});
    }
    return der_of(request.get());
}

Sha256 key_sha256(EVP_PKEY* key) {
    unsigned char* raw = nullptr;
    const int size = i2d_PUBKEY(key, &raw);
    HAIRPIN_ASSERT(size > 0);
    const OctetsHandle der(raw);
    return sha256({raw, static_cast<std::size_t>(size)});
}

}  // namespace hairpin::acme
