#include "store/restored.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "store/load.hpp"
#include "store/zone_rows.hpp"
#include "zones/edit.hpp"
#include "zones/wire.hpp"
#include "zones/zone.hpp"

namespace hairpin::store {
namespace {

constexpr std::int64_t kSchemaWithMark = 3;
constexpr std::int64_t kLeastHeadroom = 3600;
constexpr std::int64_t kMostHeadroom = std::int64_t{1} << 28;
constexpr std::int64_t kShortestPace = 60;  // Seconds: fewer say nothing about a pace.
constexpr const char* kReason = "the database was restored";

std::uint32_t later(std::uint32_t a, std::uint32_t b) noexcept {
    return zones::serial_greater(b, a) ? b : a;
}

Result<std::int64_t> one_number(Database& database, std::string_view sql) {
    Statement find = TRY(database.statement(sql));
    const bool found = TRY(find.step());
    return found ? find.integer(0) : 0;
}

Result<void> read_serials(Database& database, std::string_view sql,
                          std::map<std::string, std::uint32_t>& serials) {
    Statement rows = TRY(database.statement(sql));
    while (TRY(rows.step())) {
        const auto serial = static_cast<std::uint32_t>(rows.integer(1));
        const auto [at, is_new] = serials.try_emplace(rows.string(0), serial);
        if (!is_new) at->second = later(at->second, serial);
    }
    return {};
}

struct Mark {
    bool same_history = false;
    std::map<std::string, std::uint32_t> served;
};

Result<std::optional<Mark>> read_mark(Database& database) {
    Statement find = TRY(database.statement("SELECT same_history FROM restored"));
    const bool found = TRY(find.step());
    if (!found) return std::optional<Mark>();
    Mark mark;
    mark.same_history = find.integer(0) != 0;
    TRY(read_serials(database, "SELECT apex, serial FROM served_before_restore", mark.served));
    return std::optional(std::move(mark));
}

// How far each zone may have gone since the backup, as the header tells.
class Headroom {
public:
    [[nodiscard]] static Result<Headroom> read(Database& database, WallTime now) {
        Headroom headroom;
        headroom.newest_ = TRY(
            one_number(database,
                       "SELECT max(coalesce((SELECT at FROM journal ORDER BY id DESC LIMIT 1), 0),"
                       " coalesce((SELECT at FROM audit ORDER BY id DESC LIMIT 1), 0),"
                       " coalesce((SELECT max(created_at) FROM zones), 0))"));
        headroom.elapsed_ =
            std::max<std::int64_t>(0, to_unix_milliseconds(now) - headroom.newest_) / 1000;
        Statement rows = TRY(database.statement(
            "SELECT zone_apex, count(DISTINCT serial_after), min(at) FROM journal"
            " GROUP BY zone_apex"));
        while (TRY(rows.step()))
            headroom.seen_.emplace(rows.string(0), Seen{rows.integer(1), rows.integer(2)});
        return headroom;
    }

    [[nodiscard]] std::uint32_t of(const std::string& apex) const {
        std::int64_t most = kLeastHeadroom + elapsed_;
        if (const auto seen = seen_.find(apex); seen != seen_.end()) {
            const std::int64_t seconds = (newest_ - seen->second.first) / 1000;
            // At most 2^28 before it is multiplied, so that nothing overflows.
            const std::int64_t steps = std::min(seen->second.steps, kMostHeadroom);
            most +=
                2 * steps * std::min(elapsed_, kMostHeadroom) / std::max(seconds, kShortestPace);
        }
        return static_cast<std::uint32_t>(std::min(most, kMostHeadroom));
    }

private:
    struct Seen {
        std::int64_t steps;
        std::int64_t first;  // Milliseconds.
    };
    std::map<std::string, Seen> seen_;
    std::int64_t newest_ = 0;
    std::int64_t elapsed_ = 0;
};

class SerialPlan {
public:
    SerialPlan(Mark mark, Headroom headroom, WallTime now) noexcept
        : mark_(std::move(mark)),
          headroom_(std::move(headroom)),
          now_(static_cast<std::uint32_t>(to_unix_seconds(now))) {}

    /// Nothing later than this can have been served of the zone.
    [[nodiscard]] std::uint32_t bound(const std::string& apex, std::uint32_t serial) const {
        const auto served = mark_.served.find(apex);
        const bool is_known = served != mark_.served.end();
        const std::uint32_t last = is_known ? later(serial, served->second) : serial;
        if (is_known && mark_.same_history) return last;
        return later(last, now_) + headroom_.of(apex);
    }
    [[nodiscard]] const Mark& mark() const noexcept { return mark_; }

private:
    Mark mark_;
    Headroom headroom_;
    std::uint32_t now_;
};

zones::RRsetRef with_serial(const zones::RRset& soa, std::uint32_t serial) {
    const OctetView old = *soa.rdatas().begin();
    Octets rdata(old.begin(), old.end());
    zones::write_u32(rdata.data() + rdata.size() - zones::kSoaNumbersOctets, serial);
    return zones::RRset::create(zones::RType::SOA, soa.ttl(), {std::move(rdata)});
}

Result<void> move_zone(Database& database, const zones::ZoneRef& zone, std::uint32_t serial,
                       WallTime now) {
    const zones::RRset* soa = zone->find(zone->apex(), zones::RType::SOA);
    zones::ZoneChange change;
    change.apex = zone->apex();
    zones::EditedZone edited;
    edited.zone = zone;  // For the owner's case; the apex stays as it is.
    edited.changed = true;
    edited.difference.serial_before = zone->serial();
    edited.difference.serial_after = serial;
    edited.difference.rrsets.push_back({zone->apex(), zones::RType::SOA,
                                        with_serial(*soa, zone->serial()),
                                        with_serial(*soa, serial)});
    const zones::Actor actor{"system", "hairpind", "", "restore"};
    static_cast<void>(TRY(write_zone(
        database, ZoneWrite{change, edited, zone->serial(), serial, actor, kReason, now})));
    return {};
}

Result<std::size_t> move_zones(Database& database, const SerialPlan& plan, WallTime now) {
    const zones::ZoneTable table = TRY(load_zones(database));
    std::vector<zones::ZoneRef> all;
    all.reserve(table.size());
    table.for_each([&](const zones::Zone& zone) {
        all.push_back(table.share(zone.apex()));
        return true;
    });
    for (const zones::ZoneRef& zone : all) {
        const std::uint32_t bound = plan.bound(zone->apex().lower().text(), zone->serial());
        TRY(move_zone(database, zone, zones::next_serial(bound, to_unix_seconds(now)), now));
    }
    return all.size();
}

// Dropped zones, and those that the backup does not know: one made under the name goes on from
// there.
Result<void> move_retired(Database& database, const SerialPlan& plan, WallTime now) {
    std::map<std::string, std::uint32_t> retired = plan.mark().served;
    TRY(read_serials(database, "SELECT apex, serial FROM retired_zones", retired));
    for (const auto& [apex, serial] : retired)
        TRY(
            database.run("INSERT INTO retired_zones (apex, serial, at) SELECT ?1, ?2, ?3"
                         " WHERE NOT EXISTS (SELECT 1 FROM zones WHERE apex = ?1)"
                         " ON CONFLICT (apex) DO UPDATE SET serial = ?2, at = ?3",
                         apex, plan.bound(apex, serial), now));
    return {};
}

}  // namespace

Result<ServedSerials> read_served_serials(Database& database) {
    ServedSerials served;
    Statement identity = TRY(database.statement("SELECT id FROM identity"));
    const bool found = TRY(identity.step());
    if (found) served.identity = identity.copy_octets(0);
    served.is_exact = true;
    TRY(read_serials(database,
                     "SELECT apex, serial FROM zones UNION ALL"
                     " SELECT apex, serial FROM retired_zones",
                     served.serials));
    if (TRY(database.schema_version()) < kSchemaWithMark) return served;
    // Restored itself and never started: it knows what it was told, and no more.
    if (const auto mark = TRY(read_mark(database))) {
        served.is_exact = mark->same_history;
        TRY(read_serials(database, "SELECT apex, serial FROM served_before_restore",
                         served.serials));
    }
    return served;
}

Result<void> mark_restored(Database& database, const ServedSerials& served) {
    Transaction transaction = TRY(Transaction::begin(database));
    TRY(database.run("DELETE FROM served_before_restore"));
    for (const auto& [apex, serial] : served.serials)
        TRY(database.run("INSERT INTO served_before_restore (apex, serial) VALUES (?1, ?2)", apex,
                         serial));
    TRY(
        database.run("INSERT OR REPLACE INTO restored (only_row, same_history)"
                     " SELECT 1, ?2 AND id = ?1 FROM identity",
                     served.identity, served.is_exact));
    return transaction.commit();
}

Result<std::size_t> advance_serials(Database& database, WallTime now) {
    auto mark = TRY(read_mark(database));
    if (!mark) return std::size_t{0};
    Transaction transaction = TRY(Transaction::begin(database));
    const SerialPlan plan(*std::move(mark), TRY(Headroom::read(database, now)), now);
    const std::size_t moved = TRY(move_zones(database, plan, now));
    TRY(move_retired(database, plan, now));
    TRY(database.run("DELETE FROM restored"));
    TRY(database.run("DELETE FROM served_before_restore"));
    TRY(transaction.commit());
    return moved;
}

}  // namespace hairpin::store
