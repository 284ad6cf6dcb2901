// zones/special_ranges.hpp - the IANA special-purpose address registries as a table.
//
// Every row is an address range that cannot be a customer's address on the internet; the reason
// says what it is and which RFC says so. Parsed by the compiler: a wrong prefix does not compile.
//
// Standards RFC 6890; the registries as of 2025, and what they leave out (multicast, RFC 4291's
//           unallocated space, site-local).
// Threads   A constant table.

#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/ip_address.hpp"

namespace hairpin::zones {

/// What a person who met the range can do about it.
enum class RangeKind : std::uint8_t {
    Private,   // RFC 1918, RFC 4193: belongs into the internal name.
    Carrier,   // Behind the provider's NAT.
    Own,       // The host's or the link's own: loopback, link-local.
    Embedded,  // Carries an IPv4 address.
    Reserved,  // Documentation, multicast, services, not allocated.
};

struct RangeRow {
    std::string_view prefix;
    std::string_view reason;
    RangeKind kind;
    AddressFamily family;
    std::array<std::uint8_t, 16> address;
    unsigned length;  // Bits.
};

/// All rows; ranges overlap, and the longest prefix says most.
[[nodiscard]] std::span<const RangeRow> special_ranges() noexcept;
/// The row of the longest prefix that holds the address; null for an ordinary global unicast
/// address.
[[nodiscard]] const RangeRow* special_row(const IpAddress& address) noexcept;

}  // namespace hairpin::zones
