// tests/support/axfr.hpp - the messages of transfers, composed for a reader of them.
#pragma once

#include <string_view>

#include "tests/support/dns_message.hpp"
#include "tests/support/zones.hpp"

namespace hairpin::tests {

inline constexpr std::string_view kAxfrApex = "example.net.";
inline constexpr std::uint16_t kAxfrId = 0x1234;
inline constexpr std::string_view kAxfrSoa =
    "ns1.example.net. hostmaster.example.net. 7 3600 600 604800 60";

/// The first message: header and question of an answer to AXFR.
inline MessageBuilder axfr_message(std::uint16_t flags = 0x8400, std::uint16_t id = kAxfrId) {
    MessageBuilder message(id, flags);
    message.question(kAxfrApex, zones::RType::AXFR);
    return message;
}

/// One record of the answer section, uncompressed.
inline MessageBuilder& add(MessageBuilder& message, std::string_view owner, zones::RType type,
                           std::string_view text, std::uint32_t ttl = 60,
                           std::uint16_t rclass = 1) {
    const zones::Name at = name(owner);
    const OctetView wire = at.wire();
    return message.record(1, Octets(wire.begin(), wire.end()), to_number(type), rclass, ttl,
                          rdata(type, text));
}
inline MessageBuilder& add_soa(MessageBuilder& message, std::string_view text = kAxfrSoa) {
    return add(message, kAxfrApex, zones::RType::SOA, text);
}

}  // namespace hairpin::tests
