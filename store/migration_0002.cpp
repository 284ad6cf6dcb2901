// The tables of acme/. Never edited after a release: see store/migrations.hpp.
//
// Conventions as in migration_0001.cpp; the words of the CHECKs are acme_rows.hpp's.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kSchema2 = R"sql(
-- One account per CA. `url` is empty until the CA has given it.
CREATE TABLE acme_accounts (
    id         INTEGER PRIMARY KEY,
    directory  TEXT NOT NULL UNIQUE,
    key_sealed BLOB NOT NULL,
    url        TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- acme/attempt.hpp. What a state does not have is empty.
CREATE TABLE acme_attempts (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    server_id          INTEGER NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    state              TEXT NOT NULL CHECK (state IN
                       ('wanted', 'admitted', 'ordering', 'open', 'txt-staged', 'txt-live', 'challenged', 'ready',
                        'finalizing', 'processing', 'fetched', 'checked', 'offered', 'deployed',
                        'backoff', 'blocked', 'superseded', 'cancelled')),
    next_at            INTEGER,
    deadline_at        INTEGER,
    cause              TEXT NOT NULL CHECK (cause IN ('first', 'renewal', 'new-key', 'again')),
    created_at         INTEGER NOT NULL,
    changed_at         INTEGER NOT NULL,
    failures           INTEGER NOT NULL CHECK (failures >= 0),
    problem_type       TEXT NOT NULL,
    problem            TEXT NOT NULL,
    zone_apex          TEXT NOT NULL,
    public_name        TEXT NOT NULL,
    internal_name      TEXT NOT NULL,
    key_origin         TEXT NOT NULL CHECK (key_origin IN ('device', 'managed')),
    csr                BLOB NOT NULL,
    key_sealed         BLOB NOT NULL,
    key_sha256         BLOB NOT NULL CHECK (length(key_sha256) = 32),
    order_url          TEXT NOT NULL,
    finalize_url       TEXT NOT NULL,
    certificate_url    TEXT NOT NULL,
    chain              TEXT NOT NULL,
    certificate_sha256 BLOB CHECK (length(certificate_sha256) = 32),
    CHECK (state NOT IN ('superseded', 'cancelled') OR next_at IS NULL),
    CHECK (state NOT IN ('open', 'txt-staged', 'txt-live', 'challenged', 'ready', 'finalizing', 'processing')
           OR order_url <> ''),
    CHECK (state NOT IN ('fetched', 'checked') OR chain <> ''),
    CHECK (state NOT IN ('offered', 'deployed') OR certificate_sha256 IS NOT NULL)
) STRICT;
-- Single flight: one attempt under way per server.
CREATE UNIQUE INDEX acme_attempts_under_way ON acme_attempts (server_id)
    WHERE state NOT IN ('offered', 'deployed', 'superseded', 'cancelled');
CREATE INDEX acme_attempts_scheduled ON acme_attempts (id) WHERE next_at IS NOT NULL;
CREATE INDEX acme_attempts_by_server ON acme_attempts (server_id);

CREATE TABLE acme_authorizations (
    attempt_id    INTEGER NOT NULL REFERENCES acme_attempts (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL,
    url           TEXT NOT NULL,
    name          TEXT NOT NULL,
    challenge_url TEXT NOT NULL,
    txt_value     TEXT NOT NULL,
    PRIMARY KEY (attempt_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE certificates (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    server_id   INTEGER NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    sha256      BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    key_sha256  BLOB NOT NULL CHECK (length(key_sha256) = 32),
    key_origin  TEXT NOT NULL CHECK (key_origin IN ('device', 'managed')),
    not_before  INTEGER NOT NULL,
    not_after   INTEGER NOT NULL CHECK (not_after > not_before),
    issued_at   INTEGER NOT NULL,
    renew_at    INTEGER NOT NULL,
    deployed_at INTEGER,
    chain       TEXT NOT NULL CHECK (chain <> ''),
    csr         BLOB NOT NULL,
    key_sealed  BLOB NOT NULL
) STRICT;
CREATE INDEX certificates_by_server ON certificates (server_id, issued_at);
)sql";

}  // namespace

extern const Migration kMigration0002;
const Migration kMigration0002 = {2, "the tables of acme", kSchema2};

}  // namespace hairpin::store
