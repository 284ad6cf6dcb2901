// checkin/datagram.hpp - the 32 octets of a check-in and of the challenge that may follow it.
//
//   0      version 1 in the upper four bits, kind in the lower: 1 check-in, 2 challenge
//   1..6   the server's number                             all numbers big-endian
//   7..12  milliseconds since the Unix epoch, by our clock as the server has it
//   13..15 machine tag; 0 in a challenge
//   16..31 the first half of HMAC-SHA-256(key, octets 0..15)
//
// A challenge repeats number and time of the check-in that it answers, so it is as long as that and
// says nothing about another. Form and MAC only: what a check-in is worth is checkin/judge.hpp's.
//
// Standards docs/protocols/check-in.md; RFC 2104 (HMAC); RFC 5869's idea of labelled keys, without
//           its two steps: what the key is made of is uniform already.
// Threads   Pure.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/crypto.hpp"
#include "core/hmac_key.hpp"
#include "core/octets.hpp"

namespace hairpin::checkin {

inline constexpr std::size_t kDatagramOctets = 32;
inline constexpr std::size_t kMacOctets = 16;
/// Numbers and times have 48 bits: the year 10889.
inline constexpr std::uint64_t kMax48 = (std::uint64_t{1} << 48) - 1;

enum class Kind : std::uint8_t { CheckIn = 1, Challenge = 2 };

/// Tells machines that share a credential apart, not who is who: 24 bits.
using MachineTag = std::array<std::uint8_t, 3>;
/// The first octets of SHA-256 of what a report calls `machine`; of nothing: 0.
[[nodiscard]] MachineTag machine_tag(std::string_view machine);

/// From the secret of a credential's TSIG key: HMAC-SHA-256(secret, "hairpin check-in 1").
[[nodiscard]] Sha256 check_in_key_octets(OctetView tsig_secret);
/// The same, ready to be used.
using Key = HmacKey;
[[nodiscard]] Key check_in_key(OctetView tsig_secret);

struct Datagram {
    Kind kind = Kind::CheckIn;
    std::uint64_t server = 0;        // 48 bits.
    std::uint64_t milliseconds = 0;  // 48 bits.
    MachineTag machine{};
    friend bool operator==(const Datagram&, const Datagram&) = default;
};

/// The fields; nullopt when it has another length, version or kind. Nothing is authentic yet.
[[nodiscard]] std::optional<Datagram> read_datagram(OctetView octets) noexcept;
/// Whether a datagram of the right length was made with this key. In constant time.
[[nodiscard]] bool is_authentic(OctetView octets, const Key& key) noexcept;

using DatagramOctets = std::array<std::uint8_t, kDatagramOctets>;
/// Numbers over 48 bits lose their upper ones.
[[nodiscard]] DatagramOctets write_datagram(const Datagram& datagram, const Key& key) noexcept;

}  // namespace hairpin::checkin
