// admin/tokens.hpp - the secrets of credentials: random bits, mostly behind a prefix that says what
// they are.
//
//   hp_op_<43 characters of base64url>     an operator's token
//   hp_srv_<43 characters of base64url>    a server's token
//   hp_tok_<43 characters of base64url>    a token with grants
//   hp_pdns_<43 characters of base64url>   an X-API-Key of the PowerDNS door
//   26 letters and digits                  a password of dyndns2: boxes put it into URLs as it is
//   40 characters of base64url             a key of acme-dns
//
// The prefix lets secret scanners and people recognise a leaked one. Only SHA-256(token) is stored:
// of 130 random bits and more that is enough, and a look-up by hash takes the same time for every
// wrong token.
//
// Standards RFC 6750 (Bearer), RFC 4648 section 5.
// Threads   Pure functions, but for the randomness.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "store/records.hpp"

namespace hairpin::admin {

[[nodiscard]] std::string make_token(store::CredentialKind kind);
/// Whether `text` has the form of one with a prefix.
[[nodiscard]] bool is_token(std::string_view text) noexcept;
/// The kind that a token's prefix says; nullopt where `text` has not the form of one.
[[nodiscard]] std::optional<store::CredentialKind> token_kind(std::string_view text) noexcept;
/// Whether a token, whole or cut off, stands anywhere in `text`: such text is not logged.
[[nodiscard]] bool holds_token(std::string_view text) noexcept;
[[nodiscard]] Sha256 token_hash(std::string_view token);

/// A new row for an operator's token, to be inserted by the caller (`hairpind init`).
[[nodiscard]] store::CredentialRow operator_credential(std::string_view token, std::string label,
                                                       WallTime now);

}  // namespace hairpin::admin
