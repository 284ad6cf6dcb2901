// Aliases to a credential's own names as a rule for values. Never edited after a release: see
// store/migrations.hpp.
//
// Conventions as in migration_0001.cpp.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kOwnNames = R"sql(
-- SQLite alters no CHECK. `names` may hold "server:names" and "server:challenges" too, of the owning server; what was
-- written out before stays as it is.
CREATE TABLE credential_grants_10 (
    credential_id INTEGER NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL CHECK (position BETWEEN 0 AND 99),
    zone_id       INTEGER REFERENCES zones (id) ON DELETE CASCADE,
    names         TEXT NOT NULL,
    types         TEXT NOT NULL,
    operations    INTEGER NOT NULL CHECK (operations BETWEEN 1 AND 7),
    value_rule    TEXT NOT NULL CHECK (value_rule IN
                  ('any', 'public', 'private', 'source', 'challenge', 'own-names')),
    PRIMARY KEY (credential_id, position)
) STRICT;
INSERT INTO credential_grants_10 SELECT credential_id, position, zone_id, names, types, operations, value_rule
    FROM credential_grants;
DROP TABLE credential_grants;
ALTER TABLE credential_grants_10 RENAME TO credential_grants;
CREATE INDEX credential_grants_by_zone ON credential_grants (zone_id);
)sql";

}  // namespace

extern const Migration kMigration0010;
const Migration kMigration0010 = {10, "aliases to own names", kOwnNames};

}  // namespace hairpin::store
