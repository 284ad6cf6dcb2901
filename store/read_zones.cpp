// Zones, journal, audit, idempotency and counts: the second half of store/reader.hpp's questions.

#include <limits>
#include <string>
#include <utility>

#include "store/reader.hpp"
#include "store/row_reading.hpp"
#include "store/rows.hpp"

namespace hairpin::store {
namespace {

std::int64_t before(std::int64_t before_id) noexcept {
    return before_id == 0 ? std::numeric_limits<std::int64_t>::max() : before_id;
}

Result<IdempotencyRow> read_idempotency(const Statement& row) {
    IdempotencyRow stored;
    stored.credential_id = row.integer(0);
    stored.key = row.string(1);
    stored.request_sha256 = read_sha256(row, 2);
    stored.status = static_cast<int>(row.integer(3));
    stored.headers = row.string(4);
    stored.body = row.copy_octets(5);
    stored.at = row.time(6);
    return stored;
}

}  // namespace

Result<std::optional<ZoneRow>> Queries::zone(const zones::Name& apex) {
    static const std::string sql = select(kZoneColumns, " FROM zones WHERE apex = ?1");
    return one_row<ZoneRow>(
        database_, sql, [](auto& row) { return read_zone(row); }, apex.lower().text());
}

Result<std::vector<ZoneRow>> Queries::zones(std::size_t limit, std::string_view after_apex) {
    static const std::string sql =
        select(kZoneColumns, " FROM zones WHERE apex > ?2 ORDER BY apex LIMIT ?1");
    return all_rows<ZoneRow>(
        database_, sql, [](auto& row) { return read_zone(row); }, page(limit), after_apex);
}

Result<std::vector<ZoneRow>> Queries::grouped_zones(std::size_t limit,
                                                    std::string_view after_apex) {
    static const std::string sql = select(
        kZoneColumns, " FROM zones WHERE catalog_group <> '' AND apex > ?2 ORDER BY apex LIMIT ?1");
    return all_rows<ZoneRow>(
        database_, sql, [](auto& row) { return read_zone(row); }, page(limit), after_apex);
}

Result<std::vector<JournalRow>> Queries::journal_since(const zones::Name& apex,
                                                       std::uint32_t serial, std::size_t limit,
                                                       std::int64_t after_id) {
    constexpr std::string_view kWhere =
        " WHERE zone_apex = ?2 AND id > ?4 AND id >= (SELECT min(id) FROM"
        " (SELECT id FROM condensed WHERE zone_apex = ?2 AND serial_before = ?3"
        " UNION ALL SELECT id FROM journal WHERE zone_apex = ?2 AND serial_before = ?3))";
    static const std::string sql =
        select(kJournalColumns, kMergedChanges, " FROM condensed", kWhere, " UNION ALL SELECT ",
               kJournalColumns, kSingleChange, " FROM journal", kWhere, " ORDER BY id LIMIT ?1");
    return all_rows<JournalRow>(
        database_, sql, [](auto& row) { return read_journal(row); }, page(limit),
        apex.lower().text(), serial, after_id);
}

Result<std::vector<JournalRow>> Queries::journal_page(const zones::Name& apex, std::size_t limit,
                                                      std::int64_t before_id) {
    constexpr std::string_view kWhere = " WHERE zone_apex = ?2 AND id < ?3";
    static const std::string sql = select(
        kJournalColumns, kMergedChanges, " FROM condensed", kWhere, " UNION ALL SELECT ",
        kJournalColumns, kSingleChange, " FROM journal", kWhere, " ORDER BY id DESC LIMIT ?1");
    return all_rows<JournalRow>(
        database_, sql, [](auto& row) { return read_journal(row); }, page(limit),
        apex.lower().text(), before(before_id));
}

Result<std::optional<JournalRow>> Queries::change_with(const zones::Name& apex, std::int64_t id) {
    constexpr std::string_view kWhere = " WHERE zone_apex = ?1 AND id >= ?2";
    static const std::string sql =
        select(kJournalColumns, kMergedChanges, " FROM condensed", kWhere, " UNION ALL SELECT ",
               kJournalColumns, kSingleChange, " FROM journal", kWhere, " ORDER BY id LIMIT 1");
    auto row = TRY(one_row<JournalRow>(
        database_, sql, [](auto& found) { return read_journal(found); }, apex.lower().text(), id));
    if (row && row->first_id > id) row.reset();
    return row;
}

Result<std::optional<JournalRow>> Queries::oldest_change(const zones::Name& apex) {
    constexpr std::string_view kWhere = " WHERE zone_apex = ?1";
    static const std::string sql =
        select(kJournalColumns, kMergedChanges, " FROM condensed", kWhere, " UNION ALL SELECT ",
               kJournalColumns, kSingleChange, " FROM journal", kWhere, " ORDER BY id LIMIT 1");
    return one_row<JournalRow>(
        database_, sql, [](auto& found) { return read_journal(found); }, apex.lower().text());
}

Result<HistoryBounds> Queries::history_bounds() {
    Statement find = TRY(database_.statement(
        "SELECT lost_at, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'journal'), 0),"
        " (SELECT at FROM journal ORDER BY id LIMIT 1) FROM history_bounds"));
    HistoryBounds bounds;
    const bool found = TRY(find.step());
    if (!found) return bounds;
    bounds.lost_at = find.optional_time(0);
    bounds.newest_id = find.integer(1);
    bounds.single_since = find.optional_time(2);
    return bounds;
}

Result<std::vector<AuditRow>> Queries::audit(std::size_t limit, std::int64_t before_id) {
    static const std::string sql =
        select(kAuditColumns, " FROM audit WHERE id < ?2 ORDER BY id DESC LIMIT ?1");
    return all_rows<AuditRow>(
        database_, sql, [](auto& row) { return read_audit(row); }, page(limit), before(before_id));
}

Result<std::optional<IdempotencyRow>> Queries::idempotency(std::int64_t credential_id,
                                                           std::string_view key) {
    return one_row<IdempotencyRow>(
        database_,
        "SELECT credential_id, key, request_sha256, status, headers, body, at FROM idempotency"
        " WHERE credential_id = ?1 AND key = ?2",
        [](auto& row) { return read_idempotency(row); }, credential_id, key);
}

Result<Counts> Queries::counts() {
    Statement count = TRY(
        database_.statement("SELECT (SELECT count(*) FROM zones), (SELECT count(*) FROM licences),"
                            " (SELECT count(*) FROM servers),"
                            " (SELECT count(*) FROM servers WHERE online = 'online'),"
                            " (SELECT count(*) FROM servers WHERE online = 'offline'),"
                            " (SELECT coalesce(max(id) - min(id) + 1, 0) FROM journal)"));
    TRY(count.step());
    return Counts{count.integer(0), count.integer(1), count.integer(2),
                  count.integer(3), count.integer(4), count.integer(5)};
}

}  // namespace hairpin::store
