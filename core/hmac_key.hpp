// core/hmac_key.hpp - a key of HMAC-SHA-256 that was made ready for many short messages.
//
// An HMAC hashes two blocks that hold nothing but the key, one in front of the message and one in
// front of the message's hash. A key that is used again and again hashes them once and keeps what
// SHA-256 has come to: a MAC of up to 55 octets then is two blocks instead of four, and no
// allocation. Who makes one MAC with a key takes hmac_sha256() (core/crypto.hpp).
//
// What is kept is as secret as the key.
//
// Standards RFC 2104 section 4 says this of implementations: "the intermediate results of the
//           compression function on the B-byte blocks (K XOR ipad) and (K XOR opad) can be
//           precomputed".
// Threads   Immutable.

#pragma once

#include <array>
#include <cstdint>

#include "core/crypto.hpp"
#include "core/octets.hpp"

namespace hairpin {

class HmacKey {
public:
    /// @param key  Of any size; one longer than a block (64 octets) is hashed first.
    explicit HmacKey(OctetView key) noexcept;

    /// The same as hmac_sha256(key, octets).
    [[nodiscard]] Sha256 mac(OctetView octets) const noexcept;

    friend bool operator==(const HmacKey&, const HmacKey&) = default;

private:
    using State = std::array<std::uint32_t, 8>;  // SHA-256 after one block.
    State inner_;
    State outer_;
};

}  // namespace hairpin
