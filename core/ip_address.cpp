#include "core/ip_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace hairpin {
namespace {

// Digits only, in full: from_chars alone would take "+5" apart at the sign and "5x" at the letter.
std::optional<unsigned> parse_number(std::string_view text, unsigned maximum) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value > maximum)
        return std::nullopt;
    return value;
}

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

IpAddress IpAddress::v4(const std::array<std::uint8_t, 4>& octets) noexcept {
    IpAddress address;
    std::copy(octets.begin(), octets.end(), address.octets_.begin());
    return address;
}

IpAddress IpAddress::v6(const std::array<std::uint8_t, 16>& octets) noexcept {
    IpAddress address;
    address.family_ = AddressFamily::V6;
    address.octets_ = octets;
    return address;
}

std::optional<IpAddress> IpAddress::from_octets(OctetView octets) noexcept {
    if (octets.size() != 4 && octets.size() != 16) return std::nullopt;
    IpAddress address;
    address.family_ = octets.size() == 4 ? AddressFamily::V4 : AddressFamily::V6;
    std::copy(octets.begin(), octets.end(), address.octets_.begin());
    return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    // inet_pton wants a terminated string; 45 characters is the longest valid text.
    std::array<char, 46> terminated{};
    if (text.empty() || text.size() >= terminated.size()) return std::nullopt;
    if (text.find('\0') != std::string_view::npos) return std::nullopt;
    std::copy(text.begin(), text.end(), terminated.begin());
    std::array<std::uint8_t, 16> octets{};
    if (text.find(':') != std::string_view::npos) {
        if (inet_pton(AF_INET6, terminated.data(), octets.data()) != 1) return std::nullopt;
        return v6(octets);
    }
    if (inet_pton(AF_INET, terminated.data(), octets.data()) != 1) return std::nullopt;
    return from_octets(OctetView(octets).first(4));
}

std::optional<IpAddress> IpAddress::from_sockaddr(const sockaddr* address) noexcept {
    const auto endpoint = Endpoint::from_sockaddr(address);
    if (!endpoint) return std::nullopt;
    return endpoint->address;
}

IpAddress IpAddress::unmapped() const noexcept {
    if (is_v4() || !std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), octets_.begin()))
        return *this;
    return v4({octets_[12], octets_[13], octets_[14], octets_[15]});
}

std::string IpAddress::text() const {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    inet_ntop(is_v4() ? AF_INET : AF_INET6, octets_.data(), buffer.data(), buffer.size());
    return buffer.data();
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) return std::nullopt;
    const auto bits = static_cast<unsigned>(address->octets().size() * 8);
    Prefix prefix;
    prefix.address_ = *address;
    prefix.length_ = bits;
    if (slash != std::string_view::npos) {
        const auto length = parse_number(text.substr(slash + 1), bits);
        if (!length) return std::nullopt;
        prefix.length_ = *length;
    }
    const OctetView octets = prefix.address_.octets();
    for (unsigned bit = prefix.length_; bit < bits; ++bit)
        if ((octets[bit / 8] >> (7 - bit % 8) & 1) != 0) return std::nullopt;
    return prefix;
}

bool Prefix::contains(const IpAddress& address) const noexcept {
    if (address.family() != address_.family()) return false;
    const OctetView ours = address_.octets();
    const OctetView theirs = address.octets();
    const unsigned whole = length_ / 8;
    if (!std::equal(ours.begin(), ours.begin() + whole, theirs.begin())) return false;
    const unsigned rest = length_ % 8;
    return rest == 0 || (ours[whole] ^ theirs[whole]) >> (8 - rest) == 0;
}

std::string Prefix::text() const {
    return address_.text() + "/" + std::to_string(length_);
}

std::optional<Endpoint> Endpoint::parse(std::string_view text,
                                        std::optional<std::uint16_t> default_port) {
    std::string_view host = text;
    std::optional<std::string_view> port;
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        host = text.substr(1, close - 1);
        const std::string_view rest = text.substr(close + 1);
        if (host.find(':') == std::string_view::npos) return std::nullopt;
        if (!rest.empty()) {
            if (!rest.starts_with(':')) return std::nullopt;
            port = rest.substr(1);
        }
    } else if (std::count(text.begin(), text.end(), ':') == 1) {
        const std::size_t colon = text.find(':');
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    const auto address = IpAddress::parse(host);
    if (!address) return std::nullopt;
    if (!port) {
        if (!default_port) return std::nullopt;
        return Endpoint{*address, *default_port};
    }
    const auto number = parse_number(*port, 65535);
    if (!number) return std::nullopt;
    return Endpoint{*address, static_cast<std::uint16_t>(*number)};
}

std::optional<Endpoint> Endpoint::from_sockaddr(const sockaddr* address) noexcept {
    if (address->sa_family == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, address, sizeof in);
        std::array<std::uint8_t, 4> octets{};
        std::memcpy(octets.data(), &in.sin_addr, octets.size());
        return Endpoint{IpAddress::v4(octets), ntohs(in.sin_port)};
    }
    if (address->sa_family == AF_INET6) {
        sockaddr_in6 in{};
        std::memcpy(&in, address, sizeof in);
        std::array<std::uint8_t, 16> octets{};
        std::memcpy(octets.data(), &in.sin6_addr, octets.size());
        return Endpoint{IpAddress::v6(octets).unmapped(), ntohs(in.sin6_port)};
    }
    return std::nullopt;
}

socklen_t Endpoint::to_sockaddr(sockaddr_storage& storage) const noexcept {
    storage = {};
    if (address.is_v4()) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = htons(port);
        std::memcpy(&in.sin_addr, address.octets().data(), 4);
        std::memcpy(&storage, &in, sizeof in);
        return sizeof in;
    }
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::memcpy(&in.sin6_addr, address.octets().data(), 16);
    std::memcpy(&storage, &in, sizeof in);
    return sizeof in;
}

std::string Endpoint::text() const {
    const std::string host = address.is_v4() ? address.text() : "[" + address.text() + "]";
    return host + ":" + std::to_string(port);
}

}  // namespace hairpin
