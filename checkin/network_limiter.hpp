// checkin/network_limiter.hpp - how many datagrams a second one network is worth.
//
// Asked before a datagram is looked at, so that a flood costs a hash and no HMAC, and so that
// whoever copies a check-in and forges its source makes us send a network at most this many
// challenges. A network is an IPv4 /24 or an IPv6 /56, as for DNS answers (docs/adr/0007). One
// account is a point in time that each datagram moves on; a second's worth may come at once. Two
// networks that meet in one place of the table: the one that came first is counted, the other is
// let through, so that nobody is held back for what others did.
//
// Sources can be forged: whoever sends in the name of a network could keep its servers from being
// heard. So what is over a network's account is looked at all the same, as long as the spare
// account, which all of them share, is not used up: it is heard, but not challenged.
//
// Threads   One. Allocates once: 16 octets a place.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "core/siphash.hpp"

namespace hairpin::checkin {

enum class Admission : std::uint8_t {
    Full,   // It is judged and may be challenged.
    Spare,  // It is judged.
    None,   // It is not looked at.
};

class NetworkLimiter {
public:
    static constexpr std::size_t kPlaces = 1 << 16;
    /// A second, of all networks over their limit together.
    static constexpr std::uint32_t kSpare = 2'000;

    /// The key is secret and random outside of tests. 0: no limit.
    NetworkLimiter(std::uint32_t per_second, const SipKey& key);

    /// What a datagram from there is worth now.
    [[nodiscard]] Admission admit(const IpAddress& source, MonotonicTime now) noexcept;

private:
    struct Place {
        std::uint64_t due = 0;  // In nanoseconds.
        std::uint64_t tag = 0;  // Which network.
    };
    const std::uint64_t cost_;  // Of one datagram in nanoseconds; 0: no limit.
    const SipKey key_;
    std::vector<Place> places_;
    std::uint64_t spare_due_ = 0;
};

}  // namespace hairpin::checkin
