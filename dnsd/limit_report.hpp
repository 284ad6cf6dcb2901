// dnsd/limit_report.hpp - says that answers are being held back, at most once a minute.
//
// The limiter only remembers that it began; this looks from time to time, away from the answer
// path.
//
// Threads   The worker's.

#pragma once

#include <cstdint>

#include "core/clock.hpp"
#include "dnsd/rate_limit.hpp"
#include "net/loop.hpp"

namespace hairpin::dnsd {

class LimitReport {
public:
    /// Both outlive this.
    LimitReport(net::Loop& loop, RateLimiter& limiter);
    LimitReport(const LimitReport&) = delete;
    LimitReport& operator=(const LimitReport&) = delete;

private:
    void look();

    net::Loop& loop_;
    RateLimiter& limiter_;
    std::uint64_t told_ = 0;  // Of RateLimiter::begun().
    MonotonicTime last_{};    // Of the lines; none yet at its epoch.
    net::Timer timer_;
};

}  // namespace hairpin::dnsd
