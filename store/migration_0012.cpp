// When the CA wants certificates renewed, what an order asks for besides names, and the next key
// of an account. Never edited after a release: see store/migrations.hpp.
//
// Conventions as in migration_0001.cpp.

#include "store/migrations.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kRenewals = R"sql(
-- What a certificate's CA says about its renewal (RFC 9773), bound to that certificate. The instant that was chosen in
-- the window is certificates.renew_at. `directory` and `account`: who issued it, and to whom. `cert_id`: section 4.1;
-- '': not looked at yet, '-': the certificate has none. `check_at`: when the CA is asked again; NULL: it is not asked.
CREATE TABLE certificate_renewals (
    certificate_id  INTEGER PRIMARY KEY REFERENCES certificates (id) ON DELETE CASCADE,
    cert_id         TEXT NOT NULL,
    directory       TEXT NOT NULL,
    account         TEXT NOT NULL,
    window_start    INTEGER,
    window_end      INTEGER,
    explanation_url TEXT NOT NULL DEFAULT '',
    check_at        INTEGER,
    failures        INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    CHECK ((window_start IS NULL) = (window_end IS NULL)),
    CHECK (window_start IS NULL OR window_start < window_end)
) STRICT;
CREATE INDEX certificate_renewals_by_cert_id ON certificate_renewals (cert_id);

-- `replaces`: the cert_id that the order names; '': none, or the CA did not take it. `without_profile`: the CA did not
-- take the profile.
ALTER TABLE acme_attempts ADD COLUMN replaces TEXT NOT NULL DEFAULT '';
ALTER TABLE acme_attempts ADD COLUMN without_profile INTEGER NOT NULL DEFAULT 0 CHECK (without_profile IN (0, 1));

-- A key that the account is being changed to: stored before the CA hears of it. x'': none.
ALTER TABLE acme_accounts ADD COLUMN next_key_sealed BLOB NOT NULL DEFAULT x'';

-- Certificates from before: of the one account, if there is one. Each is looked at once, soon.
INSERT INTO certificate_renewals (certificate_id, cert_id, directory, account, check_at)
    SELECT id, '', coalesce((SELECT directory FROM acme_accounts WHERE (SELECT count(*) FROM acme_accounts) = 1), ''),
           coalesce((SELECT url FROM acme_accounts WHERE (SELECT count(*) FROM acme_accounts) = 1), ''), 1
    FROM certificates;
UPDATE acme_attempts SET next_at = 1 WHERE state IN ('offered', 'deployed') AND next_at IS NOT NULL;
)sql";

}  // namespace

extern const Migration kMigration0012;
const Migration kMigration0012 = {12, "renewals as the CA wants them", kRenewals};

}  // namespace hairpin::store
