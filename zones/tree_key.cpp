#include "zones/tree_key.hpp"

namespace hairpin::zones {
namespace {

struct Symbols {
    std::uint8_t first = 0;
    std::uint8_t second = 0;
    bool escaped = false;
};

constexpr bool is_frequent(unsigned octet) {
    return octet == '*' || octet == '-' || octet == '_' || (octet >= '0' && octet <= '9') ||
           (octet >= 'a' && octet <= 'z');
}

// Walks the octets in order and gives each frequent one the next symbol; a run of others shares one
// escape symbol for up to 63 of them, told apart by a second symbol that is never kLabelEnd. So the
// order of symbols is that of octets.
constexpr std::array<Symbols, 256> make_table() {
    std::array<Symbols, 256> table{};
    std::uint8_t symbol = kLabelEnd;
    std::uint8_t second = 0;
    for (unsigned octet = 0; octet < 256; ++octet) {
        if (octet >= 'A' && octet <= 'Z') continue;  // As their lower case, below.
        if (is_frequent(octet)) {
            table[octet] = {++symbol, 0, false};
            second = 0;
            continue;
        }
        if (second == 0 || second == 63) {
            ++symbol;
            second = 0;
        }
        table[octet] = {symbol, ++second, true};
    }
    for (unsigned octet = 'A'; octet <= 'Z'; ++octet)
        table[octet] = table[octet + 32];
    return table;
}

constexpr auto kTable = make_table();
static_assert(kTable[255].first < 64, "a symbol must be a bit of a 64-bit bitmap");

}  // namespace

TreeKey::TreeKey(OctetView labels) noexcept {
    std::array<std::uint8_t, kMaxLabels + 1> starts;
    std::size_t count = 0;
    for (std::size_t at = 0; at < labels.size() && labels[at] != 0; at += labels[at] + 1u)
        starts[count++] = static_cast<std::uint8_t>(at);

    std::uint8_t* next = symbols_.data();
    ends_[0] = 0;
    for (std::size_t label = 0; label < count; ++label) {
        const std::uint8_t* octets = labels.data() + starts[count - 1 - label];
        for (const std::uint8_t *octet = octets + 1, *end = octet + *octets; octet != end;
             ++octet) {
            const Symbols& symbols = kTable[*octet];
            *next++ = symbols.first;
            if (symbols.escaped) *next++ = symbols.second;
        }
        *next++ = kLabelEnd;
        ends_[label + 1] = static_cast<std::uint16_t>(next - symbols_.data());
    }
    size_ = static_cast<std::uint16_t>(next - symbols_.data());
    labels_ = static_cast<std::uint16_t>(count);
}

}  // namespace hairpin::zones
