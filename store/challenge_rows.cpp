#include "store/challenge_rows.hpp"

#include "store/rows.hpp"

namespace hairpin::store {

Result<std::vector<ChallengeValue>> challenge_values(Database& database, const zones::Name& apex,
                                                     const zones::Name& owner,
                                                     std::int64_t credential_id) {
    return all_rows<ChallengeValue>(
        database,
        "SELECT v.value, v.at FROM zones z JOIN challenge_values v ON v.zone_id = z.id"
        " WHERE z.apex = ?1 AND v.owner = ?2 AND v.credential_id = ?3 ORDER BY v.at, v.value",
        [](auto& row) -> Result<ChallengeValue> {
            return ChallengeValue{row.copy_octets(0), row.time(1)};
        },
        apex.lower().text(), owner.lower().text(), credential_id);
}

Result<bool> others_wrote(Database& database, const zones::Name& apex, const zones::Name& owner,
                          std::int64_t credential_id, OctetView rdata) {
    Statement find = TRY(database.statement(
        "SELECT 1 FROM zones z JOIN challenge_values v ON v.zone_id = z.id"
        " WHERE z.apex = ?1 AND v.owner = ?2 AND v.credential_id <> ?3 AND v.value = ?4 LIMIT 1"));
    find.bind(apex.lower().text(), owner.lower().text(), credential_id, rdata);
    return find.step();
}

Result<void> put_challenge_value(Writer& writer, const zones::Name& apex, const zones::Name& owner,
                                 std::int64_t credential_id, OctetView rdata) {
    const auto zone = TRY(writer.read().zone(apex));
    if (!zone) return fail(Error{ErrorCode::NotFound, apex.text(), "there is no such zone"});
    return writer.database().run(
        "INSERT INTO challenge_values (zone_id, owner, credential_id, value, at)"
        " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET at = excluded.at",
        zone->id, owner.lower().text(), credential_id, rdata, writer.now());
}

Result<void> erase_challenge_value(Writer& writer, const zones::Name& apex,
                                   const zones::Name& owner, std::int64_t credential_id,
                                   OctetView rdata) {
    return writer.database().run(
        "DELETE FROM challenge_values WHERE zone_id = (SELECT id FROM zones WHERE apex = ?1)"
        " AND owner = ?2 AND credential_id = ?3 AND value = ?4",
        apex.lower().text(), owner.lower().text(), credential_id, rdata);
}

}  // namespace hairpin::store
