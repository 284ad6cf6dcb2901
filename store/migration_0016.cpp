// What happened, as a stream that can be followed; who is told of it over HTTPS; profiles of
// licences. Never edited after a release: see store/migrations.hpp.
//
// Conventions as in migration_0001.cpp.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kEvents = R"sql(
-- Ids are never used again, so that a reader's place stays right when all is pruned. `licence`: whose it is; '': the
-- operator's alone. `actor_kind`, `door`: who did it, and how; '': Hairpin itself. `data`: a JSON object.
CREATE TABLE events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    kind       TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    licence    TEXT NOT NULL,
    subject    TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    door       TEXT NOT NULL,
    data       TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_licence ON events (licence, id) WHERE licence <> '';

-- The alarm that was told of last (acme/certificate_alarm.hpp), while it stands.
CREATE TABLE certificate_alarms (
    server_id INTEGER PRIMARY KEY REFERENCES servers (id) ON DELETE CASCADE,
    kind      TEXT NOT NULL CHECK (kind IN ('expired', 'blocked', 'overdue', 'old-served', 'not-deployed')),
    since_at  INTEGER NOT NULL
) STRICT;

-- `uid` is what the secrets are sealed for. `kinds`: patterns, separated by blanks. `cursor`: the event up to which all
-- is done. Of the event after that, while it fails: `attempts` in a row, since `failing_since_at`, next at `next_at`.
CREATE TABLE webhooks (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    uid               TEXT NOT NULL UNIQUE CHECK (length(uid) = 32),
    url               TEXT NOT NULL,
    label             TEXT NOT NULL,
    kinds             TEXT NOT NULL,
    licence           TEXT NOT NULL DEFAULT '',
    state             TEXT NOT NULL CHECK (state IN ('enabled', 'disabled', 'given-up')),
    secret_sealed     BLOB NOT NULL,
    old_secret_sealed BLOB NOT NULL DEFAULT x'',
    old_secret_until  INTEGER,
    created_at        INTEGER NOT NULL,
    version           INTEGER NOT NULL DEFAULT 1,
    cursor            INTEGER NOT NULL,
    attempts          INTEGER NOT NULL DEFAULT 0,
    failing_since_at  INTEGER,
    next_at           INTEGER,
    delivered         INTEGER NOT NULL DEFAULT 0,
    failed            INTEGER NOT NULL DEFAULT 0,
    last_event        INTEGER NOT NULL DEFAULT 0,
    last_at           INTEGER,
    last_status       INTEGER NOT NULL DEFAULT 0,
    last_error        TEXT NOT NULL DEFAULT ''
) STRICT;

-- What its servers' certificates are ordered with; '': what the configuration says.
ALTER TABLE licences ADD COLUMN certificate_profile TEXT NOT NULL DEFAULT '';
)sql";

}  // namespace

extern const Migration kMigration0016;
const Migration kMigration0016 = {16, "events, web-hooks, profiles of licences", kEvents};

}  // namespace hairpin::store
