// core/octets.hpp - octets and the texts that carry them: hex, base64, base64url.
//
// Standards RFC 4648: base64 (section 4), base64url (section 5, without padding, as ACME wants it).
// Threads   Pure functions.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hairpin {

using Octets = std::vector<std::uint8_t>;
using OctetView = std::span<const std::uint8_t>;

/// The octets of a text, without a copy. The text outlives the view.
[[nodiscard]] inline OctetView as_octets(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
/// Octets seen as text, without a copy. The octets outlive the view.
[[nodiscard]] inline std::string_view as_text(OctetView octets) noexcept {
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

/// Of ASCII, whatever the locale says.
[[nodiscard]] constexpr bool is_digit(char letter) noexcept {
    return letter >= '0' && letter <= '9';
}

[[nodiscard]] std::string to_hex(OctetView octets);
/// Even number of hexadecimal digits in either case, nothing else; else nullopt.
[[nodiscard]] std::optional<Octets> from_hex(std::string_view text);

/// RFC 4648 section 4, with padding.
[[nodiscard]] std::string to_base64(OctetView octets);
/// RFC 4648 section 4; strict: padding required, no white space, no stray bits.
[[nodiscard]] std::optional<Octets> from_base64(std::string_view text);

/// RFC 4648 section 5, without padding.
[[nodiscard]] std::string to_base64url(OctetView octets);
/// RFC 4648 section 5, without padding; strict.
[[nodiscard]] std::optional<Octets> from_base64url(std::string_view text);

}  // namespace hairpin
