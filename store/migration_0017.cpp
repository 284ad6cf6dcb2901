// What couples orders and DNS: what a zone's preflight found, where a challenge's value was put,
// and since when a CAA record stands. Never edited after a release: see store/migrations.hpp.
//
// Conventions as in migration_0001.cpp; the words of the CHECKs are acme/preflight.hpp's.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kCoupling = R"sql(
CREATE TABLE acme_preflights (
    zone_apex TEXT PRIMARY KEY REFERENCES zones (apex) ON DELETE CASCADE,
    outcome   TEXT NOT NULL CHECK (outcome IN ('unknown', 'problem')),
    text      TEXT NOT NULL,
    at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Where the value stands, and in which zone; empty: at _acme-challenge in the zone of the attempt. `stays`: it is left
-- there when the order is done (dns-persist-01).
ALTER TABLE acme_authorizations ADD COLUMN txt_owner TEXT NOT NULL DEFAULT '';
ALTER TABLE acme_authorizations ADD COLUMN txt_apex TEXT NOT NULL DEFAULT '';
ALTER TABLE acme_authorizations ADD COLUMN stays INTEGER NOT NULL DEFAULT 0 CHECK (stays IN (0, 1));

-- store/caa_rows.hpp: the values of "issue" that we put at an apex, one per account.
CREATE TABLE acme_caa (
    zone_apex    TEXT NOT NULL REFERENCES zones (apex) ON DELETE CASCADE,
    account_url  TEXT NOT NULL,
    value        TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    usable_at    INTEGER NOT NULL,
    PRIMARY KEY (zone_apex, account_url)
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace

extern const Migration kMigration0017;
const Migration kMigration0017 = {17, "orders and DNS", kCoupling};

}  // namespace hairpin::store
