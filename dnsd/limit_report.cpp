#include "dnsd/limit_report.hpp"

#include "core/log.hpp"

namespace hairpin::dnsd {
namespace {

constexpr Milliseconds kLook{5'000};
constexpr Milliseconds kLineInterval{60'000};

}  // namespace

LimitReport::LimitReport(net::Loop& loop, RateLimiter& limiter)
    : loop_(loop), limiter_(limiter), timer_(loop.add_timer(kLook, kLook, [this] { look(); })) {}

void LimitReport::look() {
    const MonotonicTime now = loop_.now();
    if (limiter_.begun() == told_) return;
    if (last_ != MonotonicTime{} && now - last_ < kLineInterval) return;
    const auto first = limiter_.take_first();
    if (!first) return;
    const bool only_logs = limiter_.mode() == RateLimiting::LogOnly;
    log::logger("dnsd").warn(
        "rate limiting {} {} times since the last such line, first for the network of {} ({})",
        only_logs ? "would have begun" : "began", limiter_.begun() - told_, first->network.text(),
        to_string(first->kind));
    told_ = limiter_.begun();
    last_ = now;
}

}  // namespace hairpin::dnsd
