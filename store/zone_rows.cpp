#include "store/zone_rows.hpp"

#include <algorithm>
#include <utility>

#include "store/journal_format.hpp"
#include "store/records.hpp"
#include "store/row_reading.hpp"
#include "store/rows.hpp"

namespace hairpin::store {
namespace {

using zones::RRsetDifference;
using zones::ZoneAction;

// The row does not hold what this process committed last.
Error changed_by_others(const std::string& apex) {
    return {ErrorCode::Corrupt, apex,
            "the database was changed by somebody else: see that no other program writes it, then "
            "restart hairpind"};
}

Result<std::int64_t> insert_zone(Database& database, const std::string& apex,
                                 const ZoneWrite& write) {
    auto inserted = database.run(
        "INSERT INTO zones (apex, kind, serial, created_at, catalog_group)"
        " VALUES (?1, ?2, ?3, ?4, ?5)",
        apex, to_string(write.change.kind), write.serial_after, write.at,
        write.change.catalog_group);
    if (!inserted)
        return fail(inserted.error().code == ErrorCode::Conflict ? changed_by_others(apex)
                                                                 : std::move(inserted).error());
    const std::int64_t id = database.last_insert_id();
    TRY(database.run("DELETE FROM retired_zones WHERE apex = ?1", apex));
    return id;
}

// Sets the serial and says which row it is, in one look-up.
Result<std::int64_t> move_serial(Database& database, const std::string& apex,
                                 const ZoneWrite& write) {
    Statement update =
        TRY(database.statement("UPDATE zones SET serial = ?2 WHERE apex = ?1 AND serial = ?3"
                               " RETURNING id"));
    update.bind(apex, write.serial_after, write.edited.difference.serial_before);
    const bool found = TRY(update.step());
    if (!found) return fail(changed_by_others(apex));
    const std::int64_t id = update.integer(0);
    TRY(update.run());
    return id;
}

Result<void> drop_zone(Database& database, const std::string& apex, const ZoneWrite& write) {
    TRY(
        database.run("INSERT INTO retired_zones (apex, serial, at, kind)"
                     " SELECT ?1, ?2, ?3, kind FROM zones WHERE apex = ?1"
                     " ON CONFLICT (apex) DO UPDATE SET serial = ?2, at = ?3, kind = excluded.kind",
                     apex, write.serial_after, write.at));
    TRY(database.run("DELETE FROM zones WHERE apex = ?1 AND serial = ?2", apex,
                     write.edited.difference.serial_before));
    if (database.changed_rows() == 0) return fail(changed_by_others(apex));
    return {};
}

Octets lower_case(OctetView labels) {
    Octets lowered(labels.begin(), labels.end());
    std::transform(lowered.begin(), lowered.end(), lowered.begin(), zones::lower);
    return lowered;
}

Result<void> put_rrset(Database& database, std::int64_t zone_id, OctetView as_given,
                       const zones::RRset& rrset) {
    const Octets owner = lower_case(as_given);
    std::optional<OctetView> given;
    if (!std::equal(owner.begin(), owner.end(), as_given.begin())) given = as_given;
    return database.run(
        "INSERT INTO rrsets (zone_id, owner, type, owner_as_given, ttl, rdata)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (zone_id, owner, type)"
        " DO UPDATE SET owner_as_given = ?4, ttl = ?5, rdata = ?6",
        zone_id, owner, zones::to_number(rrset.type()), given, rrset.ttl(), encode_rdatas(rrset));
}

Result<void> erase_rrset(Database& database, std::int64_t zone_id, OctetView as_given,
                         zones::RType type) {
    return database.run("DELETE FROM rrsets WHERE zone_id = ?1 AND owner = ?2 AND type = ?3",
                        zone_id, lower_case(as_given), zones::to_number(type));
}

Result<void> write_rrset(Database& database, std::int64_t zone_id, const zones::Zone& zone,
                         const RRsetDifference& difference) {
    if (!difference.after)
        return erase_rrset(database, zone_id, difference.owner.relative_to(zone.apex()),
                           difference.type);
    // The case that is answered is the node's, whatever the edit wrote.
    const zones::Node* node = zone.find(difference.owner);
    const OctetView owner =
        node == nullptr ? difference.owner.relative_to(zone.apex()) : node->owner();
    return put_rrset(database, zone_id, owner, *difference.after);
}

Result<void> append_journal(Database& database, const std::string& apex, const ZoneWrite& write,
                            std::span<const RRsetDifference> rrsets) {
    std::uint32_t part = 0;
    for (const Octets& difference : encode_difference(rrsets, write.change.apex)) {
        TRY(database.run(
            "INSERT INTO journal (zone_apex, action, serial_before, serial_after, part, at,"
            " actor_kind, actor_id, source, door, credential, reason, octets_so_far, difference)"
            " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, coalesce((SELECT"
            " octets_so_far FROM journal ORDER BY id DESC LIMIT 1), 0) + length(?13), ?13",
            apex, to_string(write.change.action), write.serial_before, write.serial_after, part++,
            write.at, write.actor.kind, write.actor.id, write.actor.source, write.actor.door,
            write.actor.credential, write.reason, difference));
    }
    return {};
}

// A work that comes second in its commit leaves the SOA as the first one made it; that is no
// difference.
std::vector<RRsetDifference> real_differences(const zones::ZoneDifference& difference) {
    std::vector<RRsetDifference> real;
    real.reserve(difference.rrsets.size());
    std::copy_if(difference.rrsets.begin(), difference.rrsets.end(), std::back_inserter(real),
                 [](const RRsetDifference& each) {
                     return !each.before || !each.after || !each.before->same_as(*each.after);
                 });
    return real;
}

}  // namespace

Result<std::size_t> write_zone(Database& database, const ZoneWrite& write) {
    const std::string apex = write.change.apex.lower().text();
    const std::vector<RRsetDifference> rrsets = real_differences(write.edited.difference);
    if (write.change.action == ZoneAction::Drop) {
        TRY(drop_zone(database, apex, write));
        TRY(append_journal(database, apex, write, rrsets));
        return std::size_t{0};
    }
    const std::int64_t zone_id = write.change.action == ZoneAction::Create
                                     ? TRY(insert_zone(database, apex, write))
                                     : TRY(move_serial(database, apex, write));
    for (const RRsetDifference& each : rrsets)
        TRY(write_rrset(database, zone_id, *write.edited.zone, each));
    TRY(append_journal(database, apex, write, rrsets));
    return rrsets.size();
}

Result<std::optional<RetiredZone>> retired_zone(Database& database, const zones::Name& apex) {
    return one_row<RetiredZone>(
        database, "SELECT serial, kind FROM retired_zones WHERE apex = ?1",
        [](auto& row) -> Result<RetiredZone> {
            RetiredZone zone{static_cast<std::uint32_t>(row.integer(0)), {}};
            if (!row.text(1).empty()) zone.kind = TRY(parse_zone_kind(row.text(1)));
            return zone;
        },
        apex.lower().text());
}

}  // namespace hairpin::store
