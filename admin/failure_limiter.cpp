#include "admin/failure_limiter.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

#include "core/octets.hpp"

namespace hairpin::admin {
namespace {

/// The whole IPv4 address; of an IPv6 address its /64, which one customer holds.
IpAddress source_of(const IpAddress& peer) {
    const IpAddress address = peer.unmapped();
    if (address.is_v4()) return address;
    std::array<std::uint8_t, 16> octets{};
    std::copy_n(address.octets().begin(), 8, octets.begin());
    return IpAddress::v6(octets);
}

}  // namespace

std::size_t FailureLimiter::AddressHash::operator()(const IpAddress& address) const noexcept {
    return std::hash<std::string_view>()(as_text(address.octets()));
}

std::optional<Seconds> FailureLimiter::failed(const IpAddress& peer, MonotonicTime now) {
    return buckets_.take(source_of(peer), now);
}

}  // namespace hairpin::admin
