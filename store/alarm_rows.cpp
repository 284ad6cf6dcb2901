#include "store/alarm_rows.hpp"

#include "store/rows.hpp"

namespace hairpin::store {

Result<std::vector<ToldAlarm>> told_alarms(Database& database, std::int64_t after,
                                           std::int64_t last) {
    return all_rows<ToldAlarm>(
        database,
        "SELECT server_id, kind, since_at FROM certificate_alarms"
        " WHERE server_id > ?1 AND server_id <= ?2 ORDER BY server_id",
        [](auto& row) -> Result<ToldAlarm> {
            return ToldAlarm{row.integer(0), row.string(1), row.time(2)};
        },
        after, last);
}

Result<void> put_told_alarm(Writer& writer, std::int64_t server_id, std::string_view kind) {
    return writer.database().run(
        "INSERT INTO certificate_alarms (server_id, kind, since_at) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (server_id) DO UPDATE SET kind = ?2, since_at = ?3",
        server_id, kind, writer.now());
}

Result<void> erase_told_alarm(Writer& writer, std::int64_t server_id) {
    return writer.database().run("DELETE FROM certificate_alarms WHERE server_id = ?1", server_id);
}

}  // namespace hairpin::store
