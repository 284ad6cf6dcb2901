// store/revocation_rows.hpp - certificates that are to be revoked, until the CA has done it.
//
// A row outlives the server and the licence whose certificate it was: what was asked for is done at
// the CA even so. A certificate with a row counts as revoked from that commit on: it is no server's
// current one any more (acme_rows.hpp).
//
// Errors everywhere: as in reader.hpp and writer.hpp.
//
// Threads   As the Database or Writer given.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "store/acme_rows.hpp"
#include "store/database.hpp"
#include "store/writer.hpp"

namespace hairpin::store {

struct RevocationRow {
    std::int64_t id = 0;
    Sha256 sha256{};      // Of the certificate's DER.
    Sha256 key_sha256{};  // Of its SubjectPublicKeyInfo.
    Octets der;
    std::string subject;  // "acme/nur1": for people.
    int reason = 0;       // RFC 5280 section 5.3.1: 0, 1, 4 or 5.
    WallTime asked_at{};
    std::optional<WallTime> next_at;  // When the CA is asked next; empty: never again.
    std::optional<WallTime> done_at;  // When the CA had done it.
    std::int64_t failures = 0;
    std::string problem;           // What failed last.
    std::string directory;         // The CA that issued it; empty: not known.
    std::string account;           // The URL of the account that ordered it; empty: not known.
    Octets key_sealed;             // Its managed key, until it is revoked; empty: it is not here.
    std::int64_t key_subject = 0;  // For whom that is sealed: managed_key_context().
};

[[nodiscard]] Result<std::optional<RevocationRow>> revocation(Database& database,
                                                              const Sha256& sha256);
/// Due at `now`, the longest due first.
[[nodiscard]] Result<std::vector<RevocationRow>> due_revocations(Database& database, WallTime now,
                                                                 std::size_t limit);
/// Whether a certificate with this key was revoked because the key is compromised (reason 1).
[[nodiscard]] Result<bool> is_compromised_key(Database& database, const Sha256& key_sha256);
/// Whose certificate that is: empty where it is none that a server has been given.
[[nodiscard]] Result<std::optional<std::int64_t>> server_of_certificate(Database& database,
                                                                        const Sha256& sha256);
/// Certificates of a server that have not expired at `now` and have no row, oldest first.
[[nodiscard]] Result<std::vector<CertificateRow>> unrevoked_certificates(Database& database,
                                                                         std::int64_t server_id,
                                                                         WallTime now);

/// `row.id` is not looked at. Errors: Conflict the certificate has a row.
[[nodiscard]] Result<void> insert_revocation(Writer& writer, const RevocationRow& row);
/// Writes next_at, done_at, failures and problem, and the sealed key. Errors: NotFound.
[[nodiscard]] Result<void> update_revocation(Writer& writer, const RevocationRow& row);

/// Whether a certificate of the server that has not expired was revoked, or is to be.
[[nodiscard]] Result<bool> has_revoked(Database& database, const Subject& subject, WallTime now);

}  // namespace hairpin::store
