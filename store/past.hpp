// store/past.hpp - what a zone held at an earlier moment: what is published now, with the journal
// undone from its end.
//
// A step is undone by exchanging its sides (store/journal_format.hpp), so only RRsets that are not
// what they were cost memory; everything else is the published zone itself. History is pruned from
// its oldest row on, whatever zone it is of: since store::HistoryBounds::lost_at nothing is
// missing. Changes that were merged (store/condensing.hpp) are undone together; what the zone was
// between them is not known, and is not guessed.
//
// A zone that was dropped, or made anew under its name, has one history: its serials go on.
//
// Threads   Pure but for the Queries, which are the caller's. A walk can take seconds: not on a
//           loop.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/reader.hpp"
#include "store/records.hpp"
#include "zones/edit.hpp"
#include "zones/name.hpp"
#include "zones/rrset.hpp"
#include "zones/zone.hpp"

namespace hairpin::store {

/// An instant (with what changed in that very millisecond), or the serial that the zone had.
using Moment = std::variant<WallTime, std::uint32_t>;

struct PastQuestion {
    zones::Name apex;
    zones::ZoneRef now;  // As published before the journal is read; empty: there is no such zone.
    Moment moment;
    std::optional<zones::Name> owner = {};            // Only RRsets of this owner,
    std::optional<zones::RType> type = {};            // and only of this type.
    std::optional<Moment> authors_until = {};         // Wanted: Past::authors, by that moment.
    std::size_t most_octets = std::size_t{64} << 20;  // Of RRsets that were other than now.
    std::size_t most_rows = 200'000;                  // Of the journal.
};

struct PastRRset {
    zones::Name owner;
    zones::RType type = zones::RType::A;
    zones::RRsetRef rrset;  // Empty: it was not there.
};

/// The canonical order of owners (RFC 4034 section 6.1), then that of types' numbers.
[[nodiscard]] bool comes_before(const zones::Name& a, zones::RType a_type, const zones::Name& b,
                                zones::RType b_type) noexcept;

struct Past {
    using Key = std::pair<zones::Name, zones::RType>;
    struct KeyLess {
        [[nodiscard]] bool operator()(const Key& a, const Key& b) const noexcept {
            return comes_before(a.first, a.second, b.first, b.second);
        }
    };
    /// Changes, their difference left out; RRsets share them.
    using Authors = std::map<Key, std::shared_ptr<const JournalRow>, KeyLess>;

    std::uint32_t serial = 0;
    /// What was other than it is now, in canonical order of owners, then by type.
    std::vector<PastRRset> different;
    /// The last change, by that moment, of what is asked about, its difference left out; nullopt:
    /// history does not reach back to it. Merged changes count where they made a difference.
    std::optional<JournalRow> changed_by;
    /// Of each RRset that was changed after the moment and by PastQuestion::authors_until: the last
    /// such change.
    Authors authors;
};

struct NoPast {
    enum class Why : std::uint8_t {
        NotThere,     // The zone was not there, or never had that serial.
        OutOfReach,   // What was kept of it is gone.
        Merged,       // It lies among changes that are kept as one.
        TooLarge,     // Over a bound of the question.
        Unavailable,  // The store cannot be read.
    };
    Why why = Why::Unavailable;
    std::optional<WallTime> reaches_to = {};  // OutOfReach: since when nothing is missing.
    std::optional<JournalRow> merged = {};    // Merged: the changes; no difference.
};

[[nodiscard]] Result<Past, NoPast> read_past(Queries& queries, const PastQuestion& question);

/// Where a page begins.
struct RRsetPlace {
    zones::Name owner;
    zones::RType type = zones::RType::A;
};
/// At most `limit` of the RRsets that the zone held, in canonical order, behind `after`. `question`
/// is the one that `past` answers.
[[nodiscard]] std::vector<PastRRset> content_of(const PastQuestion& question, const Past& past,
                                                const std::optional<RRsetPlace>& after,
                                                std::size_t limit);
/// Every RRset in which two moments of one zone differ, in the same order. Both answer questions
/// with the same `now`, owner and type.
[[nodiscard]] std::vector<zones::RRsetDifference> difference_of(const zones::ZoneRef& now,
                                                                const Past& from, const Past& to);

}  // namespace hairpin::store
