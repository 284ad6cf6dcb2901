// hooks/signature.hpp - how a receiver knows that an event is ours: the Standard Webhooks scheme.
//
//   webhook-id         evt_17: the same each time that the event is sent
//   webhook-timestamp  seconds since 1970, of this attempt: an old one is a replay
//   webhook-signature  v1,<base64 of HMAC-SHA-256 over "id.timestamp.body">; two of them, separated
//                      by a blank, while an old secret still holds
//
// Standards Standard Webhooks 1.0.0; RFC 2104; RFC 4648 section 4.
// Threads   Pure functions.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/octets.hpp"

namespace hairpin::hooks {

/// The scheme takes 24 to 64.
inline constexpr std::size_t kSecretOctets = 32;

/// Random.
[[nodiscard]] Octets make_secret();
/// "whsec_" and base64: what its receiver is shown, once.
[[nodiscard]] std::string secret_text(OctetView secret);

/// The value of webhook-signature: one signature for each secret.
[[nodiscard]] std::string sign(const std::vector<Octets>& secrets, std::string_view id,
                               std::int64_t unix_seconds, std::string_view body);

}  // namespace hairpin::hooks
