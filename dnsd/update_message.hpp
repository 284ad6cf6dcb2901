// dnsd/update_message.hpp - the zone, prerequisite and update sections of an UPDATE, read strictly.
//
// From the octets of a message to a zones::ZoneChange: every form of prerequisite and update, RDATA
// valid and uncompressed. Neither looks into a zone nor asks who sent it (dnsd/update_desk.hpp). A
// record that cannot be read is FORMERR at once; one that can be read and must not be, is told
// behind permission and prerequisites, as the standard orders it.
//
// Standards RFC 2136 sections 2.3 to 2.6, 3.1.1, 3.2 and 3.4.1; RFC 2181 section 8 (TTL); RFC 3597.
// Threads   Pure. Allocates: a message of 65,535 octets gives at most about 5,900 edits, 2 MB.

#pragma once

#include <optional>

#include "core/octets.hpp"
#include "core/result.hpp"
#include "dnsd/codes.hpp"
#include "dnsd/query.hpp"
#include "zones/change.hpp"
#include "zones/rtype.hpp"
#include "zones/wire.hpp"

namespace hairpin::dnsd {

/// Whether a message of any kind is a request with the opcode UPDATE: a look at its header.
[[nodiscard]] constexpr bool asks_for_update(OctetView message) noexcept {
    constexpr unsigned kMask = (kFlagResponse | kOpcodeMask) >> 8;
    return message.size() >= zones::kHeaderOctets && (message[2] & kMask) == (kOpcodeUpdate << 3);
}

struct UpdateOrder {
    zones::ZoneChange change;
    std::optional<Rcode> prescan;  // As in UpdateRequest.
};

/// @param message  The whole message that `query` is the read_update_query() of, well-formed.
/// Errors: FormErr, NotZone: of the prerequisites, or RDATA that are malformed.
[[nodiscard]] Result<UpdateOrder, Rcode> read_update(OctetView message, const Query& query);

/// Types that only the server makes: signatures, denial, keys and what it tells the parent of them.
[[nodiscard]] bool is_made_by_server(zones::RType type) noexcept;

}  // namespace hairpin::dnsd
