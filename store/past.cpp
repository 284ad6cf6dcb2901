#include "store/past.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "store/journal_format.hpp"
#include "store/zone_rows.hpp"

namespace hairpin::store {
namespace {

using Why = NoPast::Why;

constexpr std::size_t kPageRows = 32;  // One row holds at most about kJournalPartOctets.
/// How far back the last change of what is asked about is looked for.
constexpr std::size_t kMostLookedBack = 10'000;
/// About what one RRset costs beside its records.
constexpr std::size_t kRRsetOverhead = 512;

using Key = Past::Key;
using KeyLess = Past::KeyLess;

bool is_asked_about(const PastQuestion& question, const zones::Name& owner, zones::RType type) {
    return (!question.owner || *question.owner == owner) &&
           (!question.type || *question.type == type);
}

bool same(const zones::RRsetRef& a, const zones::RRsetRef& b) {
    if (!a || !b) return !a && !b;
    return a->same_as(*b);
}

/// The RRset now; empty: there is none.
zones::RRsetRef now_at(const zones::ZoneRef& now, const zones::Name& owner, zones::RType type) {
    const zones::Node* node = now ? now->find(owner) : nullptr;
    if (node == nullptr) return {};
    for (const zones::RRsetRef& each : node->rrsets())
        if (each->type() == type) return each;
    return {};
}

/// What is known where the rows of a zone end.
struct Edge {
    std::optional<WallTime> lost_at;  // Of the newest change of all zones that is gone.
    bool was_dropped = false;         // There was such a zone once.
};

/// Walks the rows of one zone, the newest first.
class Walk {
public:
    explicit Walk(const PastQuestion& question) : question_(question) {}

    enum class Next : std::uint8_t { More, Complete };
    [[nodiscard]] Result<Next, NoPast> take(JournalRow row);
    /// No row follows.
    [[nodiscard]] Result<Past, NoPast> finish(const Edge& edge);

private:
    /// Whether readers of `now` do not see this step yet.
    [[nodiscard]] bool is_unpublished(const JournalRow& row);
    [[nodiscard]] bool holds_moment(const JournalRow& row) const;
    [[nodiscard]] Result<void, NoPast> undo(const JournalRow& row);
    [[nodiscard]] Result<void, NoPast> arrive(const JournalRow& row);
    [[nodiscard]] std::uint32_t serial_behind(const JournalRow& row) const;
    [[nodiscard]] Result<bool, NoPast> touches(const JournalRow& row) const;
    [[nodiscard]] Result<void, NoPast> end_of_rows(const Edge& edge);

    const PastQuestion& question_;
    std::map<Key, zones::RRsetRef, KeyLess> undone_;
    std::size_t octets_ = 0;
    std::size_t rows_ = 0;
    std::size_t looked_back_ = 0;
    bool has_met_now_ = false;
    bool has_arrived_ = false;
    std::optional<JournalRow> last_undone_;  // Without its difference.
    Past past_;
};

bool Walk::is_unpublished(const JournalRow& row) {
    if (has_met_now_) return false;
    const bool is_drop = row.action == zones::ZoneAction::Drop;
    const bool is_newer = !question_.now
                              ? !is_drop
                              : zones::serial_greater(row.serial_after, question_.now->serial()) ||
                                    (is_drop && row.serial_after == question_.now->serial());
    has_met_now_ = !is_newer;
    return is_newer;
}

bool is_after(const JournalRow& row, const Moment& moment) {
    if (const auto* time = std::get_if<WallTime>(&moment)) return row.at > *time;
    const auto serial = std::get<std::uint32_t>(moment);
    // A Drop has the last serial that the zone had.
    return zones::serial_greater(row.serial_after, serial) ||
           (row.action == zones::ZoneAction::Drop && row.serial_after == serial);
}

/// The moment lies between changes that are kept as one.
bool Walk::holds_moment(const JournalRow& row) const {
    if (!row.is_merged()) return false;
    if (const auto* time = std::get_if<WallTime>(&question_.moment))
        return row.began_at <= *time && *time < row.at;
    const auto serial = std::get<std::uint32_t>(question_.moment);
    return zones::serial_greater(serial, row.serial_before) &&
           zones::serial_greater(row.serial_after, serial);
}

Result<Walk::Next, NoPast> Walk::take(JournalRow row) {
    if (++rows_ > question_.most_rows) return fail(NoPast{Why::TooLarge});
    if (is_unpublished(row)) return Next::More;
    if (!has_arrived_ && is_after(row, question_.moment)) {
        if (holds_moment(row)) {
            row.difference.clear();
            return fail(NoPast{Why::Merged, {}, std::move(row)});
        }
        TRY(undo(row));
        row.difference.clear();
        last_undone_ = std::move(row);
        return Next::More;
    }
    if (!has_arrived_) TRY(arrive(row));
    if (TRY(touches(row))) {
        row.difference.clear();
        past_.changed_by = std::move(row);
        return Next::Complete;
    }
    return ++looked_back_ < kMostLookedBack ? Next::More : Next::Complete;
}

std::shared_ptr<JournalRow> without_difference(const JournalRow& row) {
    auto head = std::make_shared<JournalRow>();
    *head = {row.id,       row.zone_apex, row.action, row.serial_before, row.serial_after,
             row.part,     row.at,        row.actor,  row.reason,        {},
             row.first_id, row.began_at,  row.changes};
    return head;
}

Result<void, NoPast> Walk::undo(const JournalRow& row) {
    auto rrsets = decode_difference(row.difference, row.zone_apex);
    if (!rrsets) return fail(NoPast{Why::Unavailable});
    const bool is_author = question_.authors_until && !is_after(row, *question_.authors_until);
    std::shared_ptr<JournalRow> author;
    for (zones::RRsetDifference& each : *rrsets) {
        if (!is_asked_about(question_, each.owner, each.type)) continue;
        if (is_author && !author) author = without_difference(row);
        if (author) past_.authors.try_emplace({each.owner, each.type}, author);
        octets_ += kRRsetOverhead + (each.before ? each.before->wire().size() : 0);
        if (octets_ > question_.most_octets) return fail(NoPast{Why::TooLarge});
        undone_.insert_or_assign({each.owner, each.type}, std::move(each.before));
    }
    return {};
}

/// The serial that the zone had in the end before it changed again. That of the step, but that a
/// restored backup moves serials forward without one (store/restored.hpp).
std::uint32_t Walk::serial_behind(const JournalRow& row) const {
    if (!last_undone_) return question_.now ? question_.now->serial() : row.serial_after;
    const bool is_step = last_undone_->action == zones::ZoneAction::Edit ||
                         last_undone_->action == zones::ZoneAction::Replace;
    return is_step ? last_undone_->serial_before : row.serial_after;
}

/// At the step that made what the zone held at the moment.
Result<void, NoPast> Walk::arrive(const JournalRow& row) {
    has_arrived_ = true;
    if (row.action == zones::ZoneAction::Drop) return fail(NoPast{Why::NotThere});
    past_.serial = serial_behind(row);
    const auto* serial = std::get_if<std::uint32_t>(&question_.moment);
    if (serial == nullptr) return {};
    if (*serial != row.serial_after && *serial != past_.serial) return fail(NoPast{Why::NotThere});
    past_.serial = *serial;
    return {};
}

Result<bool, NoPast> Walk::touches(const JournalRow& row) const {
    if (!question_.owner && !question_.type) return true;
    const auto rrsets = decode_difference(row.difference, row.zone_apex);
    if (!rrsets) return fail(NoPast{Why::Unavailable});
    return std::any_of(rrsets->begin(), rrsets->end(), [&](const auto& each) {
        return is_asked_about(question_, each.owner, each.type);
    });
}

/// The rows ended in front of the moment: was that the beginning, or is the rest gone?
Result<void, NoPast> Walk::end_of_rows(const Edge& edge) {
    const NoPast gone{Why::OutOfReach, edge.lost_at};
    if (!last_undone_ && !question_.now)
        return fail(edge.was_dropped ? gone : NoPast{Why::NotThere});
    if (last_undone_ && last_undone_->action == zones::ZoneAction::Create)
        return fail(NoPast{Why::NotThere});
    past_.serial = last_undone_ ? last_undone_->serial_before : question_.now->serial();
    if (const auto* time = std::get_if<WallTime>(&question_.moment)) {
        if (edge.lost_at && *edge.lost_at > *time) return fail(gone);
        return {};
    }
    const auto serial = std::get<std::uint32_t>(question_.moment);
    if (serial == past_.serial) return {};
    return fail(zones::serial_greater(serial, past_.serial) ? NoPast{Why::NotThere} : gone);
}

Result<Past, NoPast> Walk::finish(const Edge& edge) {
    if (!has_arrived_) TRY(end_of_rows(edge));
    for (auto& [key, rrset] : undone_)
        if (!same(rrset, now_at(question_.now, key.first, key.second)))
            past_.different.push_back({key.first, key.second, std::move(rrset)});
    return std::move(past_);
}

/// The RRset at a moment, where it was other than now; nullptr: it was not.
const PastRRset* find_different(const Past& past, const zones::Name& owner, zones::RType type) {
    const auto found =
        std::lower_bound(past.different.begin(), past.different.end(), Key(owner, type),
                         [](const PastRRset& each, const Key& key) {
                             return comes_before(each.owner, each.type, key.first, key.second);
                         });
    if (found == past.different.end() || found->owner != owner || found->type != type)
        return nullptr;
    return &*found;
}

}  // namespace

bool comes_before(const zones::Name& a, zones::RType a_type, const zones::Name& b,
                  zones::RType b_type) noexcept {
    if (a == b) return to_number(a_type) < to_number(b_type);
    return zones::canonical_less(a, b);
}

Result<Past, NoPast> read_past(Queries& queries, const PastQuestion& question) {
    // Rows move on while others are read (store/condensing.hpp).
    const auto snapshot = Snapshot::begin(queries.database());
    if (!snapshot) return fail(NoPast{Why::Unavailable});
    Walk walk(question);
    for (std::int64_t before = 0;;) {
        auto rows = queries.journal_page(question.apex, kPageRows, before);
        if (!rows) return fail(NoPast{Why::Unavailable});
        const bool is_last = rows->size() < kPageRows;
        if (!rows->empty()) before = rows->back().id;
        bool is_complete = false;
        for (auto row = rows->begin(); row != rows->end() && !is_complete; ++row)
            is_complete = TRY(walk.take(std::move(*row))) == Walk::Next::Complete;
        if (!is_complete && !is_last) continue;
        const auto bounds = queries.history_bounds();
        const auto retired = retired_zone(queries.database(), question.apex);
        if (!bounds || !retired) return fail(NoPast{Why::Unavailable});
        return walk.finish({bounds->lost_at, retired->has_value()});
    }
}

std::vector<PastRRset> content_of(const PastQuestion& question, const Past& past,
                                  const std::optional<RRsetPlace>& after, std::size_t limit) {
    std::vector<PastRRset> content;
    auto different = past.different.begin();
    const auto take = [&](const zones::Name& owner, zones::RType type, zones::RRsetRef rrset) {
        const bool is_behind = !after || comes_before(after->owner, after->type, owner, type);
        if (rrset && is_behind && content.size() < limit)
            content.push_back({owner, type, std::move(rrset)});
    };
    // What was other than now comes in its place between what was not.
    const auto take_different_before = [&](const zones::Name& owner, zones::RType type) {
        for (; different != past.different.end() &&
               comes_before(different->owner, different->type, owner, type);
             ++different)
            take(different->owner, different->type, different->rrset);
    };
    if (question.now)
        question.now->for_each([&](const zones::Name& owner, const zones::Node& node) {
            for (const zones::RRsetRef& each : node.rrsets()) {
                if (!is_asked_about(question, owner, each->type())) continue;
                take_different_before(owner, each->type());
                const bool is_other = find_different(past, owner, each->type()) != nullptr;
                if (!is_other) take(owner, each->type(), each);
            }
            return content.size() < limit;
        });
    for (; different != past.different.end(); ++different)
        take(different->owner, different->type, different->rrset);
    return content;
}

std::vector<zones::RRsetDifference> difference_of(const zones::ZoneRef& now, const Past& from,
                                                  const Past& to) {
    std::map<Key, bool, KeyLess> keys;
    for (const Past* past : {&from, &to})
        for (const PastRRset& each : past->different)
            keys.try_emplace({each.owner, each.type}, true);
    const auto at = [&](const Past& past, const Key& key) {
        const PastRRset* other = find_different(past, key.first, key.second);
        return other != nullptr ? other->rrset : now_at(now, key.first, key.second);
    };
    std::vector<zones::RRsetDifference> differences;
    for (const auto& [key, _] : keys) {
        zones::RRsetDifference each{key.first, key.second, at(from, key), at(to, key)};
        if (!same(each.before, each.after)) differences.push_back(std::move(each));
    }
    return differences;
}

}  // namespace hairpin::store
