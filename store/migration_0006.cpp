// The zones that a key is used for, without a look at all of them. Never edited after a release:
// see store/migrations.hpp.
//
// Conventions as in migration_0001.cpp.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kKeyIndex = R"sql(
CREATE INDEX zone_secondaries_by_key ON zone_secondaries (tsig_name) WHERE tsig_name <> '';
)sql";

}  // namespace

extern const Migration kMigration0006;
const Migration kMigration0006 = {6, "secondaries by their key", kKeyIndex};

}  // namespace hairpin::store
