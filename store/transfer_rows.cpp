#include "store/transfer_rows.hpp"

#include <string>

#include "store/row_reading.hpp"
#include "store/rows.hpp"

namespace hairpin::store {
namespace {

Result<zones::Name> read_apex_column(const Statement& row) {
    return parse_apex(row.text(0));
}

Result<SecondaryRow> read_secondary(const Statement& row) {
    const auto address = Endpoint::parse(row.text(0));
    if (!address)
        return fail(Error{ErrorCode::Corrupt, row.string(0), "is not an address of a secondary"});
    SecondaryRow secondary{*address, {}};
    if (!row.text(1).empty()) secondary.key = TRY(parse_apex(row.text(1)));
    return secondary;
}

Result<TransferKey> read_transfer_key(const Statement& row) {
    return TransferKey{TRY(parse_apex(row.text(0))), TRY(parse_prefixes(row.text(1))),
                       row.optional_time(2)};
}

/// The row of a zone that must be there.
Result<std::int64_t> id_of_zone(Writer& writer, const zones::Name& apex) {
    const auto zone = TRY(writer.read().zone(apex));
    if (!zone) return fail(Error{ErrorCode::NotFound, apex.text(), "there is no such zone"});
    return zone->id;
}

}  // namespace

Result<std::vector<TransferKey>> TransferQueries::keys_of_zone(const GrantedZone& apex) {
    // As admin::effective_grants() and check_standing() have it: a grant is of the whole zone, what
    // a licence or its server owns reaches the licence's zone alone, and rests with either. A
    // revoked key is not in the ring, so nothing is signed with it; it is left out all the same.
    constexpr std::string_view kOfEvery =
        "SELECT c.tsig_name, c.sources, NULL FROM credential_grants g"
        " JOIN credentials c ON c.id = g.credential_id"
        " WHERE g.zone_id IS NULL AND (g.operations & 4) <> 0 AND g.names = '' AND g.types = ''"
        " AND c.tsig_name <> '' AND c.revoked_at IS NULL AND c.licence IS NULL"
        " AND c.server_id IS NULL ORDER BY c.id";
    constexpr std::string_view kOfOne =
        "SELECT c.tsig_name, c.sources, l.expires_at FROM zones z"
        " JOIN credential_grants g ON g.zone_id = z.id"
        " JOIN credentials c ON c.id = g.credential_id LEFT JOIN servers s ON s.id = c.server_id"
        " LEFT JOIN licences l ON l.name = coalesce(s.licence, c.licence)"
        " WHERE z.apex = ?1 AND (g.operations & 4) <> 0 AND g.names = '' AND g.types = ''"
        " AND c.tsig_name <> '' AND c.revoked_at IS NULL"
        " AND ((c.licence IS NULL AND c.server_id IS NULL)"
        "  OR (l.state = 'active' AND l.zone_apex = z.apex"
        "   AND (s.id IS NULL OR s.state <> 'suspended'))) ORDER BY c.id";
    const auto read = [](auto& row) { return read_transfer_key(row); };
    if (!apex) return all_rows<TransferKey>(database_, kOfEvery, read);
    return all_rows<TransferKey>(database_, kOfOne, read, apex->lower().text());
}

Result<std::vector<SecondaryRow>> TransferQueries::secondaries_of(const zones::Name& apex) {
    return all_rows<SecondaryRow>(
        database_,
        "SELECT s.address, s.tsig_name FROM zones z JOIN zone_secondaries s ON s.zone_id = z.id"
        " WHERE z.apex = ?1 ORDER BY s.position",
        [](auto& row) { return read_secondary(row); }, apex.lower().text());
}

Result<std::vector<zones::Name>> TransferQueries::zones_with_rows(std::size_t limit,
                                                                  std::string_view after_apex) {
    return all_rows<zones::Name>(
        database_,
        "SELECT apex FROM zones WHERE apex > ?2 AND id IN (SELECT zone_id FROM credential_grants"
        " WHERE (operations & 4) <> 0 UNION SELECT zone_id FROM zone_secondaries) ORDER BY apex "
        "LIMIT ?1",
        [](auto& row) { return read_apex_column(row); }, page(limit), after_apex);
}

Result<std::vector<zones::Name>> TransferQueries::zones_with_key(const zones::Name& key) {
    return all_rows<zones::Name>(
        database_,
        "SELECT DISTINCT z.apex FROM zone_secondaries s JOIN zones z ON z.id = s.zone_id"
        " WHERE s.tsig_name = ?2 AND s.tsig_name <> '' ORDER BY z.apex LIMIT ?1",
        [](auto& row) { return read_apex_column(row); }, page(kMaxPage), key.lower().text());
}

Result<void> put_secondaries(Writer& writer, const zones::Name& apex,
                             const std::vector<SecondaryRow>& secondaries) {
    const std::int64_t zone = TRY(id_of_zone(writer, apex));
    Database& database = writer.database();
    if (TRY(TransferQueries(database).secondaries_of(apex)) == secondaries) return {};
    TRY(database.run("DELETE FROM zone_secondaries WHERE zone_id = ?1", zone));
    std::int64_t position = 0;
    for (const SecondaryRow& each : secondaries)
        TRY(
            database.run("INSERT INTO zone_secondaries (zone_id, position, address, tsig_name)"
                         " VALUES (?1, ?2, ?3, ?4)",
                         zone, position++, each.address.text(),
                         each.key ? each.key->lower().text() : std::string()));
    writer.touch_transfers(apex);
    return {};
}

}  // namespace hairpin::store
