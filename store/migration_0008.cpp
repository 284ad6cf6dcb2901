// Attempts and certificates of our own, beside those of servers. Never edited after a release: see
// store/migrations.hpp.
//
// Conventions as in migration_0001.cpp.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kOurOwn = R"sql(
-- As in migration 4: SQLite lifts no NOT NULL, so the tables are made anew. `server_id` is NULL where the certificate is
-- our own, whose key is always made here. `other_names`: what it names beside the two, separated by blanks.
CREATE TABLE acme_attempts_8 (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    server_id          INTEGER REFERENCES servers (id) ON DELETE CASCADE,
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
    other_names        TEXT NOT NULL DEFAULT '',
    CHECK (state NOT IN ('superseded', 'cancelled') OR next_at IS NULL),
    CHECK (state NOT IN ('open', 'txt-staged', 'txt-live', 'challenged', 'ready', 'finalizing', 'processing')
           OR order_url <> ''),
    CHECK (state NOT IN ('fetched', 'checked') OR chain <> ''),
    CHECK (state NOT IN ('offered', 'deployed') OR certificate_sha256 IS NOT NULL),
    CHECK (server_id IS NOT NULL OR key_origin = 'managed')
) STRICT;
INSERT INTO acme_attempts_8 SELECT id, server_id, state, next_at, deadline_at, cause, created_at, changed_at, failures,
    problem_type, problem, zone_apex, public_name, internal_name, key_origin, csr, key_sealed, key_sha256, order_url,
    finalize_url, certificate_url, chain, certificate_sha256, '' FROM acme_attempts;
DELETE FROM sqlite_sequence WHERE name = 'acme_attempts_8';
INSERT INTO sqlite_sequence (name, seq) SELECT 'acme_attempts_8', seq FROM sqlite_sequence WHERE name = 'acme_attempts';

CREATE TABLE acme_authorizations_8 (
    attempt_id    INTEGER NOT NULL REFERENCES acme_attempts_8 (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL,
    url           TEXT NOT NULL,
    name          TEXT NOT NULL,
    challenge_url TEXT NOT NULL,
    txt_value     TEXT NOT NULL,
    PRIMARY KEY (attempt_id, position)
) STRICT, WITHOUT ROWID;
INSERT INTO acme_authorizations_8 SELECT attempt_id, position, url, name, challenge_url, txt_value
    FROM acme_authorizations;

CREATE TABLE certificates_8 (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    server_id   INTEGER REFERENCES servers (id) ON DELETE CASCADE,
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
    key_sealed  BLOB NOT NULL,
    CHECK (server_id IS NOT NULL OR key_origin = 'managed')
) STRICT;
INSERT INTO certificates_8 SELECT id, server_id, sha256, key_sha256, key_origin, not_before, not_after, issued_at,
    renew_at, deployed_at, chain, csr, key_sealed FROM certificates;
DELETE FROM sqlite_sequence WHERE name = 'certificates_8';
INSERT INTO sqlite_sequence (name, seq) SELECT 'certificates_8', seq FROM sqlite_sequence WHERE name = 'certificates';

DROP TABLE acme_authorizations;
DROP TABLE acme_attempts;
DROP TABLE certificates;
ALTER TABLE acme_attempts_8 RENAME TO acme_attempts;
ALTER TABLE acme_authorizations_8 RENAME TO acme_authorizations;
ALTER TABLE certificates_8 RENAME TO certificates;

-- Single flight: one attempt under way per server, and one of our own. NULLs are distinct to UNIQUE, and no server's id
-- is 0.
CREATE UNIQUE INDEX acme_attempts_under_way ON acme_attempts (coalesce(server_id, 0))
    WHERE state NOT IN ('offered', 'deployed', 'superseded', 'cancelled');
CREATE INDEX acme_attempts_scheduled ON acme_attempts (id) WHERE next_at IS NOT NULL;
CREATE INDEX acme_attempts_by_server ON acme_attempts (server_id);
CREATE INDEX certificates_by_server ON certificates (server_id, issued_at);
)sql";

}  // namespace

extern const Migration kMigration0008;
const Migration kMigration0008 = {8, "attempts and certificates of our own", kOurOwn};

}  // namespace hairpin::store
