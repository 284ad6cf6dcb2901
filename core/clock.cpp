#include "core/clock.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace hairpin {
namespace {

// Of the years 0000 and 9999, as Unix seconds.
constexpr std::int64_t kFirstSecond = -62'167'219'200;
constexpr std::int64_t kLastSecond = 253'402'300'799;

}  // namespace

WallTime SystemClock::now() const noexcept {
    return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

MonotonicTime SystemClock::monotonic() const noexcept {
    return std::chrono::time_point_cast<Milliseconds>(std::chrono::steady_clock::now());
}

WallTime ManualClock::now() const noexcept {
    return from_unix_milliseconds(milliseconds_);
}

MonotonicTime ManualClock::monotonic() const noexcept {
    return MonotonicTime(Milliseconds(milliseconds_.load()));
}

std::int64_t to_unix_milliseconds(WallTime time) noexcept {
    return time.time_since_epoch().count();
}

WallTime from_unix_milliseconds(std::int64_t milliseconds) noexcept {
    return WallTime(Milliseconds(milliseconds));
}

std::int64_t to_unix_seconds(WallTime time) noexcept {
    return std::chrono::floor<Seconds>(time.time_since_epoch()).count();
}

bool is_rfc3339_time(WallTime time) noexcept {
    const std::int64_t seconds = to_unix_seconds(time);
    return seconds >= kFirstSecond && seconds <= kLastSecond;
}

std::string to_rfc3339(WallTime time) {
    const auto seconds = static_cast<std::time_t>(
        std::clamp<std::int64_t>(to_unix_seconds(time), kFirstSecond, kLastSecond));
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    // Not strftime: its %Y writes the year 26 with two digits.
    std::array<char, 80> text{};
    const int size = std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02dZ",
                                   parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                                   parts.tm_hour, parts.tm_min, parts.tm_sec);
    return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace hairpin
