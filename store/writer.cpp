#include "store/writer.hpp"

#include <string>
#include <utility>

#include "store/audit_rows.hpp"
#include "store/row_reading.hpp"
#include "store/rows.hpp"
#include "store/telling.hpp"

namespace hairpin::store {
namespace {

// SQLite says which constraint; we know which thing.
Result<void> about(Result<void> result, std::string subject) {
    if (result || result.error().code != ErrorCode::Conflict) return result;
    Error error = std::move(result).error();
    error.subject = std::move(subject);
    return fail(std::move(error));
}

Error not_found(std::string subject) {
    return {ErrorCode::NotFound, std::move(subject), "there is no such thing"};
}

// After an UPDATE of one version of a row: was it there, and still that version?
Result<void> check_version(Database& database, bool row_exists, std::string subject) {
    if (database.changed_rows() == 1) return {};
    if (!row_exists) return fail(not_found(std::move(subject)));
    return fail(Error{ErrorCode::Conflict, std::move(subject), "it was changed meanwhile"});
}

}  // namespace

template <typename Value>
Result<void> Writer::note_keys(std::string_view condition, const Value& value) {
    if (touched_ == nullptr) return {};
    const std::string sql =
        select("c.tsig_name FROM credentials c LEFT JOIN servers s ON s.id = c.server_id WHERE (",
               condition, ") AND c.tsig_name <> ''");
    auto names = TRY(all_rows<std::string>(
        database(), sql, [](auto& row) -> Result<std::string> { return row.string(0); }, value));
    touched_->tsig_names.insert(touched_->tsig_names.end(), names.begin(), names.end());
    return {};
}

Result<void> Writer::note_transfers(std::string_view condition, std::int64_t value) {
    if (touched_ == nullptr) return {};
    const std::string sql = select(
        "coalesce(z.apex, '.') FROM credentials c JOIN credential_grants g"
        " ON g.credential_id = c.id LEFT JOIN zones z ON z.id = g.zone_id WHERE ",
        condition, " AND (g.operations & 4) <> 0");
    for (const zones::Name& apex : TRY(all_rows<zones::Name>(
             database(), sql, [](auto& row) { return parse_apex(row.text(0)); }, value)))
        touch_transfers(apex);
    return {};
}

Result<void> Writer::note_servers_of(std::string_view licence) {
    if (touched_ == nullptr) return {};
    const auto ids = TRY(all_rows<std::int64_t>(
        database(), "SELECT id FROM servers WHERE licence = ?1",
        [](auto& row) -> Result<std::int64_t> { return row.integer(0); }, licence));
    touched_->servers.insert(touched_->servers.end(), ids.begin(), ids.end());
    return {};
}

/// Its key and its server, while its row is there.
Result<void> Writer::note_credential(std::int64_t id) {
    TRY(note_keys("c.id = ?1", id));
    const auto row = TRY(queries_.credential(id));
    if (row && row->server_id) touch_server(*row->server_id);
    return {};
}

Result<void> Writer::insert_licence(const LicenceRow& row) {
    TRY(about(
        database().run("INSERT INTO licences (name, zone_apex, plan, state, expires_at, created_at,"
                       " certificate_profile, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1)",
                       row.name, row.zone_apex.lower().text(), row.plan, to_string(row.state),
                       row.expires_at, row.created_at, row.certificate_profile),
        row.name));
    return tell_of_licence(*this, EventKind::LicenceCreated, row);
}

Result<void> Writer::update_licence(const LicenceRow& row) {
    const auto current = TRY(read().licence(row.name));
    TRY(
        database().run("UPDATE licences SET plan = ?3, state = ?4, expires_at = ?5,"
                       " certificate_profile = ?6, version = version + 1"
                       " WHERE name = ?1 AND version = ?2",
                       row.name, row.version, row.plan, to_string(row.state), row.expires_at,
                       row.certificate_profile));
    touch_transfers(row.zone_apex);  // Its keys transfer only while it is active.
    TRY(check_version(database(), current.has_value(), row.name));
    TRY(note_servers_of(row.name));
    return tell_of_state(*this, *current, row.state);
}

Result<void> Writer::erase_licence(std::string_view name) {
    TRY(note_keys("s.licence = ?1 OR c.licence = ?1", name));
    TRY(note_servers_of(name));
    const auto row = TRY(read().licence(name));
    if (!row) return fail(not_found(std::string(name)));
    TRY(database().run("DELETE FROM licences WHERE name = ?1", name));
    return tell_of_licence(*this, EventKind::LicenceWithdrawn, *row);
}

Result<void> Writer::set_catalog_group(const zones::Name& apex, std::string_view group) {
    TRY(database().run("UPDATE zones SET catalog_group = ?2 WHERE apex = ?1", apex.lower().text(),
                       group));
    if (database().changed_rows() == 0) return fail(not_found("zone " + apex.text()));
    if (touched_ != nullptr) touched_->regrouped.push_back(apex);
    return {};
}

Result<std::int64_t> Writer::insert_server(const ServerRow& row) {
    TRY(about(
        database().run("INSERT INTO servers (licence, label, port, state, created_at, version)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, 1)",
                       row.licence, row.label, row.port, to_string(row.state), row.created_at),
        row.licence + "/" + row.label));
    const std::int64_t id = database().last_insert_id();
    TRY(tell_of_server(*this, EventKind::ServerCreated, row));
    return id;
}

Result<void> Writer::update_server(const ServerRow& row) {
    const auto current = TRY(read().server(row.id));
    TRY(
        database().run("UPDATE servers SET port = ?3, state = ?4, version = version + 1"
                       " WHERE id = ?1 AND version = ?2",
                       row.id, row.version, row.port, to_string(row.state)));
    touch_server(row.id);
    TRY(check_version(database(), current.has_value(), row.licence + "/" + row.label));
    TRY(note_transfers("c.server_id = ?1", row.id));
    return tell_of_state(*this, *current, row.state);
}

Result<void> Writer::erase_server(std::int64_t id) {
    TRY(note_keys("c.server_id = ?1", id));
    touch_server(id);
    const auto row = TRY(read().server(id));
    if (!row) return fail(not_found("server " + std::to_string(id)));
    TRY(database().run("DELETE FROM servers WHERE id = ?1", id));
    return tell_of_server(*this, EventKind::ServerRemoved, *row);
}

Result<std::int64_t> Writer::insert_credential(const CredentialRow& row) {
    TRY(about(
        database().run(
            "INSERT INTO credentials (kind, token_hash, server_id, label, created_at, expires_at,"
            " tsig_name, tsig_algorithm, tsig_sealed, weak_allowed, licence, login, sources,"
            " per_minute)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, nullif(?11, ''), ?12, ?13, ?14)",
            to_string(row.kind), row.token_hash, row.server_id, row.label, row.created_at,
            row.expires_at, row.tsig_name, row.tsig_algorithm, row.tsig_sealed,
            row.weak_allowed ? 1 : 0, row.licence, row.login, prefixes_text(row.sources),
            row.per_minute),
        "credential " + row.label));
    const std::int64_t id = database().last_insert_id();
    if (touched_ != nullptr && !row.tsig_name.empty())
        touched_->tsig_names.push_back(row.tsig_name);
    if (row.server_id) touch_server(*row.server_id);
    CredentialRow inserted = row;
    inserted.id = id;
    TRY(tell_of_credential(*this, EventKind::CredentialCreated, inserted));
    return id;
}

Result<void> Writer::update_credential(const CredentialRow& row) {
    TRY(note_credential(row.id));
    TRY(database().run(
        "UPDATE credentials SET label = ?2, expires_at = ?3, sources = ?4,"
        " per_minute = ?5 WHERE id = ?1",
        row.id, row.label, row.expires_at, prefixes_text(row.sources), row.per_minute));
    if (database().changed_rows() == 0)
        return fail(not_found("credential " + std::to_string(row.id)));
    return note_transfers("c.id = ?1", row.id);  // Where from its key may be used.
}

Result<void> Writer::revoke_credential(std::int64_t id) {
    TRY(note_credential(id));
    const auto row = TRY(read().credential(id));
    if (!row) return fail(not_found("credential " + std::to_string(id)));
    TRY(database().run("UPDATE credentials SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1",
                       id, now_));
    if (row->revoked_at) return {};
    return tell_of_credential(*this, EventKind::CredentialRevoked, *row);
}

Result<void> Writer::erase_credential(std::int64_t id) {
    TRY(note_credential(id));
    const auto row = TRY(read().credential(id));
    if (!row) return fail(not_found("credential " + std::to_string(id)));
    TRY(database().run("DELETE FROM credentials WHERE id = ?1", id));
    return tell_of_credential(*this, EventKind::CredentialRevoked, *row);
}

Result<void> Writer::revoke_credentials_of_server(std::int64_t server_id, std::int64_t except_id) {
    TRY(note_keys("c.server_id = ?1", server_id));
    touch_server(server_id);
    TRY(tell_of_credentials(*this, EventKind::CredentialRevoked, server_id, except_id));
    return database().run(
        "UPDATE credentials SET revoked_at = coalesce(revoked_at, ?3)"
        " WHERE server_id = ?1 AND id <> ?2",
        server_id, except_id, now_);
}

Result<void> Writer::expire_credentials_of_server(std::int64_t server_id, std::int64_t except_id,
                                                  WallTime expires_at) {
    TRY(note_keys("c.server_id = ?1", server_id));
    touch_server(server_id);
    TRY(tell_of_credentials(*this, EventKind::CredentialRotated, server_id, except_id,
                            [&](JsonWriter& data) {
                                data.member("successor", except_id);
                                data.member("holds_until", expires_at);
                            }));
    return database().run(
        "UPDATE credentials SET expires_at = min(coalesce(expires_at, ?3), ?3)"
        " WHERE server_id = ?1 AND id <> ?2",
        server_id, except_id, expires_at);
}

Result<void> Writer::insert_idempotency(const IdempotencyRow& row) {
    return about(database().run("INSERT INTO idempotency (credential_id, key, request_sha256,"
                                " status, headers, body, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                                row.credential_id, row.key, row.request_sha256, row.status,
                                row.headers, row.body, row.at),
                 "idempotency key " + row.key);
}

Result<void> Writer::audit(const AuditRow& row) {
    return write_audit(database(), row);
}

Result<void> Writer::tell_rotated(const CredentialRow& old, std::int64_t successor,
                                  WallTime holds_until) {
    return tell_of_credential(*this, EventKind::CredentialRotated, old, [&](JsonWriter& data) {
        data.member("successor", successor);
        data.member("holds_until", holds_until);
    });
}

Result<void> Writer::tell(Event event) {
    EventRow row;
    row.at = now_;
    row.kind = to_string(event.kind);
    row.licence = std::move(event.licence);
    row.subject = std::move(event.subject);
    if (actor_ != nullptr) {
        row.actor_kind = actor_->kind;
        row.door = actor_->door;
    }
    row.data = event.data.take();
    const std::int64_t id = TRY(insert_event(database(), row));
    if (touched_ != nullptr) touched_->last_event = id;
    return {};
}

}  // namespace hairpin::store
