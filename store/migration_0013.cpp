// Accounts and orders of ACME clients at our own front, and what is to be revoked. Never edited
// after a release: see store/migrations.hpp.
//
// Conventions as in migration_0001.cpp.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kFront = R"sql(
-- A client's key, bound to the credential whose EAB key vouched for it last (RFC 8555 section 7.3.4).
-- `id` is random and in the account's URL; `jwk` as RFC 7638 writes it.
CREATE TABLE front_accounts (
    id            TEXT PRIMARY KEY CHECK (length(id) = 32),
    server_id     INTEGER NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    credential_id INTEGER NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    jwk           TEXT NOT NULL,
    thumbprint    TEXT NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('valid', 'deactivated')),
    created_at    INTEGER NOT NULL,
    used_at       INTEGER NOT NULL,
    UNIQUE (server_id, thumbprint)
) STRICT, WITHOUT ROWID;
CREATE INDEX front_accounts_by_key ON front_accounts (thumbprint);
CREATE INDEX front_accounts_by_credential ON front_accounts (credential_id);

-- RFC 8555 section 7.1.6, born 'ready'. `names` are separated by blanks. `before_sha256`: the server's certificate
-- when the order was finalized; `renewal_id`: RFC 9773 section 4.1, of the certificate.
CREATE TABLE front_orders (
    id                 TEXT PRIMARY KEY CHECK (length(id) = 32),
    account_id         TEXT NOT NULL REFERENCES front_accounts (id) ON DELETE CASCADE,
    server_id          INTEGER NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    names              TEXT NOT NULL,
    state              TEXT NOT NULL CHECK (state IN ('ready', 'processing', 'valid', 'invalid')),
    created_at         INTEGER NOT NULL,
    expires_at         INTEGER NOT NULL,
    csr                BLOB NOT NULL DEFAULT x'',
    key_sha256         BLOB CHECK (length(key_sha256) = 32),
    before_sha256      BLOB CHECK (length(before_sha256) = 32),
    certificate_sha256 BLOB CHECK (length(certificate_sha256) = 32),
    renewal_id         TEXT NOT NULL DEFAULT '',
    problem_type       TEXT NOT NULL DEFAULT '',
    problem            TEXT NOT NULL DEFAULT '',
    CHECK (state NOT IN ('processing', 'valid') OR key_sha256 IS NOT NULL),
    CHECK (state <> 'valid' OR certificate_sha256 IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX front_orders_by_account ON front_orders (account_id, created_at);
CREATE INDEX front_orders_by_key ON front_orders (server_id, key_sha256) WHERE key_sha256 IS NOT NULL;
CREATE INDEX front_orders_by_renewal ON front_orders (renewal_id) WHERE renewal_id <> '';

-- Outlives the server and its licence: what was asked for is done at the CA even so. `der` is the certificate.
CREATE TABLE revocations (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256     BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    key_sha256 BLOB NOT NULL CHECK (length(key_sha256) = 32),
    der        BLOB NOT NULL,
    subject    TEXT NOT NULL,
    reason     INTEGER NOT NULL CHECK (reason IN (0, 1, 4, 5)),
    asked_at   INTEGER NOT NULL,
    next_at    INTEGER,
    done_at    INTEGER,
    failures   INTEGER NOT NULL DEFAULT 0,
    problem    TEXT NOT NULL DEFAULT '',
    CHECK (done_at IS NULL OR next_at IS NULL)
) STRICT;
CREATE INDEX revocations_by_key ON revocations (key_sha256);
CREATE INDEX revocations_due ON revocations (next_at) WHERE next_at IS NOT NULL;
)sql";

}  // namespace

extern const Migration kMigration0013;
const Migration kMigration0013 = {13, "accounts and orders of ACME clients", kFront};

}  // namespace hairpin::store
