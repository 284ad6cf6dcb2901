// admin/front_nonces.hpp - the nonces of the ACME front: made without being kept, good once.
//
// A nonce is its time of issue and random octets under an HMAC whose key is this process's own, so
// that asking for nonces costs no memory. Only spent ones are remembered, until they would be too
// old anyway; when there are too many of those, the oldest are forgotten together with everything
// issued as early: such a nonce is refused then although it may be fresh, and never taken twice.
// After a restart every nonce is refused; RFC 8555 section 6.5 has clients try again with the one
// that comes with the refusal.
//
// Standards RFC 8555 section 6.5.
// Threads   Any.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/guarded.hpp"
#include "core/octets.hpp"

namespace hairpin::admin {

class FrontNonces {
public:
    struct Options {
        Milliseconds lifetime{3'600'000};
        std::size_t remembered = 64 * 1024;  // Spent ones; about 5 MiB.
    };
    FrontNonces() : FrontNonces(Options()) {}
    explicit FrontNonces(Options options);

    /// 43 characters of base64url.
    [[nodiscard]] std::string issue(MonotonicTime now) const;
    /// True once for each nonce issued by this within its lifetime.
    [[nodiscard]] bool spend(std::string_view nonce, MonotonicTime now);

private:
    static constexpr std::size_t kSeedOctets = 16;  // 8 of time, big-endian, and 8 random ones.
    static constexpr std::size_t kMacOctets = 16;
    using Seed = std::array<std::uint8_t, kSeedOctets>;  // Sorts by time.
    struct Spent {
        std::set<Seed> seeds;
        std::int64_t floor = 0;  // What was issued earlier, in milliseconds, is refused.
    };
    [[nodiscard]] Octets mac(const Seed& seed) const;

    const Options options_;
    const Octets key_;
    Guarded<Spent> spent_;
};

}  // namespace hairpin::admin
