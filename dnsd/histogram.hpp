// dnsd/histogram.hpp - how values spread, counted by powers of two.
//
// A bucket for each power of two costs one addition where the value is known, and reads as a
// Prometheus histogram. Which values are counted, and when, is said where they are counted.
//
// Threads   One writer; any number of readers (dnsd/counters.hpp).
// Cost      Two additions in memory; no allocation.

#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/counter.hpp"

namespace hairpin::dnsd {

/// Buckets for values up to 2^first, 2^(first+1), .., 2^last, and one for what is larger.
template <unsigned first, unsigned last>
class Histogram {
public:
    static constexpr std::size_t kBounds = last - first + 1;

    /// The largest value of a bucket. @param bucket  Less than kBounds.
    [[nodiscard]] static constexpr std::uint64_t bound(std::size_t bucket) noexcept {
        return std::uint64_t{1} << (first + bucket);
    }
    [[nodiscard]] static constexpr std::size_t bucket_of(std::uint64_t value) noexcept {
        if (value <= bound(0)) return 0;
        return std::min<std::size_t>(static_cast<unsigned>(std::bit_width(value - 1)) - first,
                                     kBounds);
    }
    /// @param times  So many values, all alike.
    void add(std::uint64_t value, std::uint64_t times = 1) noexcept {
        buckets_[bucket_of(value)].add(times);
        sum_.add(value * times);
    }
    void operator+=(const Histogram& other) noexcept {
        for (std::size_t each = 0; each < buckets_.size(); ++each)
            buckets_[each] += other.buckets_[each];
        sum_ += other.sum_;
    }
    /// Values in this bucket alone. @param bucket  Up to and with kBounds, which is the rest.
    [[nodiscard]] std::uint64_t in(std::size_t bucket) const noexcept {
        return buckets_[bucket].value();
    }
    [[nodiscard]] std::uint64_t sum() const noexcept { return sum_.value(); }

private:
    std::array<Counter, kBounds + 1> buckets_;
    Counter sum_;
};

/// Octets of a message: up to 64, 128, .., 65,536.
using SizeHistogram = Histogram<6, 16>;
/// Nanoseconds: up to 1.024 us, .., 1.07 s.
using LatencyHistogram = Histogram<10, 30>;

}  // namespace hairpin::dnsd
