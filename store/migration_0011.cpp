// What may still be asked of a CA. Never edited after a release: see store/migrations.hpp.
//
// Conventions as in migration_0001.cpp; the words of the CHECKs are acme/limits.hpp's and
// acme/waiting_line.hpp's.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kBudget = R"sql(
-- acme/limits.hpp: a bucket is the moment at which it is full again; one that is not here is full.
CREATE TABLE acme_buckets (
    directory  TEXT NOT NULL,
    limit_name TEXT NOT NULL CHECK (limit_name IN ('orders-per-account', 'certificates-per-domain',
               'certificates-per-names', 'failures-per-name', 'failures-in-a-row')),
    key        TEXT NOT NULL,
    arrival_at INTEGER NOT NULL,
    PRIMARY KEY (directory, limit_name, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX acme_buckets_by_arrival ON acme_buckets (arrival_at);

-- What an operator set in place of the preset; key '': for every key of the limit.
CREATE TABLE acme_limits (
    directory  TEXT NOT NULL,
    limit_name TEXT NOT NULL CHECK (limit_name IN ('orders-per-account', 'certificates-per-domain',
               'certificates-per-names', 'failures-per-name', 'failures-in-a-row')),
    key        TEXT NOT NULL,
    count      INTEGER NOT NULL CHECK (count BETWEEN 1 AND 10000000),
    period     INTEGER NOT NULL CHECK (period >= 1000),
    share      INTEGER NOT NULL CHECK (share BETWEEN 1 AND 100),
    set_at     INTEGER NOT NULL,
    PRIMARY KEY (directory, limit_name, key)
) STRICT, WITHOUT ROWID;

-- Classes of work that the CA wants to be left alone with, without saying which limit is reached.
CREATE TABLE acme_parked (
    directory  TEXT NOT NULL,
    work_class TEXT NOT NULL CHECK (work_class IN ('incident', 'first', 'renewal', 're-issue', 'canary')),
    until_at   INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    PRIMARY KEY (directory, work_class)
) STRICT, WITHOUT ROWID;

-- `exempt`: the CA counts the order in no limit (RFC 9773 `replaces` inside the window). `incident`: the certificate
-- that it replaces was revoked, or will be.
ALTER TABLE acme_attempts ADD COLUMN exempt INTEGER NOT NULL DEFAULT 0 CHECK (exempt IN (0, 1));
ALTER TABLE acme_attempts ADD COLUMN incident INTEGER NOT NULL DEFAULT 0 CHECK (incident IN (0, 1));
)sql";

}  // namespace

extern const Migration kMigration0011;
const Migration kMigration0011 = {11, "what may still be asked of a CA", kBudget};

}  // namespace hairpin::store
