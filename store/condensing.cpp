#include "store/condensing.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/follower_rows.hpp"
#include "store/journal_format.hpp"
#include "store/records.hpp"
#include "store/row_reading.hpp"
#include "store/rows.hpp"
#include "zones/condensed.hpp"

namespace hairpin::store {
namespace {

using zones::Condensed;
using zones::RRsetDifference;

constexpr std::string_view kColumnsMoved =
    "zone_apex, action, serial_before, serial_after, part, at, actor_kind, actor_id, source, door,"
    " credential, reason, difference";
/// Rows of one step that are held to be merged; a step of more is moved as it is.
constexpr std::size_t kMostRowsOfStep = 4'096;

/// A row of the merged history that may still grow.
struct Merged {
    std::optional<std::int64_t> stored_id;  // As it is in the database; none: not yet.
    JournalRow head;                        // Without its difference.
    Condensed net;
};

bool is_same_day(WallTime a, WallTime b) {
    return std::chrono::floor<std::chrono::days>(a) == std::chrono::floor<std::chrono::days>(b);
}

/// What the two have in common; the rest is empty, and a kind that differs is "several".
void keep_common(zones::Actor& actor, const zones::Actor& other) {
    if (actor.kind != other.kind) actor.kind = "several";
    if (actor.id != other.id) actor.id.clear();
    if (actor.source != other.source) actor.source.clear();
    if (actor.door != other.door) actor.door.clear();
    if (actor.credential != other.credential) actor.credential = 0;
}

/// The rows as one, and all that they changed; false: they are not steps of one zone.
bool add_rows(Condensed& net, std::vector<RRsetDifference> rrsets) {
    return std::all_of(rrsets.begin(), rrsets.end(),
                       [&](RRsetDifference& each) { return net.add(std::move(each)); });
}

std::optional<Merged> merge_step(const std::vector<JournalRow>& rows) {
    Merged merged;
    merged.head = rows.front();
    merged.head.action = zones::ZoneAction::Edit;
    merged.head.first_id = rows.front().id;
    merged.head.began_at = rows.front().at;
    merged.head.changes = 0;
    for (const JournalRow& row : rows) {
        const bool is_content =
            row.action == zones::ZoneAction::Edit || row.action == zones::ZoneAction::Replace;
        if (!is_content || row.part > 0 || row.difference.size() > kMergedOctets) return {};
        auto rrsets = decode_difference(row.difference, row.zone_apex);
        if (!rrsets || !add_rows(merged.net, *std::move(rrsets))) return {};
        if (merged.net.octets() > kMergedOctets) return {};
        keep_common(merged.head.actor, row.actor);
        merged.head.id = row.id;
        ++merged.head.changes;
    }
    merged.head.difference.clear();
    return merged;
}

bool continues(const Condensed& net, const std::vector<RRsetDifference>& rrsets) {
    return std::all_of(rrsets.begin(), rrsets.end(),
                       [&](const RRsetDifference& each) { return net.continues(each); });
}

/// Condenses one zone's rows, the oldest first.
class ZoneCondenser {
public:
    ZoneCondenser(Database& database, std::string apex)
        : database_(database), apex_(std::move(apex)) {}

    [[nodiscard]] Result<void> run(std::int64_t last_id);

private:
    [[nodiscard]] Result<void> load();
    [[nodiscard]] Result<void> take(JournalRow row);
    [[nodiscard]] Result<void> end_step();
    [[nodiscard]] Result<void> move_step();
    [[nodiscard]] Result<void> add(Merged step);
    [[nodiscard]] Result<void> store();
    [[nodiscard]] bool belongs_to(const Merged& open, const Merged& step) const;

    Database& database_;
    const std::string apex_;
    std::vector<std::uint32_t> held_;  // By secondaries.
    std::optional<Merged> open_;
    std::vector<JournalRow> step_;  // Of one pair of serials; differences only while they are few.
    std::size_t step_octets_ = 0;
};

Result<void> ZoneCondenser::run(std::int64_t last_id) {
    TRY(load());
    static const std::string sql =
        select(kJournalColumns, kSingleChange,
               " FROM journal WHERE zone_apex = ?1 AND id <= ?2 ORDER BY id");
    {
        Statement rows = TRY(database_.statement(sql));
        rows.bind(apex_, last_id);
        while (TRY(rows.step())) {
            JournalRow row = TRY(read_journal(rows));
            TRY(take(std::move(row)));
        }
    }
    TRY(end_step());
    return store();
}

/// The row that the zone's newest change was merged into.
Result<void> ZoneCondenser::load() {
    held_ = TRY(held_serials(database_, apex_));
    static const std::string sql =
        select(kJournalColumns, kMergedChanges,
               ", is_sealed FROM condensed WHERE zone_apex = ?1 ORDER BY id DESC LIMIT 1");
    Statement newest = TRY(database_.statement(sql));
    newest.bind(apex_);
    const bool found = TRY(newest.step());
    if (!found || newest.integer(17) != 0) return {};
    Merged open;
    open.head = TRY(read_journal(newest));
    open.stored_id = open.head.id;
    auto rrsets = decode_difference(open.head.difference, open.head.zone_apex);
    if (!rrsets || !add_rows(open.net, *std::move(rrsets))) return {};
    open.head.difference.clear();
    open_ = std::move(open);
    return {};
}

Result<void> ZoneCondenser::take(JournalRow row) {
    const bool same_step = !step_.empty() && step_.front().serial_before == row.serial_before &&
                           step_.front().serial_after == row.serial_after;
    if (!same_step) TRY(end_step());
    step_octets_ += row.difference.size();
    const bool is_large = step_octets_ > kMergedOctets || step_.size() >= kMostRowsOfStep;
    if (is_large) {
        row.part = std::max(row.part, 1u);  // Not to be merged; what is moved is read again.
        row.difference.clear();
    }
    step_.push_back(std::move(row));
    return {};
}

Result<void> ZoneCondenser::end_step() {
    if (step_.empty()) return {};
    auto merged = merge_step(step_);
    if (merged) {
        TRY(add(*std::move(merged)));
    } else {
        TRY(move_step());
    }
    step_.clear();
    step_octets_ = 0;
    return {};
}

Result<void> ZoneCondenser::move_step() {
    TRY(store());
    static const std::string sql =
        "INSERT INTO condensed (id, first_id, began_at, changes, is_sealed, " +
        std::string(kColumnsMoved) + ") SELECT id, id, at, 1, 1, " + std::string(kColumnsMoved) +
        " FROM journal WHERE id = ?1";
    for (const JournalRow& row : step_)
        TRY(database_.run(sql, row.id));
    return {};
}

bool ZoneCondenser::belongs_to(const Merged& open, const Merged& step) const {
    const std::uint32_t between = open.head.serial_after;
    return between == step.head.serial_before && is_same_day(open.head.began_at, step.head.at) &&
           open.net.octets() + step.net.octets() <= kMergedOctets &&
           std::find(held_.begin(), held_.end(), between) == held_.end();
}

Result<void> ZoneCondenser::add(Merged step) {
    auto rrsets = step.net.take();
    if (!open_ || !belongs_to(*open_, step) || !continues(open_->net, rrsets)) {
        TRY(store());
        static_cast<void>(add_rows(step.net, std::move(rrsets)));  // It is empty: all of them fit.
        open_ = std::move(step);
        return {};
    }
    static_cast<void>(add_rows(open_->net, std::move(rrsets)));
    JournalRow& head = open_->head;
    keep_common(head.actor, step.head.actor);
    head.id = step.head.id;
    head.at = step.head.at;
    head.serial_after = step.head.serial_after;
    head.changes += step.head.changes;
    return {};
}

/// Writes the row that is open; the next step begins another one.
Result<void> ZoneCondenser::store() {
    if (!open_) return {};
    Merged merged = *std::exchange(open_, std::nullopt);
    if (merged.stored_id == merged.head.id) return {};  // Nothing was added.
    if (merged.stored_id)
        TRY(database_.run("DELETE FROM condensed WHERE id = ?1", merged.stored_id));
    const JournalRow& head = merged.head;
    const auto parts = encode_difference(merged.net.take(), head.zone_apex);
    const std::string reason =
        head.is_merged() ? std::to_string(head.changes) + " changes, kept as one" : head.reason;
    // kMergedOctets is far below what one row holds; a step that changed nothing has none.
    const Octets nothing = {kDifferenceVersion};
    return database_.run(
        "INSERT INTO condensed (id, first_id, began_at, changes, is_sealed, zone_apex, action,"
        " serial_before, serial_after, part, at, actor_kind, actor_id, source, door,"
        " credential, reason, difference) VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8, 0, ?9, ?10,"
        " ?11, ?12, ?13, ?14, ?15, ?16)",
        head.id, head.first_id, head.began_at, head.changes, apex_, to_string(head.action),
        head.serial_before, head.serial_after, head.at, head.actor.kind, head.actor.id,
        head.actor.source, head.actor.door, head.actor.credential, reason,
        parts.empty() ? nothing : parts.front());
}

}  // namespace

Result<std::size_t> condense_journal(Database& database, std::int64_t last_id) {
    const auto apexes = TRY(all_rows<std::string>(
        database, "SELECT DISTINCT zone_apex FROM journal WHERE id <= ?1",
        [](auto& row) -> Result<std::string> { return row.string(0); }, last_id));
    for (const std::string& apex : apexes)
        TRY(ZoneCondenser(database, apex).run(last_id));
    TRY(database.run("DELETE FROM journal WHERE id <= ?1", last_id));
    return static_cast<std::size_t>(database.changed_rows());
}

}  // namespace hairpin::store
