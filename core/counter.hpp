// core/counter.hpp - a number that one thread counts up and anybody may read.
//
// A relaxed atomic with a single writer, so that counting is a plain load and store.
//
// Threads   One writer; any number of readers.

#pragma once

#include <atomic>
#include <cstdint>

namespace hairpin {

class Counter {
public:
    Counter() noexcept = default;
    /// The value at this moment.
    Counter(const Counter& other) noexcept : value_(other.value()) {}
    Counter& operator=(const Counter&) = delete;
    void add(std::uint64_t amount = 1) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
    void subtract(std::uint64_t amount) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) - amount, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t value() const noexcept {
        return value_.load(std::memory_order_relaxed);
    }
    /// For adding up sets that nobody writes any more or that are being read.
    void operator+=(const Counter& other) noexcept { add(other.value()); }

private:
    std::atomic<std::uint64_t> value_{0};
};

}  // namespace hairpin
