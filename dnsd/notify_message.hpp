// dnsd/notify_message.hpp - the octets of a NOTIFY of ours, and what an answer to one says.
//
// Standards RFC 1996 sections 3.6 to 3.12 and 4.7: the question is the zone's SOA, the new SOA goes
// along
//           in the answer section as a hint.
// Threads   Pure; no allocation to read.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/octets.hpp"
#include "dnsd/codes.hpp"
#include "zones/name.hpp"
#include "zones/zone.hpp"

namespace hairpin::dnsd {

/// Room that every NOTIFY fits into: header, question, and a SOA with two names at their longest.
inline constexpr std::size_t kMaxNotifyOctets = 12 + 259 + 12 + 530;

/// Writes a NOTIFY for `zone` with its SOA.
/// @param out  At least kMaxNotifyOctets.
/// @return The size of the message in octets.
[[nodiscard]] std::size_t write_notify(const zones::Zone& zone, std::uint16_t id,
                                       std::span<std::uint8_t> out) noexcept;

struct NotifyAnswer {
    std::uint16_t id = 0;
    Rcode rcode = Rcode::NoError;
};
/// What a message says if it is an answer to a NOTIFY; else nullopt. A server that cannot read the
/// message need not repeat the question: then it is whatever the ID says (RFC 1996 section 4.7).
[[nodiscard]] std::optional<NotifyAnswer> read_notify_answer(OctetView message,
                                                             const zones::Name& apex) noexcept;
/// The ID alone, for finding out what it answers; nullopt: too short.
[[nodiscard]] std::optional<std::uint16_t> message_id(OctetView message) noexcept;

}  // namespace hairpin::dnsd
