#include "checkin/network_limiter.hpp"

#include <algorithm>
#include <chrono>

#include "core/octets.hpp"

namespace hairpin::checkin {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::size_t kIpv4Octets = 3;
constexpr std::size_t kIpv6Octets = 7;

/// Whether the account had room for one more: it may be a second ahead.
bool charge(std::uint64_t& due, std::uint64_t cost, std::uint64_t now) noexcept {
    due = std::max(due, now);
    if (due - now >= kSecond) return false;
    due += cost;
    return true;
}

}  // namespace

NetworkLimiter::NetworkLimiter(std::uint32_t per_second, const SipKey& key)
    : cost_(per_second == 0 ? 0 : kSecond / per_second),
      key_(key),
      places_(per_second == 0 ? 0 : kPlaces) {}

Admission NetworkLimiter::admit(const IpAddress& source, MonotonicTime now) noexcept {
    if (cost_ == 0) return Admission::Full;
    // Of different lengths, so the two families do not meet.
    const OctetView network = source.octets().first(source.is_v4() ? kIpv4Octets : kIpv6Octets);
    const std::uint64_t tag = siphash24(key_, network);
    Place& place = places_[tag & (kPlaces - 1)];
    const auto since = std::chrono::nanoseconds(now.time_since_epoch()).count();
    const auto moment = static_cast<std::uint64_t>(since);
    if (place.tag != tag) {
        if (place.due > moment) return Admission::Full;
        place = {0, tag};
    }
    if (charge(place.due, cost_, moment)) return Admission::Full;
    return charge(spare_due_, kSecond / kSpare, moment) ? Admission::Spare : Admission::None;
}

}  // namespace hairpin::checkin
