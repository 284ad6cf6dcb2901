// zones/rdata_wire.hpp - RDATA out of a message of somebody else: with its names spelled out.
//
// Names may be compressed in the RDATA of the types that had them so before RFC 3597; a zone keeps
// them whole. Whether the octets fit their type is rdata_is_valid()'s (zones/presentation.hpp).
//
// Standards RFC 3597 sections 4 (which types) and 6 (comparing), RFC 1035 section 4.1.4; RFC 2136
//           section 1.1.2.
// Threads   Pure.

#pragma once

#include "core/octets.hpp"
#include "core/result.hpp"
#include "zones/rtype.hpp"
#include "zones/wire.hpp"

namespace hairpin::zones {

/// The RDATA with the letters of its names in lower case: two records are the same when these are
/// (RFC 2136 section 1.1.2). Only for types that had names before RFC 3597, whose section 6
/// compares all newer ones octet by octet. @param rdata  Valid for the type.
[[nodiscard]] Octets folded_rdata(RType type, OctetView rdata);

/// @param record  As read_record() found it in `message`.
/// The RDATA of all other types comes as it is: a pointer in it is then no valid RDATA.
/// Errors: Truncated a field or a name runs past the end of the RDATA, or something is left over;
/// those of read_name().
[[nodiscard]] Result<Octets, WireError> expanded_rdata(OctetView message, const RecordAt& record);

}  // namespace hairpin::zones
