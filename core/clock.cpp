#include "core/clock.hpp"

#include <array>
#include <ctime>

namespace hairpin {

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

std::string to_rfc3339(WallTime time) {
    const std::time_t seconds = static_cast<std::time_t>(to_unix_seconds(time));
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), size};
}

}  // namespace hairpin
