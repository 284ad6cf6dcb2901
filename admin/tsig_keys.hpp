// admin/tsig_keys.hpp - TSIG keys: the one that every server's credential carries, and those that
// an operator makes or brings along.
//
// A server's key has a unique name, so that the old and the new key of a rotation can be told
// apart: "k<16 hex digits>.<public name>". Secrets are stored sealed, bound to their credential.
//
// Standards RFC 8945 section 6 (algorithms) and section 8 (secrets), RFC 2104 section 3, RFC 4635.
// Threads   Pure functions, but for the randomness.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/crypto.hpp"
#include "core/octets.hpp"
#include "zones/name.hpp"

namespace hairpin::admin {

struct TsigKey {
    zones::Name name;  // In lower case.
    std::string algorithm = "hmac-sha256";
    Octets secret;  // 32 octets.
};
[[nodiscard]] TsigKey make_tsig_key(const zones::Name& public_name);

/// What an operator's key may be made with.
struct TsigAlgorithmFacts {
    std::string_view name;      // "hmac-sha256"
    std::size_t digest_octets;  // RFC 8945 section 8: as long a secret is made.
    bool is_weak;               // SHA-1 and MD5: only where the key says so.
    /// RFC 2104 section 3: a secret shorter than the digest "would decrease the security strength";
    /// below half of it none is taken.
    [[nodiscard]] std::size_t least_secret_octets() const noexcept { return digest_octets / 2; }
};
/// In lower case, without a final dot; else nullopt.
[[nodiscard]] std::optional<TsigAlgorithmFacts> tsig_algorithm_facts(
    std::string_view name) noexcept;
/// "hmac-sha256, hmac-sha384, ..": for people.
[[nodiscard]] std::string tsig_algorithm_names();

/// The context under which the Sealer seals and opens the secret of the credential with this token.
[[nodiscard]] std::string tsig_seal_context(const Sha256& token_hash);

}  // namespace hairpin::admin
