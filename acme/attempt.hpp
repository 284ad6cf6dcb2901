// acme/attempt.hpp - one attempt to get one certificate, as a state machine without a world.
//
//   Wanted -> Admitted -> Ordering -> Open -> TxtStaged -> TxtLive -> Challenged -> Ready
//     ^ ^                              |                                          ^   |
//     | |                              +------- (authorized already) -------------+   v
//     | |                                                                        Finalizing
//     | |                                                                             |
//     | |   Deployed <- Offered <- Checked <- Fetched <- Processing <-----------------+
//     | |      |           |
//     | |      +-----------+-- renewal is due --> Superseded (and another attempt is Wanted)
//     | |
//     | |  Admitted -- the preflight holds it --> Wanted
//     | |  Ordering -- the CA's limit is reached --> Wanted
//     | +-- its time has come -- Backoff <-- any state from Wanted to Checked fails, or is too late
//     +---- daily, or retried -- Blocked <-- the same, where a person is needed
//
//   Ordering -- the CA does not take what was asked for besides the names --> Wanted, plainly
//   Ready -- it was a rehearsal at the CA's staging directory, and went well --> Wanted
//
//   A canary (issuer.hpp) ends: Checked --> Superseded, and where others would go to Backoff or
//   Blocked it goes to Superseded.
//
//   From every state from Wanted to Blocked: a newer request -> Superseded; the server or its
//   licence is gone -> Cancelled.
//
// A state is entered in one transaction of the store, together with `next_at` and with what changes
// in DNS; those that need not be durable before their duty is begun (Begin::AtOnce) in the one of
// the state that follows, or as soon as their duty has to wait. What is then to be done is
// duty_of(state): the same after a step as after a restart, so there is no second path for
// restarts. Each duty may have been carried out already, wholly or in part, when it is begun; its
// rule (kRules in attempt.cpp) says why that does no harm.
//
// The machine decides; engine.hpp does. Time is an argument.
//
// Standards RFC 8555 section 7.1.6 (the CA's own states), section 7.4.
// Threads   Values and pure functions.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "acme/verdict.hpp"
#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/result.hpp"
#include "store/acme_rows.hpp"

namespace hairpin::acme {

using StateName = store::AttemptState;
using store::to_string;

/// An order at the CA.
struct OrderPlace {
    std::string url;
    std::string finalize_url;
    friend bool operator==(const OrderPlace&, const OrderPlace&) = default;
};
/// An authorization that waits for its TXT value.
using Pending = store::AcmeAuthorizationRow;

// The states, each with what it alone has. Their order is that of store::AttemptState.
struct Wanted {};
struct Admitted {};
struct Ordering {};
struct Open {
    OrderPlace order;
};
struct TxtStaged {  // The TXT values are in the zone.
    OrderPlace order;
    std::vector<Pending> pending;
};
struct TxtLive {  // Our listeners answer them.
    OrderPlace order;
    std::vector<Pending> pending;
};
struct Challenged {  // The CA was told.
    OrderPlace order;
    std::vector<Pending> pending;
};
struct Ready {  // Authorized; the TXT values are gone from the zone.
    OrderPlace order;
};
struct Finalizing {
    OrderPlace order;
};
struct Processing {
    OrderPlace order;
};
struct Fetched {
    std::string chain;
};
struct Checked {
    std::string chain;
};
struct Offered {
    Sha256 certificate{};
};
struct Deployed {
    Sha256 certificate{};
};
struct Backoff {};
struct Blocked {};
struct Superseded {};
struct Cancelled {};

using State = std::variant<Wanted, Admitted, Ordering, Open, TxtStaged, TxtLive, Challenged, Ready,
                           Finalizing, Processing, Fetched, Checked, Offered, Deployed, Backoff,
                           Blocked, Superseded, Cancelled>;
static_assert(std::variant_size_v<State> == store::kAttemptStates);

[[nodiscard]] inline StateName name_of(const State& state) noexcept {
    return static_cast<StateName>(state.index());
}

/// The key that the certificate is for.
struct AttemptKey {
    store::KeyOrigin origin = store::KeyOrigin::Device;
    Octets csr;       // DER; empty: a managed key, made at Ready.
    Octets sealed;    // Of a managed key.
    Sha256 sha256{};  // Of the SubjectPublicKeyInfo.
    friend bool operator==(const AttemptKey&, const AttemptKey&) = default;
};

struct Attempt {
    std::int64_t id = 0;
    std::int64_t server_id = 0;  // Or store::kOurselves.
    std::string name_alone;      // As in store::Subject; then it is the public name too.
    store::AttemptCause cause = store::AttemptCause::First;
    zones::Name zone_apex;
    std::string public_name;               // Without a final dot, in lower case.
    std::string internal_name;             // Empty: ours has none, nor has a name alone.
    std::vector<std::string> other_names;  // Beside these: aliases of a server, others of ours.
    AttemptKey key;
    State state;
    std::optional<WallTime> next_at;  // When its duty is due; empty: somebody must act.
    /// While an order is under way: when it must be finished. Offered: when the managed key that
    /// was handed out is erased; empty: it was not, or there is none.
    std::optional<WallTime> deadline_at;
    WallTime created_at{};
    std::int64_t failures = 0;  // In a row.
    std::string problem_type;   // Of the last failure.
    std::string problem;
    /// The predecessor that the order names (RFC 9773 section 5); empty: none.
    std::string replaces;
    /// The order is placed with `replaces`, inside the predecessor's window: the CA's limits do not
    /// count it (budget.hpp). Set on admission.
    bool exempt = false;
    /// The CA that gets its order has issued for exactly these names before. Not stored: the
    /// certificates are.
    bool known_there = false;
    bool incident = false;          // The certificate that it replaces was revoked, or will be.
    bool without_profile = false;   // The CA did not take the one that is configured.
    std::string directory;          // The CA where its order is, or was last; empty: none yet.
    std::string account;            // The URL of the account that placed it; empty: none yet.
    std::int64_t failed_there = 0;  // At that CA and by its fault, in a row.
    store::Rehearsal rehearsal = store::Rehearsal::None;
    std::string canary;  // The CA that is tried with it; empty: it is no canary.
    [[nodiscard]] bool is_canary() const noexcept { return !canary.empty(); }
    [[nodiscard]] store::Subject subject() const { return {server_id, name_alone}; }
};

/// All names that its certificate is for, the public one first.
[[nodiscard]] std::vector<std::string> names_of(const Attempt& attempt);

/// What is to be done in a state when `next_at` has come.
enum class Duty : std::uint8_t {
    Nothing,
    Admit,       // See whether limits allow an order now.
    Begin,       // See what the CA would find; note that an order is about to be placed.
    PlaceOrder,  // POST newOrder.
    ReadAuthorizations,
    AskListeners,      // Do all of them answer the TXT values?
    AnswerChallenges,  // Tell the CA.
    AwaitOrder,        // Poll until the order is ready.
    PrepareKey,        // Make a managed key; note that the order is about to be finalized.
    Finalize,          // POST the CSR, if that has not been done.
    AwaitCertificate,  // Poll until it is valid; fetch the chain.
    CheckChain,
    Offer,  // Give it to the server.
    Renew,  // Put another attempt in its place, ask the CA when, or erase a key handed out.
    TryAgain,
};

/// When the duty of a state is begun.
enum class Begin : std::uint8_t {
    OnceDurable,  // What it does outside must find the state in the store after a crash.
    AtOnce,       // The state before it would do after a crash: it only reads, or reads first.
};

/// One line of the table: a state, what is done in it, when, and why that may be begun again at any
/// time.
struct Rule {
    StateName state;
    Duty duty;
    Begin begin;
    std::string_view reentry;
};
/// One for each state, in order.
[[nodiscard]] std::span<const Rule> rules() noexcept;
[[nodiscard]] Duty duty_of(StateName state) noexcept;
[[nodiscard]] Begin begin_of(StateName state) noexcept;

// What happens to an attempt.
struct WasAdmitted {
    std::string directory = {};  // Of the CA that gets the order.
};
struct Postponed {  // Of Wanted: a limit of ours. Of Admitted: what the preflight found. Of
                    // Ordering: the CA's limit, and nothing was placed.
    WallTime until{};
    std::string why;
};
struct WasBegun {};
struct OrderPlaced {
    OrderPlace order;
    std::optional<WallTime> expires;
    std::string account = {};  // The URL of the account that placed it.
};
struct AskedForLess {       // The CA refused the order for what it asks for besides the names.
    bool replaces = false;  // Not named any more.
    bool profile = false;   // The same.
};
struct AuthorizationsRead {  // `pending` is empty where all are valid already.
    std::vector<Pending> pending;
};
struct ListenersAnswered {};
struct ChallengesAnswered {
    Milliseconds pause{0};  // Until the order is looked at.
};
struct OrderReady {};
struct KeyPrepared {
    AttemptKey key;
};
struct CsrSent {};
struct ChainFetched {
    std::string chain;
};
struct ChainGood {
    std::string chain;  // Written anew: nothing but certificates.
};
struct CertificateStored {
    Sha256 sha256{};
    WallTime look_at{};  // When it is to be renewed, or the CA to be asked when.
};
struct KeyHandedOut {  // Of Offered: the managed key may be fetched again, until then.
    WallTime erase_at{};
};
struct KeyErased {  // Of Offered.
    WallTime look_at{};
};
struct Acknowledged {  // The server serves it.
    WallTime look_at{};
};
struct RenewalPlanned {  // Of Offered and Deployed: when to look at it again.
    WallTime look_at{};
};
struct RenewalDue {};
struct Failed {
    Verdict verdict;
    int weight = 0;  // How much it counts against the CA: 0, where it is not the CA's fault.
    /// What becomes of the rehearsal; empty: nothing.
    std::optional<store::Rehearsal> rehearsal = {};
    /// When another CA may take the order: no later than then it is looked at again.
    std::optional<WallTime> elsewhere_at = {};
    /// When what the attempt is to follow expires; empty: nothing does. The nearer that is, the
    /// shorter the pause.
    std::optional<WallTime> needed_by = {};
};
struct PauseOver {};     // Of Backoff and Blocked: its time has come, or somebody wants it now.
struct Replaced {};      // By a newer request.
struct Withdrawn {};     // Nobody wants it any more.
struct Rehearsed {};     // The staging directory's order would have been issued.
struct CanaryPassed {};  // The certificate is good, and nobody needs it.

using Event = std::variant<WasAdmitted, Postponed, WasBegun, OrderPlaced, AskedForLess,
                           AuthorizationsRead, ListenersAnswered, ChallengesAnswered, OrderReady,
                           KeyPrepared, CsrSent, ChainFetched, ChainGood, CertificateStored,
                           KeyHandedOut, KeyErased, Acknowledged, RenewalPlanned, RenewalDue,
                           Failed, PauseOver, Replaced, Withdrawn, Rehearsed, CanaryPassed>;
[[nodiscard]] std::string_view name_of(const Event& event) noexcept;

/// What a step changes in the zone, in the same transaction.
enum class ZoneEffect : std::uint8_t {
    None,
    AddTxt,     // The next state's pending values appear.
    RemoveTxt,  // The old state's pending values go.
};

struct Step {
    Attempt next;
    ZoneEffect effect = ZoneEffect::None;
};

struct Ladder {
    Milliseconds base{60'000};               // 1, 10, 100 of these, ..
    Milliseconds longest{24 * 3600 * 1000};  // .. then this; also between looks at a Blocked one.
    Milliseconds deadline{6 * 3600 * 1000};  // From Admitted to the chain.
};

/// The attempt after an event. `next.next_at` is now, but for: Backoff and Blocked (the ladder),
/// Challenged (its pause), a postponed one, Offered and Deployed (the renewal, or the next question
/// when that is to be), Superseded and Cancelled (never).
/// Errors: Conflict this event does not happen in this state: nothing changes.
[[nodiscard]] Result<Step> step(Attempt attempt, Event event, WallTime now, const Ladder& ladder);

/// How long to wait after that many failures in a row (1 and up).
[[nodiscard]] Milliseconds pause_after(std::int64_t failures, const Ladder& ladder);
/// Whether an order is under way that has a deadline: from Admitted to Checked.
[[nodiscard]] bool has_deadline(StateName state) noexcept;
/// The TXT values that the state has in the zone; empty: none.
[[nodiscard]] std::span<const Pending> published(const State& state) noexcept;
/// The order of a state that has one.
[[nodiscard]] const OrderPlace* order_of(const State& state) noexcept;

/// Errors: Corrupt what the state needs is not in the row.
[[nodiscard]] Result<Attempt> from_row(store::AcmeAttemptRow row);
[[nodiscard]] store::AcmeAttemptRow to_row(const Attempt& attempt);
/// step() over a row. Errors: as from_row and step.
[[nodiscard]] Result<Step> step_row(store::AcmeAttemptRow row, Event event, WallTime now,
                                    const Ladder& ladder);

}  // namespace hairpin::acme
