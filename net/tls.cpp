#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <span>
#include <utility>

#include "core/crypto.hpp"
#include "core/handle.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"

namespace hairpin::net {
namespace {

using BioHandle = Handle<BIO, BIO_free_all>;
using CertificateHandle = Handle<X509, X509_free>;
using KeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;

void free_names(GENERAL_NAMES* names) {
    GENERAL_NAMES_free(names);
}
void free_octets(unsigned char* octets) {
    OPENSSL_free(octets);
}
using NamesHandle = Handle<GENERAL_NAMES, free_names>;
using OctetsHandle = Handle<unsigned char, free_octets>;

// Forward secrecy and AEAD only; none of RFC 9113 appendix A's prohibited suites.
constexpr const char* kTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
constexpr const char* kGroups = "X25519:P-256:P-384";
// http/1.0: what curl --http1.0 offers, and boxes built on it.
constexpr std::string_view kHttpProtocols("\x02h2\x08http/1.1\x08http/1.0", 21);
constexpr std::string_view kDnsProtocols(
    "\x03"
    "dot",
    4);  // RFC 7858 section 7.2 has no other name.
constexpr long kTicketSeconds = 7'200;

Error tls_error(std::string subject, std::string cause) {
    std::array<char, 256> reason{};
    const auto code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) return {ErrorCode::Invalid, std::move(subject), std::move(cause)};
    ERR_error_string_n(code, reason.data(), reason.size());
    return {ErrorCode::Invalid, std::move(subject), cause + " (" + reason.data() + ")"};
}

// RFC 7301 section 3.2: our preference among what the client offers; a client that offers only what
// we do not speak gets no_application_protocol.
template <Application application>
int select_protocol(SSL* /*connection*/, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned int offered_size, void* /*unused*/) {
    const auto ours = as_octets(application == Application::Http ? kHttpProtocols : kDnsProtocols);
    unsigned char* found = nullptr;
    const int result =
        SSL_select_next_proto(&found, chosen_size, ours.data(), static_cast<unsigned>(ours.size()),
                              offered, offered_size);
    *chosen = found;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

BioHandle read_only(std::string_view text) {
    return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Keys are never asked for on a terminal.
int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*unused*/) {
    return -1;
}

Result<WallTime> time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return fail(tls_error("certificate", "its validity cannot be read"));
    return WallTime(Seconds(timegm(&parts)));
}

/// Its subjectAltName: dNSName and iPAddress; what is neither names no host.
std::vector<std::string> names_of(const X509* leaf) {
    std::vector<std::string> names;
    const NamesHandle all(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr)));
    for (int index = 0; all && index < sk_GENERAL_NAME_num(all.get()); ++index) {
        int type = 0;
        const auto* value = static_cast<const ASN1_STRING*>(
            GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all.get(), index), &type));
        if (type != GEN_DNS && type != GEN_IPADD) continue;
        const OctetView octets(ASN1_STRING_get0_data(value),
                               static_cast<std::size_t>(ASN1_STRING_length(value)));
        if (type == GEN_DNS) {
            names.emplace_back(as_text(octets));
        } else if (const auto address = IpAddress::from_octets(octets)) {
            names.push_back(address->text());
        }
    }
    return names;
}

Result<CertificateFacts> facts_of(const X509* leaf) {
    CertificateFacts facts;
    Sha256 digest{};
    if (X509_digest(leaf, EVP_sha256(), digest.data(), nullptr) != 1)
        return fail(tls_error("certificate", "it has no digest"));
    facts.fingerprint = to_hex(digest);
    unsigned char* raw = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &raw);
    const OctetsHandle key(raw);
    if (size <= 0) return fail(tls_error("certificate", "its key cannot be read"));
    facts.key_pin = to_base64(sha256({raw, static_cast<std::size_t>(size)}));
    facts.names = names_of(leaf);
    facts.not_before = TRY(time_of(X509_get0_notBefore(leaf)));
    facts.not_after = TRY(time_of(X509_get0_notAfter(leaf)));
    return facts;
}

Result<CertificateFacts> load_chain(SSL_CTX* context, std::string_view chain_pem) {
    const auto bio = read_only(chain_pem);
    const CertificateHandle leaf(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
    if (!leaf) return fail(tls_error("certificate", "not a PEM certificate"));
    if (SSL_CTX_use_certificate(context, leaf.get()) != 1) {
        return fail(tls_error("certificate", "OpenSSL refuses it"));
    }
    for (;;) {
        const CertificateHandle issuer(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
        if (!issuer) break;
        if (SSL_CTX_add1_chain_cert(context, issuer.get()) != 1) {
            return fail(tls_error("certificate chain", "OpenSSL refuses an issuer"));
        }
    }
    // The end of the text shows as "no start line"; anything else is a broken issuer.
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
        return fail(tls_error("certificate chain", "an issuer is not a PEM certificate"));
    }
    ERR_clear_error();
    return facts_of(leaf.get());
}

Result<void> load_key(SSL_CTX* context, std::string_view key_pem) {
    const auto bio = read_only(key_pem);
    const KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
    if (!key) return fail(tls_error("private key", "not an unencrypted PEM private key"));
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return fail(tls_error("private key", "it does not belong to the certificate"));
    }
    return {};
}

}  // namespace

Result<ServerTls::Context> ServerTls::make_context(Application application) {
    Context context(SSL_CTX_new(TLS_server_method()));
    if (!context) return fail(tls_error("TLS", "no context"));
    auto* ctx = context.get();
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ctx, kTls12Ciphers) != 1 ||
        SSL_CTX_set1_groups_list(ctx, kGroups) != 1) {
        return fail(tls_error("TLS", "this OpenSSL lacks our ciphers or groups"));
    }
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_ENABLE_PARTIAL_WRITE);
    // Resumption is by tickets alone: no session cache, whose lock all loops would share.
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_timeout(ctx, kTicketSeconds);
    if (application == Application::Http) {
        SSL_CTX_set_read_ahead(ctx, 1);
        SSL_CTX_set_alpn_select_cb(ctx, select_protocol<Application::Http>, nullptr);
    } else {
        // One record at a time, so that poll knows of all that was not read (net/stream.hpp); and
        // what is not data, such as new keys without end, takes one turn like everything else.
        SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
        SSL_CTX_set_alpn_select_cb(ctx, select_protocol<Application::Dns>, nullptr);
    }
    return context;
}

void ServerTls::FreeContext::operator()(SSL_CTX* context) const noexcept {
    SSL_CTX_free(context);
}

ServerTls::ServerTls(Context http, Context dns, CertificateFacts facts) noexcept
    : http_(std::move(http)), dns_(std::move(dns)), facts_(std::move(facts)) {}

Result<std::shared_ptr<const ServerTls>> ServerTls::from_pem(std::string_view chain_pem,
                                                             std::string_view key_pem) {
    ERR_clear_error();
    Context http = TRY(make_context(Application::Http));
    Context dns = TRY(make_context(Application::Dns));
    CertificateFacts facts;
    for (SSL_CTX* each : {http.get(), dns.get()}) {
        facts = TRY(load_chain(each, chain_pem));
        TRY(load_key(each, key_pem));
    }
    struct Constructible : ServerTls {
        Constructible(Context for_http, Context for_dns, CertificateFacts of) noexcept
            : ServerTls(std::move(for_http), std::move(for_dns), std::move(of)) {}
    };
    return std::make_shared<Constructible>(std::move(http), std::move(dns), std::move(facts));
}

CertificateSlot::CertificateSlot(std::shared_ptr<const ServerTls> first)
    : current_(std::move(first)) {}

void CertificateSlot::replace(std::shared_ptr<const ServerTls> next) {
    // The old one is destroyed outside the lock, if it was the last reference at all.
    current_.with([&](auto& current) { current.swap(next); });
    generation_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const ServerTls> CertificateSlot::current() const {
    return current_.with([](const auto& current) { return current; });
}

}  // namespace hairpin::net
