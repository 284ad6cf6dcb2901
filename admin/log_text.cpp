#include "admin/log_text.hpp"

#include <cstdint>

#include "admin/tokens.hpp"

namespace hairpin::admin {

std::string log_text(std::string_view text, std::size_t most) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    if (holds_token(text)) return "(a token)";
    const std::string_view taken = text.substr(0, most);
    std::string line;
    line.reserve(taken.size());
    for (const char letter : taken) {
        if (letter >= ' ' && letter < 127 && letter != '\\') {
            line += letter;
            continue;
        }
        const auto octet = static_cast<std::uint8_t>(letter);
        line += "\\x";
        line += kDigits[octet >> 4];
        line += kDigits[octet & 15];
    }
    if (taken.size() < text.size()) line += "...";
    return line;
}

}  // namespace hairpin::admin
