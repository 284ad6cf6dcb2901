// What a restore leaves for the next start. Never edited after a release: see store/migrations.hpp.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kSchema3 = R"sql(
-- A row: this database was restored, and its serials have not been advanced since (store/restored.hpp).
-- `same_history`: the database that it replaced was a later state of the same one.
CREATE TABLE restored (
    only_row     INTEGER PRIMARY KEY CHECK (only_row = 1),
    same_history INTEGER NOT NULL CHECK (same_history IN (0, 1))
) STRICT;

-- The serials of the database that was replaced, zones that were dropped there among them.
CREATE TABLE served_before_restore (
    apex   TEXT PRIMARY KEY,
    serial INTEGER NOT NULL CHECK (serial BETWEEN 0 AND 4294967295)
) STRICT, WITHOUT ROWID;

CREATE INDEX retired_zones_by_age ON retired_zones (at);
)sql";

}  // namespace

extern const Migration kMigration0003;
const Migration kMigration0003 = {3, "serials after a restore", kSchema3};

}  // namespace hairpin::store
