// Several CAs: where an attempt's order is, accounts in reserve, canaries. Never edited after a
// release: see store/migrations.hpp.
//
// Conventions as in migration_0001.cpp.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kIssuers = R"sql(
-- Of one CA: the account that orders, one in reserve, and those that the CA does not take any more (`problem` says why).
CREATE TABLE acme_accounts_15 (
    id              INTEGER PRIMARY KEY,
    directory       TEXT NOT NULL,
    role            TEXT NOT NULL CHECK (role IN ('active', 'standby', 'refused')),
    key_sealed      BLOB NOT NULL,
    url             TEXT NOT NULL,
    next_key_sealed BLOB NOT NULL DEFAULT x'',
    problem         TEXT NOT NULL DEFAULT '',
    created_at      INTEGER NOT NULL
) STRICT;
INSERT INTO acme_accounts_15 (id, directory, role, key_sealed, url, next_key_sealed, created_at)
    SELECT id, directory, 'active', key_sealed, url, next_key_sealed, created_at FROM acme_accounts;
DROP TABLE acme_accounts;
ALTER TABLE acme_accounts_15 RENAME TO acme_accounts;
CREATE UNIQUE INDEX acme_accounts_by_role ON acme_accounts (directory, role) WHERE role <> 'refused';

-- `directory`: the CA where the order is, or was last; `account`: the URL of the account that placed it; '': none yet.
-- `failed_there`: how often in a row it failed at that CA, by the CA's fault. `rehearsal`: whether the next order goes to
-- the CA's staging directory first. `canary`: the directory that a certificate is ordered at only to see whether it can
-- be had; '': it is an order like any other.
ALTER TABLE acme_attempts ADD COLUMN directory TEXT NOT NULL DEFAULT '';
ALTER TABLE acme_attempts ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE acme_attempts ADD COLUMN failed_there INTEGER NOT NULL DEFAULT 0 CHECK (failed_there >= 0);
ALTER TABLE acme_attempts ADD COLUMN rehearsal TEXT NOT NULL DEFAULT 'none'
    CHECK (rehearsal IN ('none', 'due', 'passed'));
ALTER TABLE acme_attempts ADD COLUMN canary TEXT NOT NULL DEFAULT '';
-- What is under way is at the one CA that there was.
UPDATE acme_attempts SET
    directory = coalesce((SELECT directory FROM acme_accounts WHERE (SELECT count(*) FROM acme_accounts) = 1), ''),
    account = coalesce((SELECT url FROM acme_accounts WHERE (SELECT count(*) FROM acme_accounts) = 1), '')
    WHERE state NOT IN ('superseded', 'cancelled');
DROP INDEX acme_attempts_under_way;
CREATE UNIQUE INDEX acme_attempts_under_way ON acme_attempts (coalesce(server_id, 0), canary)
    WHERE state NOT IN ('offered', 'deployed', 'superseded', 'cancelled');

-- What is tried once a week, so that it is there when it is needed: a certificate of a CA in reserve, an account in
-- reserve. `failures`: in a row.
CREATE TABLE acme_canaries (
    directory  TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('certificate', 'standby-account')),
    due_at     INTEGER NOT NULL,
    good_at    INTEGER,
    failures   INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failed_at  INTEGER,
    problem    TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (directory, kind)
) STRICT, WITHOUT ROWID;

-- Who is asked to revoke, and in the name of which account; '': not known, the first CA's. `key_sealed`: the
-- certificate's own key, where it was made here: it may revoke too, until that is done; x'': not here. `key_subject`: the
-- id of the server that it is sealed for, 0: ours.
ALTER TABLE revocations ADD COLUMN directory TEXT NOT NULL DEFAULT '';
ALTER TABLE revocations ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE revocations ADD COLUMN key_sealed BLOB NOT NULL DEFAULT x'';
ALTER TABLE revocations ADD COLUMN key_subject INTEGER NOT NULL DEFAULT 0;
)sql";

}  // namespace

extern const Migration kMigration0015;
const Migration kMigration0015 = {15, "several CAs", kIssuers};

}  // namespace hairpin::store
