// zones/label_starts.hpp - where the labels of a name in wire form begin.
//
// Inside of zones/ only: for walks from the root downward, which wire form does not offer.
//
// Threads   Pure; no allocation.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/octets.hpp"
#include "zones/name.hpp"

namespace hairpin::zones {

/// Offsets of each label's length octet, the root label left out.
struct LabelStarts {
    std::array<std::uint8_t, kMaxLabels + 1> at;
    std::size_t count = 0;
    /// @param labels  A name's labels in wire form, with or without the root label; 255 octets at
    /// most.
    explicit LabelStarts(OctetView labels) noexcept {
        for (std::size_t offset = 0; offset < labels.size() && labels[offset] != 0;
             offset += labels[offset] + 1u)
            at[count++] = static_cast<std::uint8_t>(offset);
    }
};

}  // namespace hairpin::zones
