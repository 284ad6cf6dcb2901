#include "admin/failure_limiter.hpp"

#include <algorithm>
#include <array>
#include <cmath>
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
    const IpAddress source = source_of(peer);
    const double refill = static_cast<double>(options_.refill.count());
    return table_.with([&](Table& table) -> std::optional<Seconds> {
        auto found = table.index.find(source);
        if (found == table.index.end()) {
            if (table.index.size() >= options_.capacity) {
                table.index.erase(table.by_use.back().source);
                table.by_use.pop_back();
            }
            table.by_use.push_front({source, options_.burst, now});
            found = table.index.emplace(source, table.by_use.begin()).first;
        } else {
            table.by_use.splice(table.by_use.begin(), table.by_use, found->second);
        }
        Bucket& bucket = *found->second;
        const double passed = static_cast<double>((now - bucket.at).count());
        bucket.left = std::min(options_.burst, bucket.left + passed / refill);
        bucket.at = now;
        if (bucket.left >= 1) {
            bucket.left -= 1;
            return std::nullopt;
        }
        const double wait = std::ceil((1 - bucket.left) * refill / 1000);
        return Seconds(std::max<std::int64_t>(1, static_cast<std::int64_t>(wait)));
    });
}

std::size_t FailureLimiter::sources() const {
    return table_.with([](const Table& table) { return table.index.size(); });
}

}  // namespace hairpin::admin
