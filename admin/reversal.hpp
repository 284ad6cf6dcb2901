// admin/reversal.hpp - RRsets that become again what they were: a new change like any other.
//
// A Reversal says of each RRset what it has to be now (`before`) and what it becomes (`after`).
// What an RRset has to be is compared on the commit thread, TTL included, so that nobody's later
// change is overwritten; RRsets that are not named may have changed meanwhile. The serial of the
// SOA is in no comparison: it only ever moves forward.
//
// It knows nothing of where a Reversal comes from (zone_undo.cpp, zone_return.cpp).
//
// Standards RFC 1982 (the serial).
// Threads   Pure; the Write that comes of it as admin/api.hpp says.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "admin/api.hpp"
#include "admin/conditions.hpp"
#include "zones/change.hpp"
#include "zones/edit.hpp"
#include "zones/name.hpp"
#include "zones/zone.hpp"

namespace hairpin::admin {

using Reversal = std::vector<zones::RRsetDifference>;

/// Of one step: the differences of its rows, the newest row first. RRsets that the rows together
/// left as they were are not in it.
[[nodiscard]] Reversal undoing(std::vector<std::vector<zones::RRsetDifference>> rows);

/// Same TTL and records, or both absent; of SOAs all but the serial.
[[nodiscard]] bool is_same_content(const zones::RRset* a, const zones::RRset* b);

/// Those that are not now what `before` says.
[[nodiscard]] Reversal changed_since(const zones::Zone& zone, const Reversal& reversal);

/// The edits; the SOA among them gets the serial that the zone has, which then moves forward.
[[nodiscard]] zones::ZoneChange change_of(const zones::Zone& zone, const Reversal& reversal);

struct ReversalOrder {
    zones::Name apex;
    Reversal reversal;
    WriteConditions conditions;
    const char* action = "";  // For the audit: "zone.undo".
    std::string reason;       // For the journal: "undo of change 17".
    bool is_dry_run =
        false;  // Everything is tried and nothing done; the answer shows what would be.
};

/// RRsets shown of a dry run.
inline constexpr std::size_t kMostReversalsShown = 1'000;
/// What a dry run is answered with. `serial`: what the zone has.
[[nodiscard]] net::Response dry_reversal_response(const zones::Name& apex, std::uint32_t serial,
                                                  const Reversal& reversal);
/// Of what was done: the serial and the number of RRsets.
[[nodiscard]] net::Response reversed_response(const zones::ZoneReceipt& done, std::size_t rrsets);

/// Answers with one of the two. `overtaken` is filled, on the commit thread,
/// with changed_since() where that is why the change is refused (Conflict).
[[nodiscard]] Write reversal_write(const ApiOptions& options, ReversalOrder order,
                                   std::shared_ptr<Reversal> overtaken);

/// Tells of a zone that became what it was at a moment: so many RRsets of it.
[[nodiscard]] Result<void, Problem> tell_returned(store::Writer& writer, const zones::Name& apex,
                                                  std::size_t rrsets);

}  // namespace hairpin::admin
