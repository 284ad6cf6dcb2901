// acme/account_messages.hpp - what is said about accounts: to bind one, to find one, to change its
// key.
//
// Texts only; client.hpp sends them.
//
// Standards RFC 8555 sections 7.3.1 (finding an account), 7.3.4 (external account binding), 7.3.5
//           (key rollover); RFC 7515 (JWS), RFC 7518 section 3.2 (HS256).
// Threads   Pure functions.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acme/jws.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"

namespace hairpin::acme {

/// An account at the CA's web site that ours is bound to. The key is a secret.
struct AccountBinding {
    std::string kid;  // As the CA gave it; empty: none.
    Octets key;       // Of the MAC: decoded.
};

/// The CA gives MAC keys as base64url text; blanks around it are passed over. 16..512 octets.
/// Errors: Invalid it is not that. The error never holds the text.
[[nodiscard]] Result<Octets> read_mac_key(std::string_view text);

/// The payload of newAccount. Agrees to the terms of service.
/// @param url  Of newAccount: it is signed together with the account's key (section 7.3.4).
[[nodiscard]] std::string new_account_payload(const std::vector<std::string>& contacts,
                                              const AccountBinding& binding,
                                              const SigningKey& account_key, std::string_view url);
/// Asks for the account of the key that signs, and makes none (section 7.3.1).
[[nodiscard]] std::string find_account_payload();
/// The payload of keyChange: a JWS by the new key over account and old key (section 7.3.5).
/// @param url  Of keyChange.
[[nodiscard]] std::string key_change_payload(const SigningKey& new_key, const SigningKey& old_key,
                                             std::string_view account_url, std::string_view url);

}  // namespace hairpin::acme
