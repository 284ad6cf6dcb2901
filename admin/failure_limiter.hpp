// admin/failure_limiter.hpp - how often one source may fail to authenticate.
//
// A token bucket per source: an IPv4 address or an IPv6 /64. It counts failures only, so that a
// server with a valid token is never locked out by a neighbour behind the same NAT. Bounded: when
// the table is full, the source that has been quiet the longest is forgotten.
//
// Threads   Any.

#pragma once

#include <cstddef>
#include <optional>

#include "admin/token_buckets.hpp"
#include "core/clock.hpp"
#include "core/ip_address.hpp"

namespace hairpin::admin {

class FailureLimiter {
public:
    using Options = BucketOptions;
    explicit FailureLimiter(Options options) noexcept : buckets_(options) {}

    /// Counts a failure. Nullopt: within the bound; else how long the source should wait.
    [[nodiscard]] std::optional<Seconds> failed(const IpAddress& source, MonotonicTime now);
    [[nodiscard]] std::size_t sources() const { return buckets_.size(); }

private:
    struct AddressHash {
        [[nodiscard]] std::size_t operator()(const IpAddress& address) const noexcept;
    };
    TokenBuckets<IpAddress, AddressHash> buckets_;
};

}  // namespace hairpin::admin
