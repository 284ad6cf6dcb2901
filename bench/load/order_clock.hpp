// bench/load/order_clock.hpp - how long each of many orders took, and whether there is room for the
// next.
//
// Threads   Any.

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace hairpin::bench {

class OrderClock {
public:
    /// @param at_once  So many orders are under way at the same time.
    explicit OrderClock(std::size_t at_once) : at_once_(at_once) {}

    /// Waits for room, then notes that an order begins now. False: there was none for a minute.
    [[nodiscard]] bool begin(std::int64_t id);
    /// One that an earlier run began: it takes room, and has no time.
    void adopt(std::int64_t id);
    /// One that is not under way is passed over.
    void end(std::int64_t id);
    /// Until all have ended. False: none ended for a minute.
    [[nodiscard]] bool await_all();

    [[nodiscard]] std::size_t ended() const;
    /// Of those that began here, in milliseconds, ascending.
    [[nodiscard]] std::vector<double> milliseconds() const;

private:
    using Moment = std::chrono::steady_clock::time_point;

    const std::size_t at_once_;
    mutable std::mutex mutex_;
    std::condition_variable ended_changed_;
    std::unordered_map<std::int64_t, Moment> under_way_;  // Adopted: the epoch.
    std::vector<double> milliseconds_;
    std::size_t ended_ = 0;
};

/// "{"orders": .., "seconds": .., "per_second": .., "p50_ms": .., "p95_ms": .., ..}", with the CPU
/// seconds of each thread of this process by its name.
void print_figures(const OrderClock& clock, double seconds, std::uint64_t requests,
                   std::uint64_t failed);

}  // namespace hairpin::bench
