// dnsd/counted_address.hpp - whom a limit per client counts.
//
// Threads   Pure.

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/ip_address.hpp"

namespace hairpin::dnsd {

/// One IPv6 client commands a whole /64.
[[nodiscard]] inline IpAddress counted_address(const IpAddress& address) noexcept {
    if (address.is_v4()) return address;
    std::array<std::uint8_t, 16> network{};
    std::copy_n(address.octets().begin(), 8, network.begin());
    return IpAddress::v6(network);
}

}  // namespace hairpin::dnsd
