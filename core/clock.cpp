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

/// Takes `count` digits off the front, and a number of at most `most`.
std::optional<unsigned> take_number(std::string_view& text, std::size_t count, unsigned most) {
    if (text.size() < count) return std::nullopt;
    unsigned number = 0;
    for (const char digit : text.substr(0, count)) {
        if (digit < '0' || digit > '9') return std::nullopt;
        number = number * 10 + static_cast<unsigned>(digit - '0');
    }
    text.remove_prefix(count);
    return number <= most ? std::optional(number) : std::nullopt;
}

bool take_letter(std::string_view& text, std::string_view any_of) {
    if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

/// "full-date", and the letter behind it.
std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
    const auto year = take_number(text, 4, 9999);
    if (!year || !take_letter(text, "-")) return std::nullopt;
    const auto month = take_number(text, 2, 12);
    if (!month || !take_letter(text, "-")) return std::nullopt;
    const auto day = take_number(text, 2, 31);
    if (!day || !take_letter(text, "Tt ")) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                           std::chrono::month(*month), std::chrono::day(*day)};
    return date.ok() ? std::optional(std::chrono::sys_days(date)) : std::nullopt;
}

/// "partial-time", its fraction cut.
std::optional<Seconds> take_time(std::string_view& text) {
    const auto hour = take_number(text, 2, 23);
    if (!hour || !take_letter(text, ":")) return std::nullopt;
    const auto minute = take_number(text, 2, 59);
    if (!minute || !take_letter(text, ":")) return std::nullopt;
    const auto second = take_number(text, 2, 60);
    if (!second) return std::nullopt;
    if (take_letter(text, ".")) {
        if (!take_letter(text, "0123456789")) return std::nullopt;
        while (take_letter(text, "0123456789")) {
        }
    }
    return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + Seconds(*second);
}

/// "time-offset", which is all that is left of `text`.
std::optional<std::chrono::minutes> read_offset(std::string_view text) {
    if (text == "Z" || text == "z") return std::chrono::minutes(0);
    const bool is_minus = text.starts_with('-');
    if (!take_letter(text, "+-")) return std::nullopt;
    const auto hour = take_number(text, 2, 23);
    if (!hour || !take_letter(text, ":")) return std::nullopt;
    const auto minute = take_number(text, 2, 59);
    if (!minute || !text.empty()) return std::nullopt;
    const std::chrono::minutes offset(*hour * 60 + *minute);
    return is_minus ? -offset : offset;
}

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

std::optional<WallTime> from_rfc3339(std::string_view text) noexcept {
    const auto date = take_date(text);
    if (!date) return std::nullopt;
    const auto time = take_time(text);
    if (!time) return std::nullopt;
    const auto offset = read_offset(text);
    if (!offset) return std::nullopt;
    const WallTime read(date->time_since_epoch() + *time - *offset);
    return is_rfc3339_time(read) ? std::optional(read) : std::nullopt;
}

}  // namespace hairpin
