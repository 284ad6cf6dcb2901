// zones/tree_key.hpp - a name as a row of small symbols, in canonical order: the key of
// zones/name_tree.hpp.
//
// Labels from the right to the left, each as its octets in lower case followed by kLabelEnd. A
// frequent octet is one symbol, any other is an escape symbol and a second one, so that every
// symbol is below 64 and a branch of the tree is one 64-bit bitmap. Symbols sort as RFC 4034
// section 6.1 sorts names: kLabelEnd is the lowest, and past the end of a key kLabelEnd is read, so
// a name sorts right in front of everything below it.
//
// The key of a name is the key of its ancestor plus more symbols: one key of a QNAME serves the
// zone table and the zone.
//
// Standards RFC 4034 section 6.1; RFC 4343. The idea of a qp-trie over DNS names: Tony Finch, in
// Knot DNS and BIND. Threads   A value; no allocation.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/octets.hpp"
#include "zones/name.hpp"

namespace hairpin::zones {

inline constexpr std::uint8_t kLabelEnd = 0;
inline constexpr std::size_t kMaxKeySymbols = 512;

/// A key or the part of one below an apex. The TreeKey that it looks into outlives it.
using KeyView = std::span<const std::uint8_t>;

class TreeKey {
public:
    explicit TreeKey(const Name& name) noexcept : TreeKey(name.wire()) {}
    /// Labels in wire form, with or without the root label at the end; at most 255 octets,
    /// well-formed.
    explicit TreeKey(OctetView labels) noexcept;

    [[nodiscard]] KeyView view() const noexcept { return {symbols_.data(), size_}; }
    /// The symbols below an ancestor of `labels` labels.
    [[nodiscard]] KeyView below(std::size_t labels) const noexcept {
        return view().subspan(ends_[labels]);
    }
    /// Labels of the whole name.
    [[nodiscard]] std::size_t labels() const noexcept { return labels_; }

private:
    std::array<std::uint8_t, kMaxKeySymbols> symbols_;  // Only the first size_ mean anything.
    std::array<std::uint16_t, kMaxLabels + 1> ends_;  // Symbols used by the last 0, 1, 2.. labels.
    std::uint16_t size_ = 0;
    std::uint16_t labels_ = 0;
};

/// The symbol at `offset`, or kLabelEnd past the end.
[[nodiscard]] constexpr std::uint8_t symbol_at(KeyView key, std::size_t offset) noexcept {
    return offset < key.size() ? key[offset] : kLabelEnd;
}

}  // namespace hairpin::zones
