// daemon/option_words.hpp - options that are one line of words: "NAME; key=value; key=value".
//
// Threads   Pure.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace hairpin::daemon {

struct OptionWord {
    std::string_view key;
    std::string_view value;  // Never empty.
};

[[nodiscard]] std::string_view without_blanks(std::string_view text);
/// What somebody wrote, to be shown: printable, and not too long.
[[nodiscard]] std::string quoted(std::string_view text);
/// One "key=value". Errors: a sentence, with the nearest known key where it is unknown.
[[nodiscard]] Result<OptionWord, std::string> read_option_word(
    std::string_view part, const std::vector<std::string_view>& known);

}  // namespace hairpin::daemon
