// Aliases of servers. Never edited after a release: see store/migrations.hpp.
//
// Conventions as in migration_0001.cpp.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kAliases = R"sql(
-- store/alias_rows.hpp: names in a licence zone that lead to one of a server's twin names and are in its certificate.
-- `name` is whole, in lower case, without the final dot. The CNAME itself is a record of the zone like any other.
CREATE TABLE server_aliases (
    name       TEXT PRIMARY KEY CHECK (name = lower(name) AND length(name) BETWEEN 1 AND 253),
    server_id  INTEGER NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    target     TEXT NOT NULL CHECK (target IN ('public', 'internal')),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX server_aliases_by_server ON server_aliases (server_id);
)sql";

}  // namespace

extern const Migration kMigration0020;
const Migration kMigration0020 = {20, "aliases of servers", kAliases};

}  // namespace hairpin::store
