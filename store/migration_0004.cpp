// Keys that an operator makes, what they may transfer, and the secondaries of zones. Never edited
// after a release: see store/migrations.hpp.
//
// Conventions as in migration_0001.cpp.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kText = R"sql(
-- SQLite alters no CHECK, so `credentials` is made anew, and with it what refers to it: dropping the old table would
-- take the rows along. A key of the kind 'tsig' has no token; its `token_hash` is random, the hash of nobody's.
CREATE TABLE credentials_4 (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    kind           TEXT NOT NULL CHECK (kind IN ('operator', 'server', 'tsig')),
    token_hash     BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    server_id      INTEGER REFERENCES servers (id) ON DELETE CASCADE,
    label          TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER,
    revoked_at     INTEGER,
    last_used_at   INTEGER,
    tsig_name      TEXT NOT NULL DEFAULT '' CHECK (tsig_name = lower(tsig_name)),
    tsig_algorithm TEXT NOT NULL DEFAULT '',
    tsig_sealed    BLOB NOT NULL DEFAULT x'',
    weak_allowed   INTEGER NOT NULL DEFAULT 0 CHECK (weak_allowed IN (0, 1)),
    CHECK ((kind = 'server') = (server_id IS NOT NULL)),
    CHECK (kind <> 'tsig' OR (tsig_name <> '' AND length(tsig_sealed) > 0))
) STRICT;
INSERT INTO credentials_4 SELECT id, kind, token_hash, server_id, label, created_at, expires_at, revoked_at,
    last_used_at, tsig_name, tsig_algorithm, tsig_sealed, 0 FROM credentials;
-- Ids are not given twice: the audit names them.
DELETE FROM sqlite_sequence WHERE name = 'credentials_4';
INSERT INTO sqlite_sequence (name, seq) SELECT 'credentials_4', seq FROM sqlite_sequence WHERE name = 'credentials';

CREATE TABLE idempotency_4 (
    credential_id  INTEGER NOT NULL REFERENCES credentials_4 (id) ON DELETE CASCADE,
    key            TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_sha256 BLOB NOT NULL CHECK (length(request_sha256) = 32),
    status         INTEGER NOT NULL CHECK (status BETWEEN 100 AND 599),
    headers        TEXT NOT NULL,
    body           BLOB NOT NULL,
    at             INTEGER NOT NULL,
    PRIMARY KEY (credential_id, key)
) STRICT, WITHOUT ROWID;
INSERT INTO idempotency_4 SELECT credential_id, key, request_sha256, status, headers, body, at FROM idempotency;

DROP TABLE idempotency;
DROP TABLE credentials;
ALTER TABLE credentials_4 RENAME TO credentials;
ALTER TABLE idempotency_4 RENAME TO idempotency;
CREATE INDEX credentials_by_server ON credentials (server_id) WHERE server_id IS NOT NULL;
CREATE INDEX credentials_by_tsig ON credentials (tsig_name) WHERE tsig_name <> '';
CREATE UNIQUE INDEX credentials_of_kind_tsig ON credentials (tsig_name) WHERE kind = 'tsig';
CREATE INDEX idempotency_by_age ON idempotency (at);

-- What a credential may do. Without a zone: every zone that there is or will be. A grant ends with its zone: one of
-- that name made later is another's.
CREATE TABLE credential_grants (
    credential_id INTEGER NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    zone_id       INTEGER REFERENCES zones (id) ON DELETE CASCADE,
    operation     TEXT NOT NULL CHECK (operation IN ('transfer'))
) STRICT;
CREATE UNIQUE INDEX credential_grants_once ON credential_grants (credential_id, coalesce(zone_id, 0), operation);
CREATE INDEX credential_grants_by_zone ON credential_grants (zone_id);

-- Who follows a zone, in the order given. A key goes by its name, so that one made anew takes its place; '': none.
CREATE TABLE zone_secondaries (
    zone_id   INTEGER NOT NULL REFERENCES zones (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL CHECK (position BETWEEN 0 AND 31),
    address   TEXT NOT NULL,
    tsig_name TEXT NOT NULL CHECK (tsig_name = lower(tsig_name)),
    PRIMARY KEY (zone_id, position)
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace

extern const Migration kMigration0004;
const Migration kMigration0004 = {4, "keys of operators, secondaries of zones", kText};

}  // namespace hairpin::store
