// Where TXT values of challenges stand in zones that are not ours. Never edited after a release:
// see store/migrations.hpp.
//
// Conventions as in migration_0001.cpp.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kElsewhere = R"sql(
-- `txt_apex` is no zone of ours: the value was put there over UPDATE.
ALTER TABLE acme_authorizations ADD COLUMN elsewhere INTEGER NOT NULL DEFAULT 0 CHECK (elsewhere IN (0, 1));

-- store/elsewhere_rows.hpp: the values in zones that are not ours, from before they are put there until they are known
-- to be gone. Without a reference: a row outlives its attempt, which may go with its server.
CREATE TABLE acme_elsewhere (
    owner      TEXT NOT NULL,
    value      TEXT NOT NULL,
    apex       TEXT NOT NULL,
    attempt_id INTEGER NOT NULL,
    noted_at   INTEGER NOT NULL,
    PRIMARY KEY (owner, value)
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace

extern const Migration kMigration0018;
const Migration kMigration0018 = {18, "challenges in zones that are not ours", kElsewhere};

}  // namespace hairpin::store
