#include "core/json_writer.hpp"

#include <array>
#include <cstdio>
#include <utility>

#include "core/assert.hpp"

namespace hairpin {
namespace {

/// Octets of the UTF-8 character at the front of `text`, 0 where it is not one (RFC 3629 section
/// 4).
std::size_t utf8_size(std::string_view text) noexcept {
    const auto octet = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const auto follows = [&](std::size_t at, unsigned low = 0x80, unsigned high = 0xBF) {
        return at < text.size() && octet(at) >= low && octet(at) <= high;
    };
    const unsigned head = octet(0);
    if (head < 0x80) return 1;
    if (head >= 0xC2 && head <= 0xDF) return follows(1) ? 2 : 0;
    if (head >= 0xE0 && head <= 0xEF) {
        const unsigned low = head == 0xE0 ? 0xA0 : 0x80;
        const unsigned high = head == 0xED ? 0x9F : 0xBF;
        return follows(1, low, high) && follows(2) ? 3 : 0;
    }
    if (head >= 0xF0 && head <= 0xF4) {
        const unsigned low = head == 0xF0 ? 0x90 : 0x80;
        const unsigned high = head == 0xF4 ? 0x8F : 0xBF;
        return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

void append_escaped(std::string& out, char octet) {
    switch (octet) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    if (static_cast<unsigned char>(octet) >= 0x20) {
        out += octet;
        return;
    }
    std::array<char, 8> escaped{};
    std::snprintf(escaped.data(), escaped.size(), "\\u%04x", static_cast<unsigned>(octet));
    out += escaped.data();
}

void append_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t size = utf8_size(text);
        if (size == 1) {
            append_escaped(out, text[0]);
        } else if (size == 0) {
            out += "\xEF\xBF\xBD";
        } else {
            out += text.substr(0, size);
        }
        text.remove_prefix(size == 0 ? 1 : size);
    }
    out += '"';
}

}  // namespace

JsonWriter& JsonWriter::key(std::string_view name) {
    separate();
    append_string(text_, name);
    text_ += ':';
    needs_comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
    separate();
    append_string(text_, text);
    needs_comma_ = true;
    return *this;
}

JsonWriter& JsonWriter::tenths(double number) {
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%.1f", number);
    return raw(text.data());
}

JsonWriter& JsonWriter::member(std::string_view name, const std::vector<std::string>& texts) {
    key(name).begin_array();
    for (const std::string& text : texts)
        value(text);
    return end_array();
}

std::string JsonWriter::take() {
    HAIRPIN_ASSERT(depth_ == 0);
    needs_comma_ = false;
    return std::exchange(text_, {});
}

JsonWriter& JsonWriter::open(char bracket) {
    separate();
    text_ += bracket;
    ++depth_;
    needs_comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
    HAIRPIN_ASSERT(depth_ > 0);
    text_ += bracket;
    --depth_;
    needs_comma_ = true;
    return *this;
}

JsonWriter& JsonWriter::raw(std::string_view token) {
    separate();
    text_ += token;
    needs_comma_ = true;
    return *this;
}

void JsonWriter::separate() {
    if (needs_comma_) text_ += ',';
}

}  // namespace hairpin
