// One permission model: credentials of every door, grants by name, type, operation and value, and
// who wrote which challenge value. Never edited after a release: see store/migrations.hpp.
//
// Conventions as in migration_0001.cpp.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kPermissions = R"sql(
-- As in migration 4: SQLite alters no CHECK, so the tables are made anew. `licence` is set where a licence owns the
-- credential; a server's credentials belong to its licence by way of the server.
CREATE TABLE credentials_7 (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    kind           TEXT NOT NULL CHECK (kind IN
                   ('operator', 'server', 'tsig', 'token', 'dyndns', 'acme-dns', 'powerdns')),
    token_hash     BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    server_id      INTEGER REFERENCES servers (id) ON DELETE CASCADE,
    licence        TEXT REFERENCES licences (name) ON DELETE CASCADE,
    label          TEXT NOT NULL,
    login          TEXT NOT NULL DEFAULT '',
    sources        TEXT NOT NULL DEFAULT '',
    per_minute     INTEGER NOT NULL DEFAULT 0 CHECK (per_minute >= 0),
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER,
    revoked_at     INTEGER,
    last_used_at   INTEGER,
    tsig_name      TEXT NOT NULL DEFAULT '' CHECK (tsig_name = lower(tsig_name)),
    tsig_algorithm TEXT NOT NULL DEFAULT '',
    tsig_sealed    BLOB NOT NULL DEFAULT x'',
    weak_allowed   INTEGER NOT NULL DEFAULT 0 CHECK (weak_allowed IN (0, 1)),
    CHECK (kind <> 'server' OR server_id IS NOT NULL),
    CHECK (kind <> 'operator' OR (server_id IS NULL AND licence IS NULL)),
    CHECK (server_id IS NULL OR licence IS NULL),
    CHECK (kind <> 'tsig' OR (tsig_name <> '' AND length(tsig_sealed) > 0)),
    CHECK (kind <> 'acme-dns' OR login <> '')
) STRICT;
INSERT INTO credentials_7 SELECT id, kind, token_hash, server_id, NULL, label, '', '', 0, created_at, expires_at,
    revoked_at, last_used_at, tsig_name, tsig_algorithm, tsig_sealed, weak_allowed FROM credentials;
DELETE FROM sqlite_sequence WHERE name = 'credentials_7';
INSERT INTO sqlite_sequence (name, seq) SELECT 'credentials_7', seq FROM sqlite_sequence WHERE name = 'credentials';

CREATE TABLE idempotency_7 (
    credential_id  INTEGER NOT NULL REFERENCES credentials_7 (id) ON DELETE CASCADE,
    key            TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_sha256 BLOB NOT NULL CHECK (length(request_sha256) = 32),
    status         INTEGER NOT NULL CHECK (status BETWEEN 100 AND 599),
    headers        TEXT NOT NULL,
    body           BLOB NOT NULL,
    at             INTEGER NOT NULL,
    PRIMARY KEY (credential_id, key)
) STRICT, WITHOUT ROWID;
INSERT INTO idempotency_7 SELECT credential_id, key, request_sha256, status, headers, body, at FROM idempotency;

-- zones::Grant. `operations`: its bits. `names` and `types`: as their text(), separated by blanks; '': all.
CREATE TABLE credential_grants_7 (
    credential_id INTEGER NOT NULL REFERENCES credentials_7 (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL CHECK (position BETWEEN 0 AND 99),
    zone_id       INTEGER REFERENCES zones (id) ON DELETE CASCADE,
    names         TEXT NOT NULL,
    types         TEXT NOT NULL,
    operations    INTEGER NOT NULL CHECK (operations BETWEEN 1 AND 7),
    value_rule    TEXT NOT NULL CHECK (value_rule IN ('any', 'public', 'private', 'source', 'challenge')),
    PRIMARY KEY (credential_id, position)
) STRICT;
INSERT INTO credential_grants_7 SELECT credential_id,
    row_number() OVER (PARTITION BY credential_id ORDER BY zone_id) - 1, zone_id, '', '', 4, 'any'
    FROM credential_grants;

DROP TABLE idempotency;
DROP TABLE credential_grants;
DROP TABLE credentials;
ALTER TABLE credentials_7 RENAME TO credentials;
ALTER TABLE idempotency_7 RENAME TO idempotency;
ALTER TABLE credential_grants_7 RENAME TO credential_grants;
CREATE INDEX credentials_by_server ON credentials (server_id) WHERE server_id IS NOT NULL;
CREATE INDEX credentials_by_licence ON credentials (licence) WHERE licence IS NOT NULL;
CREATE INDEX credentials_by_tsig ON credentials (tsig_name) WHERE tsig_name <> '';
CREATE UNIQUE INDEX credentials_of_kind_tsig ON credentials (tsig_name) WHERE kind = 'tsig';
CREATE INDEX idempotency_by_age ON idempotency (at);
CREATE INDEX credential_grants_by_zone ON credential_grants (zone_id);

-- Which credential wrote which TXT value at `_acme-challenge..`: several clients' values stand side by side, and what
-- one removes is its own. `owner` in lower case with the final dot; `value` is the RDATA.
CREATE TABLE challenge_values (
    zone_id       INTEGER NOT NULL REFERENCES zones (id) ON DELETE CASCADE,
    owner         TEXT NOT NULL CHECK (owner = lower(owner)),
    credential_id INTEGER NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    value         BLOB NOT NULL,
    at            INTEGER NOT NULL,
    PRIMARY KEY (zone_id, owner, credential_id, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX challenge_values_by_credential ON challenge_values (credential_id);
)sql";

}  // namespace

extern const Migration kMigration0007;
const Migration kMigration0007 = {7, "one permission model for every door", kPermissions};

}  // namespace hairpin::store
