#include "daemon/option_words.hpp"

#include <algorithm>

#include "acme/messages.hpp"
#include "core/nearest_name.hpp"

namespace hairpin::daemon {

std::string_view without_blanks(std::string_view text) {
    while (text.starts_with(' '))
        text.remove_prefix(1);
    while (text.ends_with(' '))
        text.remove_suffix(1);
    return text;
}

std::string quoted(std::string_view text) {
    return "\"" + acme::printable(text, 100) + "\"";
}

Result<OptionWord, std::string> read_option_word(std::string_view part,
                                                 const std::vector<std::string_view>& known) {
    const std::size_t equals = part.find('=');
    const std::string_view key = without_blanks(part.substr(0, equals));
    if (std::find(known.begin(), known.end(), key) == known.end() || equals == part.npos) {
        const std::string_view near = nearest_name(key.substr(0, 100), known);
        return fail("unknown word " + quoted(key) +
                    (near.empty() ? "" : "; did you mean " + std::string(near) + "?"));
    }
    const std::string_view value = without_blanks(part.substr(equals + 1));
    if (value.empty()) return fail(std::string(key) + " has no value");
    return OptionWord{key, value};
}

}  // namespace hairpin::daemon
