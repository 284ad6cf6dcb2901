// zones/zone_file.hpp - zones in and out as master files.
//
// $INCLUDE and $GENERATE are refused: a file comes over the network here. A TTL left out is that of
// $TTL, else the one stated last; without either it is an error, never the SOA's MINIMUM. TTLs may
// have units ("1h30m"); lines may end with CRLF, and a byte order mark may stand in front.
// Not here: the rules of zones (zones/edit.hpp applies them).
//
// Standards RFC 1035 section 5, RFC 2308 section 4 ($TTL), RFC 3597.
// Threads   Pure. Cost: 200,000 records in a third of a second.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "zones/change.hpp"
#include "zones/zone.hpp"

namespace hairpin::zones {

struct ZoneFileError {
    std::string file;      // As given by the caller; empty for text from the network.
    std::size_t line = 0;  // 1 and up; 0 when it is about the whole file.
    std::string reason;
    /// "file:line: reason".
    [[nodiscard]] std::string text() const;
};

struct ZoneFileLimits {
    std::size_t octets = 256u << 20;
    std::size_t records = 4'000'000;
};

/// The RRsets of a master file, as ReplaceRRset edits for ZoneAction::Create or Replace: SOA first,
/// records of one RRset collected wherever they stand in the file, the smallest TTL of an RRset
/// taken (RFC 2181 section 5.2). Errors: the first one, with its line: syntax, a TTL over 2^31-1,
/// class not IN, an owner outside the zone, no SOA or two, not at the apex.
[[nodiscard]] Result<std::vector<Edit>, ZoneFileError> parse_zone_file(
    std::string_view text, const Name& apex, std::string_view file = {},
    const ZoneFileLimits& limits = {});

/// The whole zone, SOA first, one record a line, names absolute: reads back to the same zone.
[[nodiscard]] std::string format_zone_file(const Zone& zone);

}  // namespace hairpin::zones
