// tests/support/octets.hpp - octets the way the field writes them: hexadecimal pairs and 'text'.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string_view>

#include "core/octets.hpp"

namespace hairpin::tests {

/// octets("03 'www' C0 00"). White space separates; anything else throws.
inline Octets octets(std::string_view text) {
    Octets made;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == ' ' || text[at] == '\n') {
            ++at;
        } else if (text[at] == '\'') {
            const std::size_t close = text.find('\'', at + 1);
            if (close == std::string_view::npos) throw std::invalid_argument("unclosed quote");
            for (const char letter : text.substr(at + 1, close - at - 1))
                made.push_back(static_cast<std::uint8_t>(letter));
            at = close + 1;
        } else {
            const auto pair = from_hex(text.substr(at, 2));
            if (!pair) throw std::invalid_argument("not hexadecimal");
            made.push_back((*pair)[0]);
            at += 2;
        }
    }
    return made;
}

}  // namespace hairpin::tests
