// The first schema. Never edited after a release: see store/migrations.hpp.
//
// Conventions: times are UTC milliseconds; apexes are text in lower case with the final dot; states
// are text with a CHECK, the words of records.hpp; a reference that may be written before what it
// refers to is deferred.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kSchema1 = R"sql(
-- Which database this is, so that another one put in its place under a running server is noticed. `probes` counts
-- the writes that tried a failed disk again.
CREATE TABLE identity (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id       BLOB NOT NULL CHECK (length(id) = 16),
    probes   INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO identity (only_row, id) VALUES (1, randomblob(16));

CREATE TABLE zones (
    id         INTEGER PRIMARY KEY,
    apex       TEXT NOT NULL UNIQUE CHECK (apex = lower(apex)),
    kind       TEXT NOT NULL CHECK (kind IN ('plain', 'licence', 'catalog')),
    serial     INTEGER NOT NULL CHECK (serial BETWEEN 0 AND 4294967295),
    created_at INTEGER NOT NULL
) STRICT;

-- One row per RRset, in the order in which zones are loaded. `owner` is relative to the apex, in lower case, wire
-- form without the root label; `owner_as_given` only where its case differs. `rdata`: store/journal_format.hpp.
CREATE TABLE rrsets (
    zone_id        INTEGER NOT NULL REFERENCES zones (id) ON DELETE CASCADE,
    owner          BLOB NOT NULL CHECK (length(owner) <= 254),
    type           INTEGER NOT NULL CHECK (type BETWEEN 1 AND 65535),
    owner_as_given BLOB CHECK (length(owner_as_given) = length(owner)),
    ttl            INTEGER NOT NULL CHECK (ttl BETWEEN 0 AND 2147483647),
    rdata          BLOB NOT NULL CHECK (length(rdata) >= 2),
    PRIMARY KEY (zone_id, owner, type)
) STRICT, WITHOUT ROWID;

-- The last serial of a zone that was dropped: one of that name made later goes on from there.
CREATE TABLE retired_zones (
    apex   TEXT PRIMARY KEY,
    serial INTEGER NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- store/records.hpp, JournalRow. `octets_so_far` grows from row to row by the size of the difference: the newest less
-- the oldest is the size of the journal, without a counter to keep.
CREATE TABLE journal (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    zone_apex     TEXT NOT NULL,
    action        TEXT NOT NULL CHECK (action IN ('edit', 'create', 'replace', 'drop')),
    serial_before INTEGER NOT NULL CHECK (serial_before BETWEEN 0 AND 4294967295),
    serial_after  INTEGER NOT NULL CHECK (serial_after BETWEEN 0 AND 4294967295),
    part          INTEGER NOT NULL CHECK (part >= 0),
    at            INTEGER NOT NULL,
    actor_kind    TEXT NOT NULL,
    actor_id      TEXT NOT NULL,
    source        TEXT NOT NULL,
    door          TEXT NOT NULL,
    reason        TEXT NOT NULL,
    octets_so_far INTEGER NOT NULL,
    difference    BLOB NOT NULL
) STRICT;
CREATE INDEX journal_by_serial ON journal (zone_apex, serial_before);
CREATE INDEX journal_by_zone ON journal (zone_apex);

CREATE TABLE licences (
    name       TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 63),
    zone_apex  TEXT NOT NULL UNIQUE REFERENCES zones (apex) DEFERRABLE INITIALLY DEFERRED,
    plan       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('active', 'suspended')),
    expires_at INTEGER,
    created_at INTEGER NOT NULL,
    version    INTEGER NOT NULL CHECK (version >= 1)
) STRICT, WITHOUT ROWID;

-- The columns from `machine` on are the last report (store/seen.hpp). Addresses are text, separated by spaces.
CREATE TABLE servers (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    licence            TEXT NOT NULL REFERENCES licences (name) ON DELETE CASCADE,
    label              TEXT NOT NULL CHECK (length(label) BETWEEN 1 AND 63),
    port               INTEGER NOT NULL CHECK (port BETWEEN 0 AND 65535),
    state              TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'frozen')),
    created_at         INTEGER NOT NULL,
    version            INTEGER NOT NULL CHECK (version >= 1),
    machine            TEXT NOT NULL DEFAULT '',
    boot               TEXT NOT NULL DEFAULT '',
    agent              TEXT NOT NULL DEFAULT '',
    internal_name      TEXT NOT NULL DEFAULT 'unknown' CHECK (internal_name IN
                       ('ok', 'filtered', 'nxdomain', 'servfail', 'timeout', 'wrong', 'unknown')),
    observed           TEXT NOT NULL DEFAULT '',
    public_mode        TEXT NOT NULL DEFAULT 'auto' CHECK (public_mode IN ('auto', 'fixed')),
    public_addresses   TEXT NOT NULL DEFAULT '',
    private_addresses  TEXT NOT NULL DEFAULT '',
    certificate_sha256 BLOB CHECK (length(certificate_sha256) = 32),
    last_seen_at       INTEGER,
    online             TEXT NOT NULL DEFAULT 'unknown' CHECK (online IN ('unknown', 'online', 'offline')),
    UNIQUE (licence, label)
) STRICT;
CREATE INDEX servers_online ON servers (last_seen_at) WHERE online = 'online';
CREATE INDEX servers_offline ON servers (id) WHERE online = 'offline';

CREATE TABLE credentials (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    kind           TEXT NOT NULL CHECK (kind IN ('operator', 'server')),
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
    CHECK ((kind = 'server') = (server_id IS NOT NULL))
) STRICT;
CREATE INDEX credentials_by_server ON credentials (server_id) WHERE server_id IS NOT NULL;
CREATE INDEX credentials_by_tsig ON credentials (tsig_name) WHERE tsig_name <> '';

CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id   TEXT NOT NULL,
    source     TEXT NOT NULL,
    door       TEXT NOT NULL,
    action     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    outcome    TEXT NOT NULL CHECK (outcome IN ('done', 'refused')),
    reason     TEXT NOT NULL
) STRICT;

CREATE TABLE idempotency (
    credential_id  INTEGER NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    key            TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_sha256 BLOB NOT NULL CHECK (length(request_sha256) = 32),
    status         INTEGER NOT NULL CHECK (status BETWEEN 100 AND 599),
    headers        TEXT NOT NULL,
    body           BLOB NOT NULL,
    at             INTEGER NOT NULL,
    PRIMARY KEY (credential_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (at);
)sql";

}  // namespace

extern const Migration kMigration0001;
const Migration kMigration0001 = {1, "the first schema", kSchema1};

}  // namespace hairpin::store
