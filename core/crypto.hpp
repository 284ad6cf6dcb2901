// core/crypto.hpp - the few cryptographic operations that everything above shares.
//
// Randomness, SHA-256, HMAC-SHA-256, comparison in constant time, and sealing under the master key.
// Built on OpenSSL's EVP interface; nothing here is our own cryptography. Keys for ACME live in
// acme/.
//
// Standards FIPS 180-4 (SHA-256), RFC 2104 (HMAC), NIST SP 800-38D (AES-256-GCM, 96-bit nonce).
// Threads   Pure functions; Sealer is immutable after create().

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/octets.hpp"
#include "core/result.hpp"

namespace hairpin {

using Sha256 = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha256 sha256(OctetView octets);
[[nodiscard]] Sha256 hmac_sha256(OctetView key, OctetView octets);

/// Whether both hold the same octets; time depends on the sizes only.
[[nodiscard]] bool equal_in_constant_time(OctetView a, OctetView b) noexcept;

/// Fills with the operating system's cryptographic randomness; ends the process if there is none.
void fill_random(std::span<std::uint8_t> octets);
[[nodiscard]] Octets random_octets(std::size_t size);
/// 128 random bits as 32 hexadecimal digits: for opaque identifiers.
[[nodiscard]] std::string random_id();
/// A version 4 UUID in lower case (RFC 9562 section 5.4).
[[nodiscard]] std::string random_uuid();

/// Seals secrets under the master key (DESIGN invariant 5): AES-256-GCM with a random nonce.
///
/// Format: 1 octet version (1), 12 octets nonce, ciphertext, 16 octets tag. `context` is bound in
/// as associated data ("acme-account:7"), so that a sealed value moved to another row does not
/// open.
class Sealer {
public:
    static constexpr std::size_t kKeyOctets = 32;

    /// Reads the key file: 64 hexadecimal digits and an optional newline.
    /// Errors: Io it cannot be read; Denied it is readable by group or others; Corrupt its content
    /// is not a key.
    [[nodiscard]] static Result<Sealer> from_file(const std::string& path);
    /// Makes a new key file with mode 0600. Errors: Conflict it exists; Io.
    [[nodiscard]] static Result<void> create_key_file(const std::string& path);
    [[nodiscard]] static Sealer from_key(const std::array<std::uint8_t, kKeyOctets>& key);

    [[nodiscard]] Octets seal(OctetView plain, std::string_view context) const;
    /// Errors: Corrupt the seal does not fit key, context or octets.
    [[nodiscard]] Result<Octets> open(OctetView sealed, std::string_view context) const;

private:
    Sealer() = default;
    std::array<std::uint8_t, kKeyOctets> key_{};
};

}  // namespace hairpin
