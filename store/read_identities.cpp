// Credentials, licences and servers: the first half of store/reader.hpp's questions.

#include <algorithm>
#include <string>
#include <utility>

#include "store/reader.hpp"
#include "store/row_reading.hpp"
#include "store/rows.hpp"

namespace hairpin::store {
namespace {

// All that a credential speaks for; the heartbeat's question.
constexpr std::string_view kIdentityTables =
    " FROM credentials c LEFT JOIN servers s ON s.id = c.server_id"
    " LEFT JOIN licences l ON l.name = coalesce(s.licence, c.licence) WHERE ";

template <typename Value>
Result<std::optional<Identity>> one_identity(Database& database, const std::string& sql,
                                             const Value& value) {
    Statement find = TRY(database.statement(sql));
    find.bind(value);
    const bool found = TRY(find.step());
    if (!found) return std::optional<Identity>();
    constexpr int kServer = kCredentialColumnCount;
    constexpr int kLicence = kServer + kServerColumnCount;
    Identity identity;
    identity.credential = TRY(read_credential(find));
    if (!find.is_null(kServer)) identity.server = TRY(read_server(find, kServer));
    if (!find.is_null(kLicence)) identity.licence = TRY(read_licence(find, kLicence));
    return std::optional(std::move(identity));
}

}  // namespace

Result<std::optional<Identity>> Queries::credential_by_hash(const Sha256& token_hash) {
    static const std::string sql = select(kCredentialColumns, ", ", kServerColumns, ", ",
                                          kLicenceColumns, kIdentityTables, "c.token_hash = ?1");
    return one_identity(database_, sql, token_hash);
}

Result<std::optional<Identity>> Queries::identity(std::int64_t credential_id) {
    static const std::string sql = select(kCredentialColumns, ", ", kServerColumns, ", ",
                                          kLicenceColumns, kIdentityTables, "c.id = ?1");
    return one_identity(database_, sql, credential_id);
}

Result<std::optional<CredentialRow>> Queries::credential(std::int64_t id) {
    static const std::string sql =
        select(kCredentialColumns, " FROM credentials c WHERE c.id = ?1");
    return one_row<CredentialRow>(
        database_, sql, [](auto& row) { return read_credential(row); }, id);
}

Result<std::optional<CredentialRow>> Queries::credential_by_tsig_name(std::string_view name) {
    static const std::string sql =
        select(kCredentialColumns,
               " FROM credentials c WHERE c.tsig_name = ?1 AND c.tsig_name <> ''"
               " AND c.revoked_at IS NULL ORDER BY c.id DESC LIMIT 1");
    return one_row<CredentialRow>(
        database_, sql, [](auto& row) { return read_credential(row); }, name);
}

Result<std::vector<CredentialRow>> Queries::credentials_of_server(std::int64_t server_id) {
    static const std::string sql =
        select(kCredentialColumns, " FROM credentials c WHERE c.server_id = ?1 ORDER BY c.id");
    return all_rows<CredentialRow>(
        database_, sql, [](auto& row) { return read_credential(row); }, server_id);
}

Result<std::vector<CredentialRow>> Queries::credentials(std::size_t limit, std::int64_t after_id) {
    static const std::string sql =
        select(kCredentialColumns, " FROM credentials c WHERE c.id > ?2 ORDER BY c.id LIMIT ?1");
    return all_rows<CredentialRow>(
        database_, sql, [](auto& row) { return read_credential(row); }, page(limit), after_id);
}

Result<std::vector<CredentialRow>> Queries::granted_credentials(std::size_t limit,
                                                                std::int64_t after_id) {
    static const std::string sql =
        select(kCredentialColumns,
               " FROM credentials c WHERE c.kind NOT IN ('operator', 'server') AND c.id > ?2"
               " ORDER BY c.id LIMIT ?1");
    return all_rows<CredentialRow>(
        database_, sql, [](auto& row) { return read_credential(row); }, page(limit), after_id);
}

Result<std::vector<CredentialRow>> Queries::credentials_of_licence(std::string_view licence,
                                                                   std::size_t limit,
                                                                   std::int64_t after_id) {
    static const std::string sql =
        select(kCredentialColumns,
               " FROM credentials c WHERE c.licence = ?2 AND c.id > ?3 ORDER BY c.id LIMIT ?1");
    return all_rows<CredentialRow>(
        database_, sql, [](auto& row) { return read_credential(row); }, page(limit), licence,
        after_id);
}

Result<std::int64_t> Queries::count_operators_credentials() {
    Statement count = TRY(database_.statement(
        "SELECT count(*) FROM credentials WHERE kind NOT IN ('operator', 'server')"
        " AND licence IS NULL AND server_id IS NULL"));
    TRY(count.step());
    return count.integer(0);
}

Result<std::int64_t> Queries::count_credentials_of_licence(std::string_view licence) {
    Statement count = TRY(
        database_.statement("SELECT (SELECT count(*) FROM credentials WHERE licence = ?1) +"
                            " (SELECT count(*) FROM servers s JOIN credentials c ON c.server_id ="
                            " s.id WHERE s.licence = ?1 AND c.kind <> 'server')"));
    count.bind(licence);
    TRY(count.step());
    return count.integer(0);
}

Result<std::optional<LicenceRow>> Queries::licence(std::string_view name) {
    static const std::string sql = select(kLicenceColumns, " FROM licences l WHERE l.name = ?1");
    return one_row<LicenceRow>(
        database_, sql, [](auto& row) { return read_licence(row); }, name);
}

Result<std::optional<LicenceRow>> Queries::licence_of_zone(const zones::Name& apex) {
    static const std::string sql =
        select(kLicenceColumns, " FROM licences l WHERE l.zone_apex = ?1");
    return one_row<LicenceRow>(
        database_, sql, [](auto& row) { return read_licence(row); }, apex.lower().text());
}

Result<std::vector<LicenceRow>> Queries::licences(std::size_t limit, std::string_view after_name) {
    static const std::string sql =
        select(kLicenceColumns, " FROM licences l WHERE l.name > ?2 ORDER BY l.name LIMIT ?1");
    return all_rows<LicenceRow>(
        database_, sql, [](auto& row) { return read_licence(row); }, page(limit), after_name);
}

Result<std::optional<ServerRow>> Queries::server(std::int64_t id) {
    static const std::string sql = select(kServerColumns, " FROM servers s WHERE s.id = ?1");
    return one_row<ServerRow>(
        database_, sql, [](auto& row) { return read_server(row); }, id);
}

Result<std::optional<ServerRow>> Queries::server(std::string_view licence, std::string_view label) {
    static const std::string sql =
        select(kServerColumns, " FROM servers s WHERE s.licence = ?1 AND s.label = ?2");
    return one_row<ServerRow>(
        database_, sql, [](auto& row) { return read_server(row); }, licence, label);
}

Result<std::vector<ServerRow>> Queries::servers(std::string_view licence, std::size_t limit,
                                                std::string_view after_label) {
    static const std::string sql =
        select(kServerColumns,
               " FROM servers s WHERE s.licence = ?2 AND s.label > ?3 ORDER BY s.label LIMIT ?1");
    return all_rows<ServerRow>(
        database_, sql, [](auto& row) { return read_server(row); }, page(limit), licence,
        after_label);
}

Result<std::vector<ServerRow>> Queries::all_servers(std::size_t limit, std::int64_t after_id) {
    static const std::string sql =
        select(kServerColumns, " FROM servers s WHERE s.id > ?2 ORDER BY s.id LIMIT ?1");
    return all_rows<ServerRow>(
        database_, sql, [](auto& row) { return read_server(row); }, page(limit), after_id);
}

Result<std::vector<ServerRow>> Queries::silent_since(WallTime time, std::size_t limit) {
    static const std::string sql =
        select(kServerColumns,
               " FROM servers s WHERE s.online = 'online' AND s.last_seen_at < ?2"
               " ORDER BY s.last_seen_at LIMIT ?1");
    return all_rows<ServerRow>(
        database_, sql, [](auto& row) { return read_server(row); }, page(limit), time);
}

}  // namespace hairpin::store
