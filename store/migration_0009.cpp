// What leaves the journal is merged, not lost; which serials secondaries hold; which credential
// changed something. Never edited after a release: see store/migrations.hpp.
//
// Conventions as in migration_0001.cpp.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kCondensed = R"sql(
-- The number of the credential that was shown (credentials.id, which may be gone); 0: none, or not known.
ALTER TABLE journal ADD COLUMN credential INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN credential INTEGER NOT NULL DEFAULT 0;

-- Steps that left the journal (store/condensing.hpp), many as one row: the columns of journal, `id` and `at` those of
-- the newest change in it, `first_id` and `began_at` those of the oldest. All ids are below those of the journal.
-- `is_sealed`: nothing is added to it any more; its step may have several rows, with the same serials.
CREATE TABLE condensed (
    id            INTEGER PRIMARY KEY,
    first_id      INTEGER NOT NULL CHECK (first_id <= id),
    began_at      INTEGER NOT NULL,
    changes       INTEGER NOT NULL CHECK (changes >= 1),
    is_sealed     INTEGER NOT NULL CHECK (is_sealed IN (0, 1)),
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
    credential    INTEGER NOT NULL,
    reason        TEXT NOT NULL,
    difference    BLOB NOT NULL
) STRICT;
CREATE INDEX condensed_by_serial ON condensed (zone_apex, serial_before);
CREATE INDEX condensed_by_zone ON condensed (zone_apex);

-- What sort of zone it was; '': it is not known.
ALTER TABLE retired_zones ADD COLUMN kind TEXT NOT NULL DEFAULT ''
    CHECK (kind IN ('', 'plain', 'licence', 'catalog'));

-- How far back history goes: nothing is missing since `lost_at` (NULL: nothing ever), the time of the newest change
-- that was removed for good. `condensed_octets`: of differences, kept by the triggers.
CREATE TABLE history_bounds (
    only_row         INTEGER PRIMARY KEY CHECK (only_row = 1),
    lost_at          INTEGER,
    condensed_octets INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO history_bounds (only_row, lost_at) SELECT 1, CASE
    WHEN EXISTS (SELECT 1 FROM journal) THEN (SELECT at FROM journal ORDER BY id LIMIT 1)
    WHEN EXISTS (SELECT 1 FROM zones) THEN CAST(unixepoch('now') AS INTEGER) * 1000 END;
CREATE TRIGGER condensed_grows AFTER INSERT ON condensed BEGIN
    UPDATE history_bounds SET condensed_octets = condensed_octets + length(NEW.difference);
END;
CREATE TRIGGER condensed_shrinks AFTER DELETE ON condensed BEGIN
    UPDATE history_bounds SET condensed_octets = condensed_octets - length(OLD.difference);
END;

-- The serial that a secondary was heard to hold last: history is not merged across it. `follower`: its address, and
-- the name of its key.
CREATE TABLE zone_followers (
    zone_id  INTEGER NOT NULL REFERENCES zones (id) ON DELETE CASCADE,
    follower TEXT NOT NULL CHECK (length(follower) <= 512),
    serial   INTEGER NOT NULL CHECK (serial BETWEEN 0 AND 4294967295),
    at       INTEGER NOT NULL,
    PRIMARY KEY (zone_id, follower)
) STRICT, WITHOUT ROWID;
CREATE INDEX zone_followers_by_age ON zone_followers (at);
)sql";

}  // namespace

extern const Migration kMigration0009;
const Migration kMigration0009 = {9, "history that is merged with age", kCondensed};

}  // namespace hairpin::store
