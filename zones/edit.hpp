// zones/edit.hpp - a zone change applied to a snapshot: prerequisites, edits, rules, next snapshot,
// difference.
//
// Pure: the old zone is untouched, the new one shares what did not change, and the difference is
// exactly what the journal and the rows need. Nothing is durable or published here
// (store/committer.hpp).
//
// Standards RFC 2136 section 3 (order of checks, CNAME and SOA rules of 3.4.2), RFC 2181 section 5,
// RFC 1982 (serial). Threads   Pure functions.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/result.hpp"
#include "zones/address_rules.hpp"
#include "zones/change.hpp"
#include "zones/zone.hpp"

namespace hairpin::zones {

/// RFC 1982 section 3.2: whether `a` is greater than `b`. False where the RFC leaves it undefined.
[[nodiscard]] constexpr bool serial_greater(std::uint32_t a, std::uint32_t b) noexcept {
    return a != b && a - b < 0x8000'0000u;
}
/// DESIGN section 4: max(serial + 1, unix time) in RFC 1982 arithmetic, so that a restored backup
/// still moves forward.
[[nodiscard]] std::uint32_t next_serial(std::uint32_t serial, std::int64_t unix_seconds) noexcept;

/// One RRset before and after; an empty side means that it was, or now is, absent.
struct RRsetDifference {
    Name owner;
    RType type = RType::A;
    RRsetRef before;
    RRsetRef after;
};

struct ZoneDifference {
    std::uint32_t serial_before = 0;  // 0 for a new zone.
    std::uint32_t serial_after = 0;
    std::vector<RRsetDifference> rrsets;  // The SOA among them.
};

struct EditedZone {
    ZoneRef zone;  // The next snapshot; the old one when nothing changed; empty after Drop.
    ZoneDifference difference;  // Empty when nothing changed.
    bool changed = false;
    std::vector<CrowdedRRset> newly_crowded = {};  // With this change, not before it.
};

struct EditRules {
    AddressRules addresses;
    std::size_t max_names = 2'000'000;  // Per zone.
    std::size_t max_rdatas = 4'096;     // Per RRset.
    std::size_t max_rrsets = 128;       // Per owner; at most 255.
};

/// When a change is applied, for its serial and for the snapshot's age.
struct EditMoment {
    std::int64_t unix_seconds = 0;
    /// The serial that readers see. Where `current` is a draft of the running commit that already
    /// moved past it, that draft's serial stands: one bump per zone and commit. Nullopt: `current`
    /// is what readers see.
    std::optional<std::uint32_t> published_serial;
};

/// Applies `change` to `current` (empty for Create). An edit of the SOA keeps its serial where that
/// moves forward, else (and for every other effective change) the serial is next_serial(). A change
/// that leaves every RRset as it was, the SOA's serial aside, is no change: `changed` is false and
/// `zone` is `current`.
[[nodiscard]] Result<EditedZone, Refusal> apply(const ZoneRef& current, const ZoneChange& change,
                                                const EditMoment& moment, const EditRules& rules);

}  // namespace hairpin::zones
