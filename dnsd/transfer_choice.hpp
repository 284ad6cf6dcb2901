// dnsd/transfer_choice.hpp - whether a difference may be sent instead of the whole zone.
//
// A wrong difference would leave a secondary with a zone that nobody has, until its next whole
// transfer. So what the history says is held against the snapshot that the transfer is about.
//
// Standards RFC 1995 section 4 (a whole zone instead, whenever the server likes).
// Threads   Pure; costs as much as the difference, so it is for the thread that read it.

#pragma once

#include <cstdint>

#include "dnsd/transfer_records.hpp"
#include "zones/history.hpp"
#include "zones/zone.hpp"

namespace hairpin::dnsd {

/// The difference to send to a client that has serial `from`; null: the whole zone, because there
/// is no history, it does not lead from that serial to exactly what `zone` holds, or the whole zone
/// takes no more octets.
[[nodiscard]] DifferenceRef choose_difference(zones::HistorySource::Answer history,
                                              const zones::ZoneRef& zone, std::uint32_t from);

}  // namespace hairpin::dnsd
