#include "core/octets.hpp"

#include <array>

namespace hairpin {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode(OctetView octets, std::string_view alphabet) {
    std::string text;
    text.reserve((octets.size() + 2) / 3 * 4);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const std::uint8_t octet : octets) {
        bits = bits << 8 | octet;
        held += 8;
        while (held >= 6) {
            held -= 6;
            text += alphabet[bits >> held & 63];
        }
    }
    if (held > 0) text += alphabet[bits << (6 - held) & 63];
    return text;
}

std::optional<Octets> decode(std::string_view text, std::string_view alphabet) {
    if (text.size() % 4 == 1) return std::nullopt;
    Octets octets;
    octets.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char letter : text) {
        const std::size_t value = alphabet.find(letter);
        if (value == std::string_view::npos) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        held += 6;
        if (held >= 8) {
            held -= 8;
            octets.push_back(static_cast<std::uint8_t>(bits >> held & 255));
        }
    }
    // RFC 4648 section 3.5: bits that stand for nothing must be zero, so that one value has one
    // text.
    if ((bits & ((1u << held) - 1)) != 0) return std::nullopt;
    return octets;
}

int hex_value(char letter) {
    if (letter >= '0' && letter <= '9') return letter - '0';
    if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
    if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
    return -1;
}

}  // namespace

std::string to_hex(OctetView octets) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(octets.size() * 2);
    for (const std::uint8_t octet : octets) {
        text += kDigits[octet >> 4];
        text += kDigits[octet & 15];
    }
    return text;
}

std::optional<Octets> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    Octets octets;
    octets.reserve(text.size() / 2);
    for (std::size_t at = 0; at < text.size(); at += 2) {
        const int high = hex_value(text[at]);
        const int low = hex_value(text[at + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        octets.push_back(static_cast<std::uint8_t>(high << 4 | low));
    }
    return octets;
}

std::string to_base64(OctetView octets) {
    std::string text = encode(octets, kBase64);
    while (text.size() % 4 != 0)
        text += '=';
    return text;
}

std::optional<Octets> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding)
        text.remove_suffix(1);
    return decode(text, kBase64);
}

std::string to_base64url(OctetView octets) {
    return encode(octets, kBase64Url);
}

std::optional<Octets> from_base64url(std::string_view text) {
    return decode(text, kBase64Url);
}

}  // namespace hairpin
