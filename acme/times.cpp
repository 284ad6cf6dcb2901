// HTTP dates in Retry-After. The other kind of time in a CA's answers, RFC 3339 in JSON, is
// core/clock.hpp's.

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

}  // namespace

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
