// core/clock.hpp - the time, as an argument.
//
// Wall time is what certificates, serials and rows hold; monotonic time is what deadlines count.
// Everything that needs either takes a `const Clock&`, so that a test is a table.
//
// Threads   `now()` and `monotonic()` may be called from any thread.

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hairpin {

using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

/// Milliseconds since the Unix epoch, UTC.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Milliseconds>;
/// Milliseconds since an arbitrary start, never backward.
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, Milliseconds>;

class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual WallTime now() const noexcept = 0;
    [[nodiscard]] virtual MonotonicTime monotonic() const noexcept = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] WallTime now() const noexcept override;
    [[nodiscard]] MonotonicTime monotonic() const noexcept override;
};

/// How long something took, for figures; nothing is decided by it.
class Stopwatch {
public:
    [[nodiscard]] std::uint64_t nanoseconds() const noexcept {
        const auto passed = std::chrono::steady_clock::now() - began_;
        return static_cast<std::uint64_t>(std::chrono::nanoseconds(passed).count());
    }

private:
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

/// A clock for tests: it stands still until told to move.
class ManualClock final : public Clock {
public:
    explicit ManualClock(std::int64_t unix_milliseconds = 1'795'000'000'000) noexcept
        : milliseconds_(unix_milliseconds) {}
    void advance(Milliseconds by) noexcept { milliseconds_ += by.count(); }
    [[nodiscard]] WallTime now() const noexcept override;
    [[nodiscard]] MonotonicTime monotonic() const noexcept override;

private:
    std::atomic<std::int64_t> milliseconds_;
};

[[nodiscard]] std::int64_t to_unix_milliseconds(WallTime time) noexcept;
[[nodiscard]] WallTime from_unix_milliseconds(std::int64_t milliseconds) noexcept;
[[nodiscard]] std::int64_t to_unix_seconds(WallTime time) noexcept;

/// Whether RFC 3339 has words for it: section 5.6 has the years 0000 to 9999.
[[nodiscard]] bool is_rfc3339_time(WallTime time) noexcept;
/// RFC 3339 in UTC with whole seconds: "2026-11-21T09:30:00Z". Outside those years, the nearest
/// inside.
[[nodiscard]] std::string to_rfc3339(WallTime time);
/// Reads RFC 3339 section 5.6, with any offset, in upper or lower case, with "T" or (as its note
/// allows) a blank in the middle. Fractions of a second are cut; a leap second is the second after
/// it. Nullopt: it is none, or lies in UTC outside the years 0000 to 9999.
[[nodiscard]] std::optional<WallTime> from_rfc3339(std::string_view text) noexcept;

}  // namespace hairpin
