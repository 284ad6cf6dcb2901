// The group of a zone in the catalog. Never edited after a release: see store/migrations.hpp.
//
// Conventions as in migration_0001.cpp.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kCatalogGroups = R"sql(
-- '': the group of its kind. One character-string of a TXT record holds it (RFC 1035 section 3.3).
ALTER TABLE zones ADD COLUMN catalog_group TEXT NOT NULL DEFAULT ''
    CHECK (length(CAST(catalog_group AS BLOB)) <= 255);
)sql";

}  // namespace

extern const Migration kMigration0005;
const Migration kMigration0005 = {5, "groups of zones in the catalog", kCatalogGroups};

}  // namespace hairpin::store
