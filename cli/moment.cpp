#include "cli/moment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace hairpin::cli {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"sunday",   "monday", "tuesday", "wednesday",
                                                   "thursday", "friday", "saturday"};

/// In lower case, without the words that say nothing.
std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        std::string word(text.substr(at, end - at));
        for (char& each : word)
            if (each >= 'A' && each <= 'Z') each = static_cast<char>(each + 32);
        if (!word.empty() && word != "last" && word != "at") words.push_back(std::move(word));
        at = end + 1;
    }
    return words;
}

/// Numbers between single separators: "14:05" with ':'.
std::optional<std::vector<int>> numbers_of(std::string_view text, char separator) {
    std::vector<int> numbers;
    for (;;) {
        const std::size_t end = std::min(text.find(separator), text.size());
        int number = 0;
        const auto [stop, error] = std::from_chars(text.data(), text.data() + end, number);
        if (error != std::errc() || stop != text.data() + end || number < 0) return std::nullopt;
        numbers.push_back(number);
        if (end == text.size()) return numbers;
        text.remove_prefix(end + 1);
    }
}

bool set_clock(std::tm& local, std::string_view word) {
    const auto numbers = numbers_of(word, ':');
    if (!numbers || numbers->size() < 2 || numbers->size() > 3) return false;
    local.tm_hour = (*numbers)[0];
    local.tm_min = (*numbers)[1];
    local.tm_sec = numbers->size() == 3 ? (*numbers)[2] : 0;
    return local.tm_hour < 24 && local.tm_min < 60 && local.tm_sec < 61;
}

/// The day that a word names, `local` being today; nullopt: it names none. `week`: the last one is
/// meant, which today's is where its time has passed.
bool set_day(std::tm& local, std::string_view word, bool& is_weekday) {
    const auto day = std::find(kDays.begin(), kDays.end(), word);
    is_weekday = day != kDays.end();
    if (word == "today") return true;
    if (word == "yesterday") {
        local.tm_mday -= 1;
        return true;
    }
    if (is_weekday) {
        local.tm_mday -= (local.tm_wday - static_cast<int>(day - kDays.begin()) + 7) % 7;
        return true;
    }
    const auto numbers = numbers_of(word, '-');
    if (!numbers || numbers->size() != 3) return false;
    local.tm_year = (*numbers)[0] - 1900;
    local.tm_mon = (*numbers)[1] - 1;
    local.tm_mday = (*numbers)[2];
    return (*numbers)[0] <= 9999 && local.tm_mon >= 0 && local.tm_mon < 12 && local.tm_mday >= 1 &&
           local.tm_mday <= 31;
}

std::string utc_text(std::time_t time) {
    std::tm utc{};
    if (::gmtime_r(&time, &utc) == nullptr) return {};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                       utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace

std::string moment_text(std::string_view text, std::time_t now) {
    std::string as_is(text);
    const auto words = words_of(text);
    std::tm local{};
    if (words.empty() || words.size() > 2 || ::localtime_r(&now, &local) == nullptr) return as_is;
    local.tm_hour = local.tm_min = local.tm_sec = 0;
    local.tm_isdst = -1;  // As it was then.
    bool is_weekday = false;
    const bool is_clock_alone = words.size() == 1 && set_clock(local, words[0]);
    if (!is_clock_alone) {
        if (!set_day(local, words[0], is_weekday)) return as_is;
        if (words.size() == 2 && !set_clock(local, words[1])) return as_is;
    }
    std::tm wanted = local;
    std::time_t time = std::mktime(&wanted);
    if (is_weekday && time > now) {
        wanted = local;
        wanted.tm_mday -= 7;
        time = std::mktime(&wanted);
    }
    const std::string utc = utc_text(time);
    return utc.empty() ? as_is : utc;
}

}  // namespace hairpin::cli
