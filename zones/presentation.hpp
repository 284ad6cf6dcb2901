// zones/presentation.hpp - RDATA and types as text, and whether RDATA in wire form is well-formed.
//
// Driven by one table of fields (rdata_layout.hpp): text in is as strict as wire in, and text out
// always reads back to the same octets. ldns reads and writes the parameters of SVCB and HTTPS
// (ldns_text.hpp); for the other fields it is only the oracle of the tests, because it is lenient
// (numbers wrap, what follows the last field is dropped). Never on the answer path.
//
// Standards RFC 1035 section 5; RFC 3597 for unknown types ("TYPE65280", "\# 2 0102").
// Threads   Pure. Cost: under a microsecond for most records, a few with ldns.

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
/// `origin`. Known types accept the generic form too. At most 65,535 octets out, 300,000 characters
/// in, one line without comments and parentheses. Errors: Invalid, with the type and the reason.
[[nodiscard]] Result<Octets> rdata_from_text(RType type, std::string_view text,
                                             const Name& origin = Name());
/// RDATA in presentation format, on one line, names absolute. Reads back to the same
/// octets; RDATA that does not fit its type, or that no text could say, comes in the generic form.
[[nodiscard]] std::string rdata_text(RType type, OctetView rdata);
/// Whether `rdata` is well-formed for `type`: its fields fill it exactly, names in it are not
/// compressed, SVCB parameters keep their order. Unknown and meta types: always, up to 65,535
/// octets.
[[nodiscard]] bool rdata_is_valid(RType type, OctetView rdata);

}  // namespace hairpin::zones
