// core/siphash.hpp - SipHash-2-4: a short keyed hash that a stranger cannot predict.
//
// What server cookies are made with (dnsd/cookies.hpp) and what spreads clients over a table
// without letting them choose their place in it (rate limits). It is no replacement for an
// HMAC: 64 bits are enough for a cookie that ends within the hour, and for nothing that lasts.
//
// Standards Aumasson, Bernstein: "SipHash: a fast short-input PRF" (2012); RFC 9018 section 4.4.
// Threads   Pure; no allocation.

#pragma once

#include <array>
#include <cstdint>

#include "core/octets.hpp"

namespace hairpin {

using SipKey = std::array<std::uint8_t, 16>;

/// The 64-bit output. Written as octets it is little-endian, as the paper's test vectors are.
[[nodiscard]] std::uint64_t siphash24(const SipKey& key, OctetView octets) noexcept;

}  // namespace hairpin
