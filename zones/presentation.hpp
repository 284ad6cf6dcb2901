// zones/presentation.hpp - RDATA, types and records as text, by way of ldns.
//
// The one wall behind which ldns lives, with zones/zone_file. Never on the answer path.
// Standards RFC 1035 section 5; RFC 3597 for unknown types ("TYPE65280", "\# 2 0102").
// Threads   Pure; ldns keeps no shared state in these calls. Cost: a few microseconds a record.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/octets.hpp"
#include "core/result.hpp"
#include "zones/name.hpp"
#include "zones/rrset.hpp"
#include "zones/rtype.hpp"

namespace hairpin::zones {

/// "A", "HTTPS", "TYPE65280"; case is ignored. Nullopt for anything else.
[[nodiscard]] std::optional<RType> type_from_text(std::string_view text);
[[nodiscard]] std::string type_text(RType type);

/// RDATA in presentation format to uncompressed wire form. Relative names in it are taken under
/// `origin`. Known types accept the generic form too. At most 65,535 octets out, 200,000 characters
/// in, one line. Errors: Invalid, with ldns's reason in words.
[[nodiscard]] Result<Octets> rdata_from_text(RType type, std::string_view text,
                                             const Name& origin = Name());
/// RDATA in presentation format, on one line, names absolute. RDATA that its type does not fit
/// comes in the generic form.
[[nodiscard]] std::string rdata_text(RType type, OctetView rdata);
/// Whether `rdata` is well-formed for `type`: its fields fill it exactly. Unknown types: always.
[[nodiscard]] bool rdata_is_valid(RType type, OctetView rdata);

}  // namespace hairpin::zones
