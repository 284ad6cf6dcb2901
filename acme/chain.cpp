#include "acme/chain.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>
#include <vector>

#include "acme/csr.hpp"
#include "acme/openssl_handles.hpp"
#include "core/assert.hpp"
#include "core/handle.hpp"

namespace hairpin::acme {
namespace {

using CertificateHandle = Handle<X509, X509_free>;
using Chain = std::vector<CertificateHandle>;

constexpr Seconds kSkew{24 * 3600};
constexpr Seconds kLongestLifetime{398 * 24 * 3600};
constexpr Seconds kShortLifetime{10 * 24 * 3600};

Error wrong(std::string cause) {
    ERR_clear_error();
    return Error{ErrorCode::Protocol, "certificate from the CA", std::move(cause)};
}

Result<Chain> parse(std::string_view pem) {
    if (pem.size() > kMaxChainOctets)
        return fail(
            Error{ErrorCode::Limit, "certificate from the CA",
                  "the chain is larger than " + std::to_string(kMaxChainOctets) + " octets"});
    const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    HAIRPIN_ASSERT(bio != nullptr);
    Chain chain;
    while (CertificateHandle next{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)}) {
        if (chain.size() == kMaxChainLength)
            return fail(wrong("the chain has more than " + std::to_string(kMaxChainLength) +
                              " certificates"));
        chain.push_back(std::move(next));
    }
    const auto reason = ERR_GET_REASON(ERR_peek_last_error());
    if (chain.empty()) return fail(wrong("the answer holds no PEM certificate"));
    if (reason != PEM_R_NO_START_LINE) return fail(wrong("the chain is broken off or damaged"));
    ERR_clear_error();
    return chain;
}

Result<WallTime> time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return fail(wrong("its validity cannot be read"));
    return WallTime(Seconds(timegm(&parts)));
}

Result<std::vector<std::string>> names_of(const X509* certificate) {
    int critical = 0;
    const NamesHandle names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, nullptr)));
    std::vector<std::string> list;
    if (!names) return list;
    for (int index = 0; index < sk_GENERAL_NAME_num(names.get()); ++index) {
        int type = 0;
        const auto* value = static_cast<const ASN1_STRING*>(
            GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), index), &type));
        if (type != GEN_DNS) return fail(wrong("it names something that is not a DNS name"));
        std::string name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                         static_cast<std::size_t>(ASN1_STRING_length(value)));
        std::transform(name.begin(), name.end(), name.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        list.push_back(std::move(name));
    }
    std::sort(list.begin(), list.end());
    return list;
}

Result<void> check_names(const X509* leaf, std::vector<std::string> wanted) {
    std::sort(wanted.begin(), wanted.end());
    if (TRY(names_of(leaf)) == wanted) return {};
    std::string listed;
    for (const std::string& name : wanted)
        listed += (listed.empty() ? "" : " and ") + name;
    return fail(wrong("its names are not exactly " + listed));
}

Result<void> check_lifetime(const ChainFacts& facts, WallTime now) {
    if (facts.not_before > now + kSkew)
        return fail(wrong("it is not valid before " + to_rfc3339(facts.not_before) +
                          "; is our clock right?"));
    if (facts.not_after <= now)
        return fail(
            wrong("it expired on " + to_rfc3339(facts.not_after) + "; is our clock right?"));
    if (facts.not_after <= facts.not_before ||
        facts.not_after - facts.not_before > kLongestLifetime)
        return fail(wrong("its lifetime, from " + to_rfc3339(facts.not_before) + " to " +
                          to_rfc3339(facts.not_after) + ", is not one that browsers accept"));
    return {};
}

Result<void> check_signatures(const Chain& chain) {
    if (chain.size() < 2) {
        X509* leaf = chain.front().get();
        if (X509_check_issued(leaf, leaf) == X509_V_OK)
            return fail(wrong("it is signed by itself and not by a CA"));
        return fail(wrong("the chain lacks the certificate of its issuer"));
    }
    for (std::size_t index = 0; index + 1 < chain.size(); ++index) {
        X509* subject = chain[index].get();
        X509* issuer = chain[index + 1].get();
        EVP_PKEY* key = X509_get0_pubkey(issuer);
        // X509_check_issued compares names and identifiers; X509_verify the signature.
        if (key == nullptr || X509_check_ca(issuer) == 0 ||
            X509_check_issued(issuer, subject) != X509_V_OK || X509_verify(subject, key) != 1)
            return fail(wrong("certificate " + std::to_string(index + 1) +
                              " of the chain is not signed by the next one"));
    }
    return {};
}

Octets der_of(X509* certificate) {
    unsigned char* raw = nullptr;
    const int size = i2d_X509(certificate, &raw);
    HAIRPIN_ASSERT(size > 0);
    const OctetsHandle der(raw);
    return {raw, raw + size};
}

std::string pem_of(const Chain& chain) {
    const BioHandle bio(BIO_new(BIO_s_mem()));
    HAIRPIN_ASSERT(bio != nullptr);
    for (const CertificateHandle& each : chain)
        HAIRPIN_ASSERT(PEM_write_bio_X509(bio.get(), each.get()) == 1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

}  // namespace

Result<ChainFacts> check_chain(std::string_view pem, const ChainExpectation& expectation) {
    ERR_clear_error();
    const Chain chain = TRY(parse(pem));
    X509* leaf = chain.front().get();
    EVP_PKEY* key = X509_get0_pubkey(leaf);
    if (key == nullptr) return fail(wrong("its key cannot be read"));
    ChainFacts facts;
    facts.key_sha256 = key_sha256(key);
    if (facts.key_sha256 != expectation.key_sha256)
        return fail(wrong("it is for another key than the request's"));
    TRY(check_names(leaf, expectation.names));
    facts.not_before = TRY(time_of(X509_get0_notBefore(leaf)));
    facts.not_after = TRY(time_of(X509_get0_notAfter(leaf)));
    TRY(check_lifetime(facts, expectation.now));
    TRY(check_signatures(chain));
    facts.sha256 = sha256(der_of(leaf));
    facts.pem = pem_of(chain);
    return facts;
}

Result<Octets> first_certificate_der(std::string_view pem) {
    const Chain chain = TRY(parse(pem));
    unsigned char* raw = nullptr;
    const int size = i2d_X509(chain.front().get(), &raw);
    HAIRPIN_ASSERT(size > 0);
    const OctetsHandle der(raw);
    return Octets(raw, raw + size);
}

WallTime renewal_time(WallTime not_before, WallTime not_after, std::int64_t server_id) {
    const Milliseconds lifetime = not_after - not_before;
    const Milliseconds base = lifetime < kShortLifetime ? lifetime / 2 : lifetime * 2 / 3;
    const std::string text = "renewal:" + std::to_string(server_id);
    const Sha256 hash = sha256(as_octets(text));
    const std::int64_t thousandths = ((hash[0] << 8 | hash[1]) % 2001) - 1000;
    return not_before + base + lifetime / 50 * thousandths / 1000;
}

}  // namespace hairpin::acme
