#include "store/caa_rows.hpp"

#include "store/row_reading.hpp"
#include "store/rows.hpp"

namespace hairpin::store {
namespace {

Result<CaaRow> read_caa_row(const Statement& row) {
    return CaaRow{TRY(parse_apex(row.string(0))), row.string(1), row.string(2), row.time(3),
                  row.time(4)};
}

}  // namespace

Result<std::vector<CaaRow>> caa_rows(Database& database) {
    return all_rows<CaaRow>(database,
                            "SELECT zone_apex, account_url, value, published_at, usable_at"
                            " FROM acme_caa ORDER BY zone_apex, account_url",
                            read_caa_row);
}

Result<std::vector<CaaRow>> caa_rows_of(Database& database, const zones::Name& zone) {
    return all_rows<CaaRow>(database,
                            "SELECT zone_apex, account_url, value, published_at, usable_at"
                            " FROM acme_caa WHERE zone_apex = ?1 ORDER BY account_url",
                            read_caa_row, zone.lower().text());
}

Result<std::vector<zones::Name>> zones_with_orders(Database& database) {
    return all_rows<zones::Name>(
        database,
        "SELECT DISTINCT zone_apex FROM acme_attempts"
        " WHERE state NOT IN ('superseded', 'cancelled') ORDER BY zone_apex",
        [](const Statement& row) { return parse_apex(row.string(0)); });
}

Result<void> put_caa(Writer& writer, const CaaRow& row) {
    TRY(writer.database().run(
        "INSERT OR REPLACE INTO acme_caa SELECT apex, ?2, ?3, ?4, ?5"
        " FROM zones WHERE apex = ?1",
        row.zone.lower().text(), row.account_url, row.value, row.published_at, row.usable_at));
    if (writer.database().changed_rows() == 0)
        return fail(Error{ErrorCode::NotFound, row.zone.text(), "there is no such zone"});
    return {};
}

Result<void> erase_caa(Writer& writer, const zones::Name& zone, const std::string& account_url) {
    return writer.database().run("DELETE FROM acme_caa WHERE zone_apex = ?1 AND account_url = ?2",
                                 zone.lower().text(), account_url);
}

}  // namespace hairpin::store
