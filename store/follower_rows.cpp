#include "store/follower_rows.hpp"

#include "store/rows.hpp"

namespace hairpin::store {

Result<void> write_follower(Database& database, const zones::Held& held, WallTime at) {
    const std::string apex = held.apex.lower().text();
    TRY(
        database.run("INSERT INTO zone_followers (zone_id, follower, serial, at)"
                     " SELECT id, ?2, ?3, ?4 FROM zones WHERE apex = ?1"
                     " ON CONFLICT (zone_id, follower) DO UPDATE SET serial = ?3, at = ?4",
                     apex, held.follower, held.serial, at));
    return database.run(
        "DELETE FROM zone_followers WHERE (zone_id, follower) IN (SELECT zone_id, follower"
        " FROM zone_followers WHERE zone_id = (SELECT id FROM zones WHERE apex = ?1)"
        " ORDER BY at DESC, follower LIMIT -1 OFFSET ?2)",
        apex, static_cast<std::int64_t>(kMostFollowers));
}

Result<std::vector<std::uint32_t>> held_serials(Database& database, std::string_view apex) {
    return all_rows<std::uint32_t>(
        database,
        "SELECT f.serial FROM zones z JOIN zone_followers f ON f.zone_id = z.id WHERE z.apex = ?1",
        [](auto& row) -> Result<std::uint32_t> {
            return static_cast<std::uint32_t>(row.integer(0));
        },
        apex);
}

}  // namespace hairpin::store
