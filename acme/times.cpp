// The two kinds of time in a CA's answers: RFC 3339 in JSON, HTTP dates in Retry-After.

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "acme/messages.hpp"

namespace hairpin::acme {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr std::int64_t kLongestRetry = 400LL * 24 * 3600;  // Seconds; a sum cannot overflow.

/// All of `text` as digits, nothing else.
std::optional<int> number(std::string_view text) {
    int value = 0;
    if (text.empty() || text.size() > 9) return std::nullopt;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

struct DateTime {
    std::optional<int> years, months, days, hours, minutes, seconds;
};

std::optional<WallTime> wall_time(const DateTime& at) {
    if (!at.years || !at.months || !at.days || !at.hours || !at.minutes || !at.seconds)
        return std::nullopt;
    const year_month_day date{year(*at.years), month(static_cast<unsigned>(*at.months)),
                              day(static_cast<unsigned>(*at.days))};
    // 60: a leap second.
    if (!date.ok() || *at.hours > 23 || *at.minutes > 59 || *at.seconds > 60) return std::nullopt;
    return WallTime(sys_days(date).time_since_epoch() + std::chrono::hours(*at.hours) +
                    std::chrono::minutes(*at.minutes) + std::chrono::seconds(*at.seconds));
}

std::optional<int> month_number(std::string_view name) {
    constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto found = std::find(kMonths.begin(), kMonths.end(), name);
    if (found == kMonths.end()) return std::nullopt;
    return static_cast<int>(found - kMonths.begin()) + 1;
}

bool read_clock(std::string_view text, DateTime& at) {
    if (text.size() != 8 || text[2] != ':' || text[5] != ':') return false;
    at.hours = number(text.substr(0, 2));
    at.minutes = number(text.substr(3, 2));
    at.seconds = number(text.substr(6, 2));
    return true;
}

/// RFC 9110 section 5.6.7: IMF-fixdate, RFC 850 and asctime forms.
std::optional<WallTime> from_http_date(std::string_view text) {
    DateTime at;
    if (const auto comma = text.find(", "); comma != text.npos) {
        const std::string_view rest = text.substr(comma + 2);
        if (rest.size() == 24 && rest.substr(20) == " GMT" && rest[2] == ' ') {
            // 06 Nov 1994 08:49:37 GMT
            at.days = number(rest.substr(0, 2));
            at.months = month_number(rest.substr(3, 3));
            at.years = number(rest.substr(7, 4));
            return read_clock(rest.substr(12, 8), at) ? wall_time(at) : std::nullopt;
        }
        if (rest.size() == 22 && rest.substr(18) == " GMT" && rest[2] == '-') {
            // 06-Nov-94 08:49:37 GMT
            at.days = number(rest.substr(0, 2));
            at.months = month_number(rest.substr(3, 3));
            at.years = number(rest.substr(7, 2));
            if (at.years) *at.years += *at.years < 70 ? 2000 : 1900;
            return read_clock(rest.substr(10, 8), at) ? wall_time(at) : std::nullopt;
        }
        return std::nullopt;
    }
    if (text.size() != 24) return std::nullopt;  // Sun Nov  6 08:49:37 1994
    at.months = month_number(text.substr(4, 3));
    at.days = number(text[8] == ' ' ? text.substr(9, 1) : text.substr(8, 2));
    at.years = number(text.substr(20, 4));
    return read_clock(text.substr(11, 8), at) ? wall_time(at) : std::nullopt;
}

/// "Z", "+hh:mm" or "-hh:mm" as what is to be taken off.
std::optional<std::chrono::minutes> read_offset(std::string_view text) {
    if (text == "Z" || text == "z") return std::chrono::minutes(0);
    if (text.size() != 6 || text[3] != ':' || (text[0] != '+' && text[0] != '-'))
        return std::nullopt;
    const auto hours = number(text.substr(1, 2));
    const auto minutes = number(text.substr(4, 2));
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    const std::chrono::minutes offset(*hours * 60 + *minutes);
    return text[0] == '+' ? offset : -offset;
}

}  // namespace

std::optional<WallTime> from_rfc3339(std::string_view text) {
    if (text.size() < 20 || text.size() > 64 || text[4] != '-' || text[7] != '-' ||
        (text[10] != 'T' && text[10] != 't'))
        return std::nullopt;
    DateTime at;
    at.years = number(text.substr(0, 4));
    at.months = number(text.substr(5, 2));
    at.days = number(text.substr(8, 2));
    if (!read_clock(text.substr(11, 8), at)) return std::nullopt;
    std::size_t next = 19;
    if (text[next] == '.') {
        const auto end = text.find_first_not_of("0123456789", next + 1);
        if (end == text.npos || end == next + 1) return std::nullopt;
        next = end;
    }
    const auto offset = read_offset(text.substr(next));
    const auto time = wall_time(at);
    if (!offset || !time) return std::nullopt;
    const WallTime read = *time - *offset;
    return is_rfc3339_time(read) ? std::optional(read) : std::nullopt;
}

std::optional<Milliseconds> read_retry_after(std::string_view text, WallTime now) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (end == text.data() + text.size() && !text.empty() && text[0] != '-') {
        // More digits than a number holds: very late.
        if (error == std::errc::result_out_of_range) return Seconds(kLongestRetry);
        if (error == std::errc()) return Seconds(std::min(seconds, kLongestRetry));
    }
    const auto date = from_http_date(text);
    if (!date) return std::nullopt;
    return std::clamp<Milliseconds>(*date - now, Milliseconds(0), Seconds(kLongestRetry));
}

}  // namespace hairpin::acme
