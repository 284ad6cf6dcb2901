// acme/certificates.hpp - twin certificates as the rest of Hairpin sees them.
//
// Asks for, renews and hands out one certificate per server that covers both of its names. This is
// the whole face of acme/: the orders behind it (attempt.hpp), the CA (client.hpp) and the thread
// that drives them (engine.hpp) stay inside. It changes DNS only through the committer, and never
// answers a DNS question.
//
// With a device key the private key never leaves the server: its CSR is what the CA gets, so the
// CSR must name exactly the twin names. What names those are is decided by the store, never by the
// CSR. With a managed key the key is made here, sealed, and handed out: until the server says that
// it serves the certificate, at most kManagedKeyStays after the first time; then it is erased.
// Hairpin's own certificate (own_certificate.hpp) comes the same way; its key stays.
//
// Standards RFC 8555 (ACME), RFC 2986 (PKCS#10).
// Threads   Every member function from any thread. `done` callbacks and subscribers run on the
//           commit thread, on the thread "acme", or (where the answer is known at once) on the
//           caller's, never with a lock held; they must only hand over. state() and chain() are
//           plain reads over the caller's own store::Queries.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "acme/breaker.hpp"
#include "acme/coupling.hpp"
#include "acme/evidence.hpp"
#include "acme/issuer_choice.hpp"
#include "acme/limits.hpp"
#include "acme/own_certificate.hpp"
#include "acme/preflight.hpp"
#include "acme/profile.hpp"
#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "store/acme_rows.hpp"
#include "store/certificate_overview.hpp"
#include "store/committer.hpp"
#include "store/reader.hpp"
#include "zones/change.hpp"

namespace hairpin::acme {

/// The largest PKCS#10 request that is looked at, DER or PEM.
inline constexpr std::size_t kMaxCsrOctets = 16 * 1024;

/// Whether a managed key outlives its hand-out: an escrow, sealed as all keys are.
enum class KeyEscrow : std::uint8_t {
    Off,
    On,  // It may be fetched as long as its certificate is the server's.
};

/// So long after it was first handed out a managed key may be fetched again: an answer may get
/// lost.
inline constexpr Milliseconds kManagedKeyStays{3600 * 1000};

/// Where an attempt is; attempt.hpp draws how the states follow one another.
using StateName = store::AttemptState;
inline constexpr std::size_t kStateCount = store::kAttemptStates;

/// A CA, and what is agreed with it.
struct IssuerOptions {
    std::string name;             // Ours for it: "google".
    std::string directory;        // https URL of its directory (RFC 8555 section 7.1.1).
    std::string staging;          // Of its directory for trials; empty: none.
    std::string ca_file;          // PEM trust for its own HTTPS; empty: the system's.
    std::string eab_kid;          // External account binding; empty: none.
    Octets eab_key;               // Its MAC key, decoded: a secret.
    std::string standby_eab_kid;  // The same of the account in reserve.
    Octets standby_eab_key;
    std::string profile;          // Empty: the CA's choice.
    std::string preferred_chain;  // Common name of the root; empty: the CA's choice.
};

struct Options {
    // The first CA, as IssuerOptions:
    std::string name = "first";
    std::string staging;
    std::string standby_eab_kid;
    Octets standby_eab_key;
    std::string directory;              // https URL of the CA's directory (RFC 8555 section 7.1.1).
    std::vector<std::string> contacts;  // "mailto:ops@example.net"; may be empty.
    std::string ca_file;                // PEM trust for the CA's own HTTPS; empty: the system's.
    std::string eab_kid;                // External account binding; empty: none.
    Octets eab_key;                     // Its MAC key, decoded: a secret.
    std::string profile{kDefaultProfile};
    std::vector<LicenceProfile> licence_profiles;
    std::string preferred_chain;  // Common name of the root; empty: the CA's choice.
    /// The CAs that follow, in the order in which they are used when the first one does not work.
    std::vector<IssuerOptions> fallbacks;
    bool standby_accounts = false;  // Whether each CA gets an account in reserve.
    ChoiceRules choice;
    BreakerRules breaker;
    Milliseconds attend_interval{10'000};  // Between looks at breakers, accounts and canaries.
    /// What canaries are ordered for, asked on the thread "acme"; null: there are none. Errors: a
    /// reason why they cannot be ordered.
    std::function<Result<OwnNames>()> canary_names;
    Milliseconds canary_interval{7LL * 24 * 3600 * 1000};
    Milliseconds canary_retry{24LL * 3600 * 1000};  // After a failure.
    std::string user_agent = "hairpin";
    std::vector<std::string> refused_keys;  // Files of RefusedKeys::read() (weak_key.hpp).
    std::string database_path;              // For a read-only connection of its own.

    /// Our own DNS endpoints: each must answer both TXT values before the CA is told. A wildcard
    /// address is asked over loopback.
    std::vector<Endpoint> listeners;

    /// The secondaries of a zone: each is waited for too, and a CA may ask any of them. On the
    /// thread "acme"; empty: there are none.
    std::function<std::vector<Endpoint>(const zones::Name& apex)> secondaries;
    Milliseconds secondary_patience{10 * 60'000};  // For one that answers, but not our values.
    /// What our servers were asked by CAs, for the sentence of a refusal; empty: nothing is known.
    SeenQueries seen_queries;

    /// Preflight, CAA and dns-persist-01.
    CouplingOptions coupling;

    KeyEscrow key_escrow = KeyEscrow::Off;  // Of managed keys.
    std::string internal_prefix = "i-";     // DESIGN section 6, [names].
    std::uint32_t txt_ttl = 60;

    /// The CA's limits in place of its preset: for tests.
    std::optional<Allowances> allowances;
    std::size_t max_live_orders = 32;   // Attempts that talk to the CA at the same time.
    std::size_t issues_per_day = 1;     // Of one server, for renewals; the first is free.
    std::size_t issues_per_week = 3;    // Of one server, for any reason; the first is free.
    std::size_t orders_per_hour = 5;    // Of one server, whatever became of them.
    std::size_t orders_per_day = 20;    // The same.
    Seconds young{24 * 3600};           // So long the same key is given the same certificate.
    Milliseconds retry_pause{300'000};  // After a failure; then a request may end the pause.
    Milliseconds backoff_base{60'000};  // 1, 10, 100 of these, then backoff_longest.
    Milliseconds backoff_longest{24 * 3600 * 1000};
    Milliseconds poll_interval{2'000};               // The longest first one: poll_pace.hpp.
    Milliseconds attempt_deadline{6 * 3600 * 1000};  // The order's own `expires` may be earlier.
    Milliseconds request_timeout{30'000};
    Milliseconds directory_age{24 * 3600 * 1000};  // Then the CA's directory is read again.

    /// Called on the thread "acme" right before (`durable` false) and right after a transition is
    /// committed: for events, and for tests that kill the process there.
    std::function<void(std::int64_t server_id, StateName to, bool durable)> on_transition;
};

/// The server's own key: a PKCS#10 request, DER or PEM, signed with it.
struct DeviceKey {
    Octets csr;
};
/// A P-256 key made here.
struct ManagedKey {};
using KeySource = std::variant<DeviceKey, ManagedKey>;

enum class Phase : std::uint8_t { None, Ordering, Valid, Blocked };
/// "none", "ordering", "valid", "blocked": what /v1/self shows.
[[nodiscard]] std::string_view to_string(Phase phase) noexcept;

/// What a server or an operator is told about a server's certificate.
struct CertificateState {
    /// Valid: there is an unexpired certificate, even while its renewal is under way or failing
    /// (see `step` and `problem`). Blocked: there is none, and a person must act.
    Phase phase = Phase::None;
    std::optional<WallTime> not_before;
    std::optional<WallTime> not_after;
    std::optional<WallTime> issued_at;   // By our clock.
    std::optional<WallTime> expired_at;  // Of its last certificate, where no other is good.
    std::optional<Sha256> sha256;        // Of the certificate's DER: the ETag of the chain.
    std::optional<Sha256> key_sha256;    // Of its SubjectPublicKeyInfo.
    std::optional<WallTime> renew_at;
    /// What the CA wrote about the time of renewal for people; empty: nothing.
    std::string renewal_explanation;
    bool deployed = false;             // The server said that it serves it.
    bool managed_key_waiting = false;  // take_managed_key() has something to give.
    // Of the attempt under way, if any:
    std::optional<Sha256> step_key;      // Of its key; empty: a managed one that is not made yet.
    std::string step;                    // "challenged"; empty: none under way.
    std::optional<WallTime> eta;         // When a certificate can be expected; a guess.
    std::optional<WallTime> next_check;  // When the attempt moves next by itself.
    std::string problem;    // What failed last and what to do, for a person; else empty.
    std::string preflight;  // What was not good, or not found out, before the order; else empty.
};

/// All that is known of a server's certificates.
struct ServerCertificates {
    struct Alone {
        std::string name;
        CertificateState state;
    };
    CertificateState twin;
    std::vector<Alone> alone;  // By name; without those that have neither certificate nor attempt.

    /// The twin certificates', or where the server never asked for one that of the names alone, the
    /// worst of them.
    [[nodiscard]] Phase phase() const;
};

struct CertificateChain {
    std::string pem;  // The certificate first, then its issuers.
    Sha256 sha256{};  // Of the certificate's DER.
    WallTime not_after{};
    bool managed = false;
};

/// RFC 5280 section 5.3.1: those that make sense for a server's certificate.
enum class RevocationReason : std::uint8_t {
    Unspecified = 0,
    KeyCompromise = 1,
    Superseded = 4,
    CessationOfOperation = 5,
};
/// Nullopt: any other number.
[[nodiscard]] std::optional<RevocationReason> revocation_reason(std::int64_t number) noexcept;

/// Why a certificate that is asked for now would come later.
struct Postponement {
    WallTime until{};
    std::string why;  // For a person.
    /// Of a certificate so young that this key is given it again at once.
    std::optional<Sha256> young_key;
};

/// Relaxed: for metrics.
struct Counters {
    std::array<std::atomic<std::uint64_t>, kStateCount> entered{};  // Transitions into each state.
    std::atomic<std::uint64_t> issued{0};
    std::atomic<std::uint64_t> failed{0};           // Attempts that went to Backoff or Blocked.
    std::atomic<std::uint64_t> requests{0};         // HTTP requests to the CA.
    std::atomic<std::uint64_t> nonces_rejected{0};  // badNonce answers.
    std::atomic<std::uint64_t> live{0};             // Attempts under way now: a gauge.
};

struct IssuersView;  // acme/issuer_view.hpp
struct QueueView;    // acme/queue_view.hpp
struct CaaView;      // acme/caa_keeper.hpp
struct LimitChange;  // acme/gate.hpp

namespace detail {
class CertificatesState;
}

class Certificates {
public:
    /// Opens a reader, starts the thread "acme", takes up where the last run stopped.
    /// `clock` and `committer` outlive this. Errors: Unavailable, Corrupt as Reader::open; Invalid
    /// an option makes no sense.
    [[nodiscard]] static Result<std::unique_ptr<Certificates>> start(Options options,
                                                                     const Clock& clock,
                                                                     store::Committer& committer,
                                                                     const Sealer& sealer);
    /// Stops.
    ~Certificates();
    Certificates(const Certificates&) = delete;
    Certificates& operator=(const Certificates&) = delete;

    using Requested = std::function<void(Result<CertificateState>)>;
    using Acknowledged = std::function<void(Result<void>)>;
    using KeyTaken = std::function<void(Result<std::string>)>;

    /// Asks for a certificate. Asking again with the same key gives the attempt under way, or the
    /// certificate while it is young; another key supersedes both once it has its own. An attempt
    /// that failed waits (Backoff, Blocked) whatever the key, but asking when it has waited
    /// Options::retry_pause takes it up again, unless it is the CA that wants to be left alone.
    /// For a name alone: of device keys only. Errors: Invalid it is none of the server's names;
    /// and:
    /// Errors: Invalid      the CSR: not PKCS#10, its signature, its kind of key (P-256, P-384, RSA
    ///                      2048..4096 are taken), or its names: the cause says which names belong
    ///                      in it, and the openssl command that makes it
    ///         NotFound     no such server
    ///         Denied       the server or its licence is suspended, or the server is frozen
    ///         Unavailable  not durable
    void request(const store::Subject& subject, KeySource key, zones::Actor actor, Requested done);

    /// Asks for a certificate of our own: where there is none for exactly these names, or where
    /// `renew` says to order another all the same, or to try a failed order again. It renews itself
    /// from then on; another set of names takes the place of the one before. Subscribers hear of
    /// store::kOurselves.
    /// Errors: Unavailable not durable.
    void request_own(OwnNames names, Renew renew, zones::Actor actor, Requested done);

    /// The server says that it serves the certificate with this SHA-256 (of the DER).
    /// Its managed key, if it has one, is erased here; what its reports said about it is replaced.
    /// Errors: NotFound it is not one that we gave it; Unavailable. Twice is no harm.
    void deployed(std::int64_t server_id, const Sha256& sha256, zones::Actor actor,
                  Acknowledged done);

    /// The PEM of the managed key of the current certificate. The same again until deployed(), and
    /// at most kManagedKeyStays after the first time (not again at all once the certificate's
    /// renewal is under way); then it is erased here.
    /// Errors: NotFound there is none, or it was erased; Unavailable; Corrupt.
    void take_managed_key(std::int64_t server_id, zones::Actor actor, KeyTaken done);

    /// Takes attempts in Backoff or Blocked up again now: a person has mended the cause. Of ours:
    /// request_own().
    /// Errors: NotFound nothing waits.
    void retry(std::int64_t server_id, zones::Actor actor, Acknowledged done);

    /// Takes a certificate back. It is the server's no more when `done` is called; the CA is then
    /// asked to revoke it until it has.
    /// Errors: NotFound it is not one that we gave it; Conflict it is revoked already; Unavailable.
    void revoke(std::int64_t server_id, const Sha256& sha256, RevocationReason reason,
                zones::Actor actor, Acknowledged done);

    /// Gives the account that orders at a CA (empty: the first one) a new key; its URL stays.
    /// Orders wait meanwhile. Errors: NotFound no CA has that name; Unavailable why not; where the
    /// CA's answer was lost it is found out which key the account has before anything else is asked
    /// of it.
    void roll_over_account(std::string issuer, zones::Actor actor, Acknowledged done);

    /// Puts the account in reserve at a CA into the place of the one that orders, which is in
    /// reserve from then on. What is under way is finished by the account that began it.
    /// Errors: NotFound no CA has that name, or it has no account in reserve; Unavailable.
    void switch_account(std::string issuer, zones::Actor actor, Acknowledged done);
    /// Our CAs, in the order of the configuration; never null.
    [[nodiscard]] std::shared_ptr<const IssuersView> issuers() const;

    /// Sets a limit of the CA (an override that it granted), or takes that back. Who waits goes on
    /// at once where the limit now allows it, and queue() shows it when `done` is called. Errors:
    /// Invalid it makes no sense; NotFound nothing
    /// was set that could be taken back;
    ///         Unavailable.
    void set_limit(const LimitChange& change, zones::Actor actor, Acknowledged done);
    /// Who waits for the CA's limits, and until when; never null.
    [[nodiscard]] std::shared_ptr<const QueueView> queue() const;

    using Looked = std::function<void(Result<PreflightReport>)>;
    /// Looks now at a zone, for orders of these names in it: see preflight.hpp.
    /// Errors: Unavailable nothing is known of zones.
    void preflight(const zones::Name& apex, std::vector<std::string> names, Looked done);
    /// CAA records that follow our accounts; never null.
    [[nodiscard]] std::shared_ptr<const CaaView> caa() const;

    /// Calls back with a server's id whenever its state() may read differently, after it is
    /// durable. Drop the subscription to end it; no callback begins after that, one may be running.
    class Subscription {
    public:
        Subscription() noexcept = default;
        Subscription(std::weak_ptr<detail::CertificatesState> state, std::uint64_t id) noexcept;
        Subscription(Subscription&&) noexcept;
        Subscription& operator=(Subscription&&) noexcept;
        ~Subscription();

    private:
        std::weak_ptr<detail::CertificatesState> state_;
        std::uint64_t id_ = 0;
    };
    [[nodiscard]] Subscription subscribe(std::function<void(std::int64_t server_id)> callback);

    /// Whether an attempt for a new key of the server would be postponed, by the bounds of Options
    /// as the store has them: what is refused early costs nobody anything.
    /// Errors: those of the store.
    [[nodiscard]] Result<std::optional<Postponement>> would_postpone(store::Queries& queries,
                                                                     const store::Subject& subject,
                                                                     WallTime now) const;

    [[nodiscard]] const Counters& counters() const noexcept;
    /// Why nothing can be ordered at all now (the CA does not answer, the account is refused);
    /// empty while all is well.
    [[nodiscard]] std::string trouble() const;

    /// Ends the thread. Orders stay where they are and go on with the next start. Twice is no harm.
    void stop();

private:
    explicit Certificates(std::shared_ptr<detail::CertificatesState> state) noexcept;
    std::shared_ptr<detail::CertificatesState> state_;
};

/// What is known about a server's certificate, or our own (store::kOurselves); Phase::None for one
/// that never asked.
/// Errors: those of the store.
[[nodiscard]] Result<CertificateState> certificate_state(store::Queries& queries,
                                                         const store::Subject& subject,
                                                         WallTime now);
/// The same from what was read already.
[[nodiscard]] CertificateState certificate_state(const store::Standing& standing, WallTime now);
[[nodiscard]] ServerCertificates server_certificates(const store::CertificateOverview& overview,
                                                     WallTime now);
/// The chain of the newest unexpired certificate; empty when there is none.
[[nodiscard]] Result<std::optional<CertificateChain>> certificate_chain(
    store::Queries& queries, const store::Subject& subject, WallTime now);

}  // namespace hairpin::acme
