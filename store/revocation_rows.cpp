#include "store/revocation_rows.hpp"

#include <algorithm>

#include "store/rows.hpp"
#include "store/telling.hpp"

namespace hairpin::store {
namespace {

constexpr std::string_view kRevocationColumns =
    "id, sha256, key_sha256, der, subject, reason, asked_at, next_at, done_at, failures, problem, "
    "directory, account, key_sealed, key_subject FROM revocations ";

Result<Sha256> hash_of_revocation(const Statement& row, int column) {
    const OctetView octets = row.octets(column);
    Sha256 hash{};
    if (octets.size() != hash.size())
        return fail(Error{ErrorCode::Corrupt, "revocation", "a hash is not of 32 octets"});
    std::copy(octets.begin(), octets.end(), hash.begin());
    return hash;
}

Result<RevocationRow> read_revocation(const Statement& row) {
    RevocationRow revocation;
    revocation.id = row.integer(0);
    revocation.sha256 = TRY(hash_of_revocation(row, 1));
    revocation.key_sha256 = TRY(hash_of_revocation(row, 2));
    revocation.der = row.copy_octets(3);
    revocation.subject = row.string(4);
    revocation.reason = static_cast<int>(row.integer(5));
    revocation.asked_at = row.time(6);
    revocation.next_at = row.optional_time(7);
    revocation.done_at = row.optional_time(8);
    revocation.failures = row.integer(9);
    revocation.problem = row.string(10);
    revocation.directory = row.string(11);
    revocation.account = row.string(12);
    revocation.key_sealed = row.copy_octets(13);
    revocation.key_subject = row.integer(14);
    return revocation;
}

const auto kReadRevocation = [](auto& row) { return read_revocation(row); };

}  // namespace

Result<std::optional<RevocationRow>> revocation(Database& database, const Sha256& sha256) {
    return one_row<RevocationRow>(database, select(kRevocationColumns, "WHERE sha256 = ?1"),
                                  kReadRevocation, sha256);
}

Result<std::vector<RevocationRow>> due_revocations(Database& database, WallTime now,
                                                   std::size_t limit) {
    return all_rows<RevocationRow>(
        database, select(kRevocationColumns, "WHERE next_at <= ?1 ORDER BY next_at, id LIMIT ?2"),
        kReadRevocation, now, page(limit));
}

Result<bool> is_compromised_key(Database& database, const Sha256& key_sha256) {
    Statement find = TRY(database.statement(
        "SELECT 1 FROM revocations WHERE key_sha256 = ?1 AND reason = 1 LIMIT 1"));
    find.bind(key_sha256);
    return find.step();
}

Result<std::optional<std::int64_t>> server_of_certificate(Database& database,
                                                          const Sha256& sha256) {
    return one_row<std::int64_t>(
        database, "SELECT server_id FROM certificates WHERE sha256 = ?1 LIMIT 1",
        [](auto& row) -> Result<std::int64_t> { return row.integer(0); }, sha256);
}

Result<std::vector<CertificateRow>> unrevoked_certificates(Database& database,
                                                           std::int64_t server_id, WallTime now) {
    const auto hashes = TRY(all_rows<Sha256>(
        database,
        "SELECT c.sha256 FROM certificates c WHERE c.server_id = ?1 AND c.not_after > ?2 AND NOT"
        " EXISTS (SELECT 1 FROM revocations r WHERE r.sha256 = c.sha256) ORDER BY c.issued_at",
        [](auto& row) { return hash_of_revocation(row, 0); }, server_id, now));
    std::vector<CertificateRow> rows;
    AcmeQueries queries(database);
    for (const Sha256& each : hashes)
        if (auto row = TRY(queries.certificate(server_id, each))) rows.push_back(*std::move(row));
    return rows;
}

Result<void> insert_revocation(Writer& writer, const RevocationRow& row) {
    return writer.database().run(
        "INSERT INTO revocations (sha256, key_sha256, der, subject, reason, asked_at, next_at,"
        " directory, account, key_sealed, key_subject)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        row.sha256, row.key_sha256, row.der, row.subject, row.reason, row.asked_at, row.next_at,
        row.directory, row.account, row.key_sealed, row.key_subject);
}

Result<void> update_revocation(Writer& writer, const RevocationRow& row) {
    Database& database = writer.database();
    TRY(
        database.run("UPDATE revocations SET next_at = ?2, done_at = ?3, failures = ?4,"
                     " problem = ?5, key_sealed = ?6 WHERE id = ?1",
                     row.id, row.next_at, row.done_at, row.failures, row.problem, row.key_sealed));
    if (database.changed_rows() == 0)
        return fail(Error{ErrorCode::NotFound, row.subject, "the revocation is not there"});
    return tell_of_revocation(writer, row);
}

Result<bool> has_revoked(Database& database, const Subject& subject, WallTime now) {
    Statement row = TRY(database.statement(
        "SELECT EXISTS (SELECT 1 FROM certificates JOIN revocations USING (sha256) "
        "WHERE server_id = ?1 AND name_alone = ?2 AND not_after > ?3)"));
    row.bind(subject.server_id, subject.name_alone, now);
    TRY(row.step());
    return row.integer(0) != 0;
}

}  // namespace hairpin::store
