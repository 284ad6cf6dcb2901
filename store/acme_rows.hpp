// store/acme_rows.hpp - attempts to get a certificate, and the certificates.
//
// The rows of acme/ as plain values, and the typed reads and writes of them. What the states mean
// and how one follows another is acme/attempt.hpp's; here they are text with a CHECK. At most one
// attempt of a subject is under way (a partial unique index). Canaries are ours too, and are left
// out where it is asked for what is ours (live_attempt(), settled_attempts(), ..).
//
// Secrets: managed keys are only here sealed (core/crypto.hpp's Sealer), with the context that
// managed_key_context() gives. Accounts and their keys: issuer_rows.hpp.
//
// Errors everywhere: Conflict, Unavailable, Corrupt as in sqlite_error.hpp.
//
// Threads   AcmeQueries as its Database; what takes a Writer: the commit thread.

#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "store/writer.hpp"
#include "zones/name.hpp"

namespace hairpin::store {

/// In place of a server's id: the certificate is this Hairpin's own.
inline constexpr std::int64_t kOurselves = 0;
/// As log lines, audit rows and errors call it: "server 7", "hairpind".
[[nodiscard]] std::string subject_text(std::int64_t server_id);

/// Whose certificates follow one another: a server's twin certificates, its certificates for one
/// name alone (what clients order that know no other kind: docs/adr/0021), or our own. A server's
/// id alone means its twin certificates.
struct Subject {
    // NOLINTNEXTLINE(google-explicit-constructor): most callers know of no other.
    Subject(std::int64_t server = 0, std::string name = {})
        : server_id(server), name_alone(std::move(name)) {}
    std::int64_t server_id;  // Or kOurselves: then NULL in the database.
    std::string name_alone;  // In lower case, without a final dot; empty: the twin names.
    friend auto operator<=>(const Subject&, const Subject&) = default;
};

/// acme/attempt.hpp draws how they follow one another.
enum class AttemptState : std::uint8_t {
    Wanted,
    Admitted,
    Ordering,
    Open,
    TxtStaged,
    TxtLive,
    Challenged,
    Ready,
    Finalizing,
    Processing,
    Fetched,
    Checked,
    Offered,
    Deployed,
    Backoff,
    Blocked,
    Superseded,
    Cancelled,
};
inline constexpr std::size_t kAttemptStates = 18;
/// As stored: "wanted", "txt-staged", ..
[[nodiscard]] std::string_view to_string(AttemptState state) noexcept;
[[nodiscard]] std::optional<AttemptState> attempt_state_from_text(std::string_view text) noexcept;
/// Whether an attempt in this state counts for "at most one under way": all but Offered, Deployed,
/// Superseded and Cancelled.
[[nodiscard]] bool is_under_way(AttemptState state) noexcept;

/// Why there is an attempt.
enum class AttemptCause : std::uint8_t { First, Renewal, NewKey, Again };
[[nodiscard]] std::string_view to_string(AttemptCause cause) noexcept;
/// Where the private key is: on the server, or made here.
enum class KeyOrigin : std::uint8_t { Device, Managed };
[[nodiscard]] std::string_view to_string(KeyOrigin origin) noexcept;

/// Whether the next order of an attempt goes to the CA's staging directory first.
enum class Rehearsal : std::uint8_t { None, Due, Passed };
[[nodiscard]] std::string_view to_string(Rehearsal rehearsal) noexcept;

/// One authorization of an order that waits for its challenge (RFC 8555 section 7.1.4).
struct AcmeAuthorizationRow {
    std::string url;
    std::string name;  // The identifier, without a final dot.
    std::string challenge_url;
    std::string txt_value;   // What we publish (section 8.4).
    std::string txt_owner;   // Where; empty: at _acme-challenge.<name>.
    std::string txt_apex;    // In which zone; empty: in the attempt's.
    bool stays = false;      // It is left there when the order is done.
    bool elsewhere = false;  // The zone is not ours (store/elsewhere_rows.hpp).
    friend bool operator==(const AcmeAuthorizationRow&, const AcmeAuthorizationRow&) = default;
};

struct AcmeAttemptRow {
    std::int64_t id = 0;
    std::int64_t server_id = 0;
    std::string name_alone;  // As in Subject; then it is the public name too.
    AttemptState state = AttemptState::Wanted;
    std::optional<WallTime> next_at;      // When it moves by itself; empty: it waits for somebody.
    std::optional<WallTime> deadline_at;  // Of what is under way.
    AttemptCause cause = AttemptCause::First;
    WallTime created_at{};
    WallTime changed_at{};
    std::int64_t failures = 0;  // In a row.
    std::string problem_type;   // Of the last failure; empty: none.
    std::string problem;        // In words for a person.
    zones::Name zone_apex;
    std::string public_name;               // Without a final dot, in lower case.
    std::string internal_name;             // Empty: ours has none.
    std::vector<std::string> other_names;  // Beside these: aliases of a server, others of ours.
    KeyOrigin key_origin = KeyOrigin::Device;
    Octets csr;           // DER. Empty: a managed key that is not made yet.
    Octets key_sealed;    // Of a managed key: PKCS#8 DER.
    Sha256 key_sha256{};  // Of the SubjectPublicKeyInfo; zeros: not made yet.
    std::string order_url;
    std::string finalize_url;
    std::string certificate_url;
    std::string chain;                         // PEM, between Fetched and Offered.
    std::optional<Sha256> certificate_sha256;  // Of what was offered.
    bool exempt = false;            // The CA counts its order in no limit: acme/budget.hpp.
    bool incident = false;          // What it replaces was revoked, or will be.
    std::string replaces;           // What the order names as its predecessor (RFC 9773 section 5).
    bool without_profile = false;   // The CA did not take the one that is configured.
    std::string directory;          // The CA where the order is, or was last; empty: none yet.
    std::string account;            // The URL of the account that placed it; empty: none yet.
    std::int64_t failed_there = 0;  // At that CA and by its fault, in a row.
    Rehearsal rehearsal = Rehearsal::None;
    std::string canary;  // The CA that is tried with it (issuer_rows.hpp); empty: it is no canary.
    std::vector<AcmeAuthorizationRow> authorizations;

    [[nodiscard]] Subject subject() const { return {server_id, name_alone}; }
};

struct CertificateRow {
    std::int64_t id = 0;
    std::int64_t server_id = 0;
    std::string name_alone;  // As in Subject.
    Sha256 sha256{};         // Of the DER.
    Sha256 key_sha256{};     // Of the SubjectPublicKeyInfo.
    KeyOrigin key_origin = KeyOrigin::Device;
    WallTime not_before{};
    WallTime not_after{};
    WallTime issued_at{};  // By our clock.
    WallTime renew_at{};
    std::optional<WallTime> deployed_at;
    std::string chain;  // PEM, the certificate first.
    Octets csr;
    Octets key_sealed;  // Empty: a device key, or handed out.

    [[nodiscard]] Subject subject() const { return {server_id, name_alone}; }
};

/// The context that managed keys are sealed with.
[[nodiscard]] std::string managed_key_context(std::int64_t server_id, const Sha256& key_sha256);

class AcmeQueries {
public:
    /// `database` outlives this.
    explicit AcmeQueries(Database& database) noexcept : database_(database) {}

    [[nodiscard]] Result<std::optional<AcmeAttemptRow>> attempt(std::int64_t id);
    /// The one under way.
    [[nodiscard]] Result<std::optional<AcmeAttemptRow>> live_attempt(const Subject& subject);
    /// The canary under way at a CA.
    [[nodiscard]] Result<std::optional<AcmeAttemptRow>> live_canary(std::string_view directory);
    /// Every attempt that moves by itself, by id: what the scheduler loads.
    struct Due {
        std::int64_t id = 0;
        WallTime next_at{};
    };
    [[nodiscard]] Result<std::vector<Due>> scheduled(std::size_t limit, std::int64_t after_id);
    /// In the state Offered or Deployed: they wait to be renewed.
    [[nodiscard]] Result<std::vector<AcmeAttemptRow>> settled_attempts(const Subject& subject);

    /// The newest that has not expired at `now` and is not to be revoked.
    [[nodiscard]] Result<std::optional<CertificateRow>> current_certificate(const Subject& subject,
                                                                            WallTime now);
    /// The same, and where all have expired the last of them.
    [[nodiscard]] Result<std::optional<CertificateRow>> newest_certificate(const Subject& subject,
                                                                           WallTime now);
    /// All that have not expired at `now`, newest first; at most `limit`.
    [[nodiscard]] Result<std::vector<CertificateRow>> current_certificates(const Subject& subject,
                                                                           WallTime now,
                                                                           std::size_t limit);
    /// Of any of the server's subjects.
    [[nodiscard]] Result<std::optional<CertificateRow>> certificate(std::int64_t server_id,
                                                                    const Sha256& sha256);
    /// The names that the server has, or had, certificates or attempts for alone; sorted.
    [[nodiscard]] Result<std::vector<std::string>> names_alone(std::int64_t server_id);
    /// When the certificates of a subject were issued, since `since`, newest first; at most
    /// `limit`.
    [[nodiscard]] Result<std::vector<WallTime>> issues_since(const Subject& subject, WallTime since,
                                                             std::size_t limit);
    /// When attempts of a subject were made that got further than waiting for a place (or had
    /// failed before), since `since`, newest first; at most `limit`.
    [[nodiscard]] Result<std::vector<WallTime>> attempts_since(const Subject& subject,
                                                               WallTime since, std::size_t limit);
    /// Whether a certificate or an attempt of another licence than this server's is for the key.
    [[nodiscard]] Result<bool> is_key_of_others(std::int64_t server_id, const Sha256& key_sha256);
    /// Attempts by state, in the order of AttemptState: for metrics at the start.
    [[nodiscard]] Result<std::vector<std::int64_t>> attempts_by_state();

private:
    [[nodiscard]] Result<std::optional<AcmeAttemptRow>> one_attempt(Statement statement);
    Database& database_;
};

/// With its authorizations. The new id; `row.id` is not looked at. Errors: Conflict one is under
/// way.
[[nodiscard]] Result<std::int64_t> insert_attempt(Writer& writer, const AcmeAttemptRow& row);
/// Writes all of the row where the attempt is still in `expected`; `changed_at` becomes the
/// commit's time. Errors: NotFound it is gone (with its server); Conflict another state.
[[nodiscard]] Result<void> update_attempt(Writer& writer, const AcmeAttemptRow& row,
                                          AttemptState expected);
[[nodiscard]] Result<std::int64_t> insert_certificate(Writer& writer, const CertificateRow& row);
/// What the server says that it serves, as its reports do.
[[nodiscard]] Result<void> set_served(Writer& writer, std::int64_t server_id,
                                      const Sha256& certificate);
/// Errors: NotFound. The first time stays.
[[nodiscard]] Result<void> set_deployed(Writer& writer, std::int64_t certificate_id);
[[nodiscard]] Result<void> erase_managed_key(Writer& writer, std::int64_t certificate_id);
/// Managed keys of servers' certificates that are deployed.
[[nodiscard]] Result<void> erase_deployed_keys(Writer& writer);
/// Removes what nobody asks about any more: finished attempts but for the newest ten, and
/// certificates that expired before `before`.
[[nodiscard]] Result<void> prune_acme(Writer& writer, const Subject& subject, WallTime before);

}  // namespace hairpin::store
