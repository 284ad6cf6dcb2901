// core/ip_address.hpp - IPv4 and IPv6 addresses, prefixes and endpoints as values.
//
// Text in and out, and nothing about what an address is good for: which addresses may stand in
// which name is zones/address_rules.
//
// Standards RFC 4291 section 2.2 (text in), RFC 5952 (text out). IPv4-mapped IPv6 addresses
//           (::ffff:a.b.c.d) are unmapped where a socket hands them to us, see `unmapped()`.
// Threads   Value types.

#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/octets.hpp"

namespace hairpin {

enum class AddressFamily : std::uint8_t { V4, V6 };

class IpAddress {
public:
    /// 0.0.0.0
    IpAddress() noexcept = default;
    [[nodiscard]] static IpAddress v4(const std::array<std::uint8_t, 4>& octets) noexcept;
    [[nodiscard]] static IpAddress v6(const std::array<std::uint8_t, 16>& octets) noexcept;
    /// 4 or 16 octets in network order; anything else is nullopt.
    [[nodiscard]] static std::optional<IpAddress> from_octets(OctetView octets) noexcept;
    /// Dotted quad without leading zeros, or RFC 4291 text without a zone index; else nullopt.
    [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);
    /// From an AF_INET or AF_INET6 address, unmapped; else nullopt.
    [[nodiscard]] static std::optional<IpAddress> from_sockaddr(const sockaddr* address) noexcept;

    [[nodiscard]] AddressFamily family() const noexcept { return family_; }
    [[nodiscard]] bool is_v4() const noexcept { return family_ == AddressFamily::V4; }
    /// 4 or 16 octets in network order.
    [[nodiscard]] OctetView octets() const noexcept { return {octets_.data(), is_v4() ? 4u : 16u}; }
    /// ::ffff:a.b.c.d as a.b.c.d, everything else as it is.
    [[nodiscard]] IpAddress unmapped() const noexcept;
    /// Dotted quad, or RFC 5952 text.
    [[nodiscard]] std::string text() const;

    friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

private:
    AddressFamily family_ = AddressFamily::V4;
    std::array<std::uint8_t, 16> octets_{};
};

/// An address prefix such as 192.168.0.0/16.
class Prefix {
public:
    /// "address/length", or an address alone (its full length). Host bits must be zero; else
    /// nullopt.
    [[nodiscard]] static std::optional<Prefix> parse(std::string_view text);
    [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
    /// Whether all that `other` contains is in this one.
    [[nodiscard]] bool covers(const Prefix& other) const noexcept {
        return other.length_ >= length_ && contains(other.address_);
    }
    [[nodiscard]] std::string text() const;
    friend bool operator==(const Prefix&, const Prefix&) = default;

private:
    IpAddress address_;
    unsigned length_ = 0;  // Bits.
};

/// An address and a port, as in a `listen` option.
struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;

    /// "192.0.2.1:53" or "[2001:db8::1]:53"; without a port where `default_port` is given. Else
    /// nullopt.
    [[nodiscard]] static std::optional<Endpoint> parse(
        std::string_view text, std::optional<std::uint16_t> default_port = {});
    [[nodiscard]] static std::optional<Endpoint> from_sockaddr(const sockaddr* address) noexcept;
    /// Fills `storage` and returns its used size, for bind() and connect().
    socklen_t to_sockaddr(sockaddr_storage& storage) const noexcept;
    [[nodiscard]] std::string text() const;
    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace hairpin
