#include "store/preflight_rows.hpp"

#include "store/row_reading.hpp"
#include "store/rows.hpp"

namespace hairpin::store {
namespace {

Result<PreflightRow> read_preflight(const Statement& row) {
    return PreflightRow{TRY(parse_apex(row.string(0))), row.string(1), row.string(2), row.time(3)};
}

}  // namespace

Result<std::optional<PreflightRow>> preflight_of(Database& database, const zones::Name& zone) {
    return one_row<PreflightRow>(
        database, "SELECT zone_apex, outcome, text, at FROM acme_preflights WHERE zone_apex = ?1",
        read_preflight, zone.lower().text());
}

Result<std::vector<PreflightRow>> preflights(Database& database) {
    return all_rows<PreflightRow>(
        database, "SELECT zone_apex, outcome, text, at FROM acme_preflights", read_preflight);
}

Result<void> put_preflight(Writer& writer, const PreflightRow& row) {
    return writer.database().run(
        "INSERT OR REPLACE INTO acme_preflights SELECT apex, ?2, ?3, ?4 FROM zones"
        " WHERE apex = ?1",
        row.zone.lower().text(), row.outcome, row.text, row.at);
}

Result<void> erase_preflight(Writer& writer, const zones::Name& zone) {
    return writer.database().run("DELETE FROM acme_preflights WHERE zone_apex = ?1",
                                 zone.lower().text());
}

}  // namespace hairpin::store
