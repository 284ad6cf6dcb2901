// acme/weak_key.hpp - public keys whose private half strangers know or can find.
//
// A key that is well formed (csr.hpp) may still be worthless: made by a generator that had no
// randomness, or by one whose primes can be found. CAs refuse such keys, at the end of an order and
// in words that help nobody; here they are refused when the server asks, with the reason.
//
//   small factor   the modulus is divisible by a small prime: not an RSA key at all
//   close primes   Fermat's method finds them in a few steps
//   ROCA           the modulus has the structure of Infineon's RSALib (CVE-2017-15361)
//   refused        it is in a list that the operator gave: of Debian's weak keys (CVE-2008-0166),
//   of
//                  keys that were published, of keys that were revoked as compromised
//
// Standards CA/Browser Forum Baseline Requirements section 6.1.1.3.
// Threads   Pure functions; RefusedKeys is immutable once read.

#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/crypto.hpp"
#include "core/result.hpp"

namespace hairpin::acme {

/// Steps of Fermat's method that are tried, as Let's Encrypt does: primes that differ in less than
/// their upper half are found in the first.
inline constexpr int kFermatSteps = 110;
/// The largest list of refused keys, in octets and in lines of a file.
inline constexpr std::size_t kMaxRefusedFile = 64 * 1024 * 1024;

/// What is wrong with a key by its numbers, for the sentence "its key ..": "is divisible by 3".
/// Empty: nothing that is known here. Only RSA keys have such faults.
[[nodiscard]] std::optional<std::string> weakness_of(const EVP_PKEY* key);

/// Keys that are refused whatever they look like.
class RefusedKeys {
public:
    RefusedKeys() = default;

    /// Reads a list: a line each, `#` begins a comment. A line of 64 hexadecimal digits is the
    /// SHA-256 of a SubjectPublicKeyInfo; one of 20 is what the lists of Debian's openssl-blacklist
    /// hold, the last 20 digits of the SHA-1 of "Modulus=<hexadecimal, upper case>\n".
    /// Errors: Io it cannot be read; Limit it is too large; Invalid a line is neither, by number.
    [[nodiscard]] static Result<RefusedKeys> read(const std::vector<std::string>& paths);

    [[nodiscard]] bool holds(const EVP_PKEY* key, const Sha256& key_sha256) const;
    [[nodiscard]] std::size_t size() const noexcept { return by_key_.size() + by_modulus_.size(); }

private:
    using ModulusTail = std::array<std::uint8_t, 10>;

    Result<void> read_line(std::string_view line);

    std::vector<Sha256> by_key_;  // Both sorted.
    std::vector<ModulusTail> by_modulus_;
};

}  // namespace hairpin::acme
