// Certificates for one name alone, beside the twin certificates. Never edited after a release: see
// store/migrations.hpp.
//
// Conventions as in migration_0001.cpp.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kNamesAlone = R"sql(
-- `name_alone`: the one name that it is for, of a server whose client orders each name apart; '': the twin names, or
-- ours. Each has its own attempt under way, and its own certificate that follows the one before.
ALTER TABLE acme_attempts ADD COLUMN name_alone TEXT NOT NULL DEFAULT '';
ALTER TABLE certificates ADD COLUMN name_alone TEXT NOT NULL DEFAULT '';
DROP INDEX acme_attempts_under_way;
CREATE UNIQUE INDEX acme_attempts_under_way ON acme_attempts (coalesce(server_id, 0), canary, name_alone)
    WHERE state NOT IN ('offered', 'deployed', 'superseded', 'cancelled');
CREATE INDEX acme_attempts_alone ON acme_attempts (server_id, name_alone) WHERE name_alone <> '';
CREATE INDEX certificates_alone ON certificates (server_id, name_alone) WHERE name_alone <> '';
)sql";

}  // namespace

extern const Migration kMigration0019;
const Migration kMigration0019 = {19, "certificates for one name alone", kNamesAlone};

}  // namespace hairpin::store
