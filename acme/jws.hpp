// acme/jws.hpp - the one kind of signature that ACME needs from us: ES256 over flattened JSON.
//
// A P-256 key as a value, its JWK and thumbprint, and a signed ACME request body. It knows nothing
// of nonces or URLs (client.hpp) and reads no JSON.
//
// Standards RFC 7515 (JWS) sections 5.1 and 7.2.2, RFC 7517 (JWK), RFC 7518 section 3.4 (ES256),
//           RFC 7638 (thumbprint), RFC 8555 sections 6.2, 8.1 and 8.4.
// Threads   SigningKey is immutable.

#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/crypto.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"

namespace hairpin::acme {

/// A P-256 private key: of an account, or a managed one.
class SigningKey {
public:
    [[nodiscard]] static Result<SigningKey> generate();
    /// Errors: Corrupt it is not the PKCS#8 DER of a P-256 key.
    [[nodiscard]] static Result<SigningKey> from_pkcs8(OctetView der);

    [[nodiscard]] Octets pkcs8() const;
    /// "-----BEGIN PRIVATE KEY-----", unencrypted: a secret.
    [[nodiscard]] std::string pem() const;
    /// The public key in the form whose SHA-256 is the thumbprint: members sorted, no white space
    /// (RFC 7638 section 3).
    [[nodiscard]] std::string jwk() const;
    /// base64url of the SHA-256 of jwk().
    [[nodiscard]] std::string thumbprint() const;
    /// R and S, 32 octets each (RFC 7518 section 3.4).
    [[nodiscard]] Octets sign(OctetView message) const;
    [[nodiscard]] EVP_PKEY* handle() const noexcept { return key_.get(); }

private:
    explicit SigningKey(std::shared_ptr<EVP_PKEY> key) noexcept : key_(std::move(key)) {}
    std::shared_ptr<EVP_PKEY> key_;  // OpenSSL's own count would do; this one copies by itself.
};

/// Flattened JWS JSON serialization.
/// @param protected_header  JSON text. @param payload  JSON text; empty for POST-as-GET.
[[nodiscard]] std::string sign_jws(const SigningKey& key, std::string_view protected_header,
                                   std::string_view payload);

/// Whether `signature` (R and S) of ES256 holds: for tests, and to verify what we signed.
[[nodiscard]] bool verify_es256(EVP_PKEY* key, OctetView message, OctetView signature);

/// The public key of a JWK's coordinates, base64url as they stand there.
/// Errors: Invalid they are not a point of P-256.
[[nodiscard]] Result<std::shared_ptr<EVP_PKEY>> public_key(std::string_view x, std::string_view y);

/// What stands in the TXT record: base64url(SHA-256(token "." thumbprint)) (RFC 8555 section 8.4).
[[nodiscard]] std::string dns01_value(std::string_view token, std::string_view thumbprint);

}  // namespace hairpin::acme
