// admin/tsig_keys.hpp - the TSIG key that every server's credential carries.
//
// Its name is unique, so that the old and the new key of a rotation can be told apart:
// "k<16 hex digits>.<public name>". The secret is stored sealed, bound to its credential.
//
// Standards RFC 8945 section 6 (HMAC-SHA-256), RFC 4635.
// Threads   Pure functions, but for the randomness.

#pragma once

#include <string>

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

/// The context under which the Sealer seals and opens the secret of the credential with this token.
[[nodiscard]] std::string tsig_seal_context(const Sha256& token_hash);

}  // namespace hairpin::admin
