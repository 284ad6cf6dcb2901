// cli/zone_notes.hpp - what is allowed in a zone and yet deserves a person's look before it moves.
//
// Standards RFC 1034 section 4.2.1 and RFC 6672 section 2.4 (occluded), RFC 6890 (special-purpose
//           addresses).
// Threads   Pure.

#pragma once

#include <string>
#include <vector>

#include "zones/zone.hpp"

namespace hairpin::cli {

/// Appends a sentence for each: the name servers it names, occluded records, addresses that are not
/// on the internet.
void append_zone_notes(const zones::Zone& zone, std::vector<std::string>& notes);

}  // namespace hairpin::cli
