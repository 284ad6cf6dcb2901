// zones/rdata_writer.hpp - RDATA in wire form to text that reads back to the same octets.
//
// Threads   Pure.

#pragma once

#include <optional>
#include <string>

#include "core/octets.hpp"
#include "zones/rdata_layout.hpp"

namespace hairpin::zones {

/// Fields in presentation format, names absolute, one blank between them; nullopt for a layout with
/// a field that has none. `rdata` fits the layout (rdata_is_valid): asserted.
[[nodiscard]] std::optional<std::string> write_fields(const RdataLayout& layout, OctetView rdata);

}  // namespace hairpin::zones
