// acme/jose.hpp - signatures that others made: the keys of ACME clients, and whether one signed.
//
// The other half of jws.hpp, which signs for us. A PublicKey is made of what a stranger's JWK says
// and is only ever used to verify; it is taken where a CA would take it too (P-256, P-384, RSA of
// 2048 to 4096 bits). No JSON is read here: the members come as text.
//
// Standards RFC 7515 section 5.2, RFC 7517 section 4, RFC 7518 sections 3.3, 3.4, 6.2 and 6.3,
//           RFC 7638 (thumbprint); RFC 8555 section 6.2 (algorithms that a server may take).
// Threads   PublicKey is immutable.

#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/crypto.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"

namespace hairpin::acme {

/// RFC 8555 section 6.2: "an algorithm of the JWS that is not MAC-based", and never "none".
enum class SignatureAlgorithm : std::uint8_t { Es256, Es384, Rs256 };
/// "ES256", ..: case matters (RFC 7515 section 4.1.1).
[[nodiscard]] std::optional<SignatureAlgorithm> signature_algorithm(std::string_view name) noexcept;
[[nodiscard]] std::string_view to_string(SignatureAlgorithm algorithm) noexcept;

/// The members of a public JWK, as they stand there; empty where absent.
struct Jwk {
    std::string kty;  // "EC" or "RSA"
    std::string crv;  // "P-256" or "P-384"
    std::string x;    // base64url, like all that follow.
    std::string y;
    std::string n;
    std::string e;
};

class PublicKey {
public:
    /// Errors: Invalid  why a JWK is not a key that is taken: its kind, its curve, its size, or
    ///                  numbers that are none (RFC 7518 sections 6.2.1 and 6.3.1).
    [[nodiscard]] static Result<PublicKey> from_jwk(const Jwk& jwk);

    /// The JWK whose SHA-256 is the thumbprint: members sorted, no white space (RFC 7638
    /// section 3). from_jwk() of its members gives the key again.
    [[nodiscard]] const std::string& jwk() const noexcept { return jwk_; }
    /// base64url of the SHA-256 of jwk().
    [[nodiscard]] std::string thumbprint() const;
    /// SHA-256 of the SubjectPublicKeyInfo: what certificates and CSRs are compared by.
    [[nodiscard]] Sha256 spki_sha256() const;

    /// Whether `algorithm` is one for this key: ES256 with P-256, ES384 with P-384, RS256 with RSA.
    [[nodiscard]] bool fits(SignatureAlgorithm algorithm) const noexcept;
    /// Whether `signature` of `message` holds; false where the algorithm does not fit.
    [[nodiscard]] bool verify(SignatureAlgorithm algorithm, OctetView message,
                              OctetView signature) const;

private:
    PublicKey(std::shared_ptr<EVP_PKEY> key, std::string jwk, SignatureAlgorithm algorithm) noexcept
        : key_(std::move(key)), jwk_(std::move(jwk)), algorithm_(algorithm) {}

    std::shared_ptr<EVP_PKEY> key_;
    std::string jwk_;
    SignatureAlgorithm algorithm_;  // The one that fits.
};

}  // namespace hairpin::acme
