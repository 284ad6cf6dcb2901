// observer/message_facts.hpp - what a DNS message says of itself, as far as it can be read.
//
// For who looks at any message, query or response, of any opcode, well-formed or not. What is not
// readable is absent; nothing is judged (that is dnsd/query.hpp's).
//
// Standards RFC 1035 section 4.1; RFC 6891 section 6.1.3 (extended RCODE, flags of the OPT).
// Threads   Pure; no allocation.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/octets.hpp"
#include "zones/name.hpp"
#include "zones/rtype.hpp"

namespace hairpin::observer {

struct Header {
    std::uint16_t id = 0;
    std::uint16_t flags = 0;
    [[nodiscard]] std::size_t opcode() const noexcept { return (flags >> 11) & 0x0fu; }
    [[nodiscard]] std::size_t rcode() const noexcept { return flags & 0x0fu; }
};
/// Nullopt: the message has less than the 12 octets of one.
[[nodiscard]] std::optional<Header> header_of(OctetView message) noexcept;

/// The first question; of an UPDATE its zone section (RFC 2136 section 2.3).
struct Question {
    zones::Name name;
    zones::RType type{};
    zones::RClass rclass{};
};
[[nodiscard]] std::optional<Question> question_of(OctetView message) noexcept;

/// The TTL field of the OPT record.
struct Opt {
    std::uint8_t upper_rcode = 0;  // Bits 11 to 4 of the RCODE.
    bool dnssec_ok = false;
};
/// Nullopt: there is none, or the way to it cannot be read.
[[nodiscard]] std::optional<Opt> opt_of(OctetView message) noexcept;

}  // namespace hairpin::observer
