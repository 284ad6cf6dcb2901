// Whose key a key is: a certificate request is refused when another licence has its key already.
// Never edited after a release: see store/migrations.hpp.
//
// Conventions as in migration_0001.cpp.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kKeys = R"sql(
CREATE INDEX certificates_by_key ON certificates (key_sha256);
CREATE INDEX acme_attempts_by_key ON acme_attempts (key_sha256);
)sql";

}  // namespace

extern const Migration kMigration0014;
const Migration kMigration0014 = {14, "whose key a key is", kKeys};

}  // namespace hairpin::store
