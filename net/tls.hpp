// net/tls.hpp - the server's side of TLS: one factory for every context, and the slot that
// certificates live in.
//
// Every SSL_CTX of the program's listeners comes from ServerTls::from_pem, because ALPN, options
// and modes belong to the context: one made elsewhere would silently lose HTTP/2. A certificate has
// a context for each Application, so that a session of one is never resumed as another. A
// CertificateSlot is shared by all loops and can be given a new certificate at any time;
// connections keep the context they began with.
//
// Standards RFC 8446, RFC 5246, RFC 7301 (ALPN: h2, http/1.1, http/1.0; dot), RFC 9113 section 9.2,
// RFC 7858
//           section 3, RFC 5280 (self-signed).
// Threads   ServerTls is immutable. CertificateSlot: any thread.

#pragma once

#include <openssl/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/guarded.hpp"
#include "core/result.hpp"

namespace hairpin::net {

/// What is spoken behind the handshake. A client that offers other protocols by ALPN is refused;
/// one that offers none is not (RFC 7301 section 3.2).
enum class Application : std::uint8_t { Http, Dns };

/// What a certificate says of itself, and how it is recognized.
struct CertificateFacts {
    std::string fingerprint;  // SHA-256 of the certificate (DER) in lower-case hexadecimal.
    /// SHA-256 of its SubjectPublicKeyInfo in base64: what pins name (RFC 7858 section 4.2, RFC
    /// 7469 section 2.4, curl's --pinnedpubkey after "sha256//").
    std::string key_pin;
    std::vector<std::string> names;  // Host names as they stand there, and IP addresses as text.
    WallTime not_before{};
    WallTime not_after{};
};

/// A certificate with its key, ready to serve.
class ServerTls {
public:
    /// TLS 1.2 and 1.3, AEAD ciphers with forward secrecy, session tickets (good for two hours,
    /// sealed with keys that live as long as this object), no early data, no renegotiation, no
    /// compression.
    ///
    /// @param chain_pem  The certificate first, then its issuers.
    /// Errors: Invalid one of the texts is not PEM, or the key is not the certificate's.
    [[nodiscard]] static Result<std::shared_ptr<const ServerTls>> from_pem(
        std::string_view chain_pem, std::string_view key_pem);
    ~ServerTls() = default;
    ServerTls(const ServerTls&) = delete;
    ServerTls& operator=(const ServerTls&) = delete;

    /// For SSL_new(), which takes its own reference.
    [[nodiscard]] SSL_CTX* context(Application application = Application::Http) const noexcept {
        return application == Application::Http ? http_.get() : dns_.get();
    }
    [[nodiscard]] const CertificateFacts& facts() const noexcept { return facts_; }
    [[nodiscard]] const std::string& fingerprint() const noexcept { return facts_.fingerprint; }

private:
    struct FreeContext {
        void operator()(SSL_CTX* context) const noexcept;
    };
    using Context = std::unique_ptr<SSL_CTX, FreeContext>;
    [[nodiscard]] static Result<Context> make_context(Application application);
    ServerTls(Context http, Context dns, CertificateFacts facts) noexcept;

    Context http_;
    Context dns_;
    CertificateFacts facts_;
};

/// The certificate that listeners serve now.
class CertificateSlot {
public:
    explicit CertificateSlot(std::shared_ptr<const ServerTls> first);
    /// Connections accepted from now on get `next`.
    void replace(std::shared_ptr<const ServerTls> next);
    [[nodiscard]] std::shared_ptr<const ServerTls> current() const;
    /// Grows with each replace(): a loop asks for current() only when it has changed.
    [[nodiscard]] std::uint64_t generation() const noexcept {
        return generation_.load(std::memory_order_acquire);
    }

private:
    Guarded<std::shared_ptr<const ServerTls>> current_;
    std::atomic<std::uint64_t> generation_{1};
};

struct PemPair {
    std::string certificate;
    std::string key;
};

/// A self-signed P-256 certificate for `names` (DNS names and IP addresses), valid for 397 days
/// from a day ago: what a listener shows until it has a real one.
/// @param key_pem  Of the one before it, so that who pinned its key is not cut off; empty: a new
/// key. Errors: Invalid `names` is empty or holds something that is neither, or `key_pem` is no
/// key; Unavailable OpenSSL failed.
[[nodiscard]] Result<PemPair> make_self_signed(const std::vector<std::string>& names,
                                               std::string_view key_pem = {});

}  // namespace hairpin::net
