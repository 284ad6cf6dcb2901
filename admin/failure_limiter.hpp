// admin/failure_limiter.hpp - how often one source may fail to authenticate.
//
// A token bucket per source: an IPv4 address or an IPv6 /64. It counts failures only, so that a
// server with a valid token is never locked out by a neighbour behind the same NAT. Bounded: when
// the table is full, the source that has been quiet the longest is forgotten.
//
// Threads   Any.

#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <unordered_map>

#include "core/clock.hpp"
#include "core/guarded.hpp"
#include "core/ip_address.hpp"

namespace hairpin::admin {

class FailureLimiter {
public:
    struct Options {
        double burst = 60;                // Failures at once.
        Milliseconds refill{1'000};       // For each further one.
        std::size_t capacity = 8 * 1024;  // Sources remembered.
    };
    explicit FailureLimiter(Options options) noexcept : options_(options) {}

    /// Counts a failure. Nullopt: within the bound; else how long the source should wait.
    [[nodiscard]] std::optional<Seconds> failed(const IpAddress& source, MonotonicTime now);
    [[nodiscard]] std::size_t sources() const;

private:
    struct Bucket {
        IpAddress source;
        double left;
        MonotonicTime at;
    };
    struct AddressHash {
        [[nodiscard]] std::size_t operator()(const IpAddress& address) const noexcept;
    };
    struct Table {
        std::list<Bucket> by_use;  // The most recent first.
        std::unordered_map<IpAddress, std::list<Bucket>::iterator, AddressHash> index;
    };
    Options options_;
    Guarded<Table> table_;
};

}  // namespace hairpin::admin
