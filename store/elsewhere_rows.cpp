#include "store/elsewhere_rows.hpp"

#include "store/row_reading.hpp"
#include "store/rows.hpp"

namespace hairpin::store {
namespace {

Result<ElsewhereRow> read_elsewhere_row(const Statement& row) {
    return ElsewhereRow{TRY(parse_apex(row.string(0))), row.string(1),
                        TRY(parse_apex(row.string(2))), row.integer(3), row.time(4)};
}

}  // namespace

Result<void> note_elsewhere(Writer& writer, const ElsewhereRow& row) {
    return writer.database().run(
        "INSERT INTO acme_elsewhere (owner, value, apex, attempt_id, noted_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT (owner, value) DO UPDATE SET apex = ?3, attempt_id = ?4",
        row.owner.lower().text(), row.value, row.apex.lower().text(), row.attempt_id, row.noted_at);
}

Result<std::vector<ElsewhereRow>> left_elsewhere(Database& database, std::size_t limit) {
    return all_rows<ElsewhereRow>(
        database,
        "SELECT owner, value, apex, attempt_id, noted_at FROM acme_elsewhere e"
        " WHERE NOT EXISTS (SELECT 1 FROM acme_authorizations a WHERE a.attempt_id = e.attempt_id"
        " AND a.elsewhere = 1 AND lower(a.txt_owner) = e.owner AND a.txt_value = e.value)"
        " ORDER BY noted_at LIMIT ?1",
        read_elsewhere_row, static_cast<std::int64_t>(limit));
}

Result<void> erase_elsewhere(Writer& writer, const ElsewhereRow& row) {
    return writer.database().run(
        "DELETE FROM acme_elsewhere WHERE owner = ?1 AND value = ?2 AND attempt_id = ?3",
        row.owner.lower().text(), row.value, row.attempt_id);
}

}  // namespace hairpin::store
