#include "acme/attempt.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace hairpin::acme {
namespace {

/// A renewal that fails is tried again after this part of the time that is left, at the latest.
constexpr int kTriesInTime = 8;

constexpr std::array<Rule, store::kAttemptStates> kRules = {{
    {StateName::Wanted, Duty::Admit, Begin::OnceDurable, "Nothing was asked of the CA yet."},
    {StateName::Admitted, Duty::Begin, Begin::AtOnce, "Nothing was asked of the CA yet."},
    {StateName::Ordering, Duty::PlaceOrder, Begin::OnceDurable,
     "An order may have been placed whose URL was lost: another is placed. The CA gives the same "
     "pending order again or lets the lost one expire; no certificate comes of it."},
    {StateName::Open, Duty::ReadAuthorizations, Begin::AtOnce, "Only reads."},
    {StateName::TxtStaged, Duty::AskListeners, Begin::OnceDurable,
     "The TXT values were durable together with the state; asking is free. What the CA was told "
     "since is seen before it is told anything."},
    {StateName::TxtLive, Duty::AnswerChallenges, Begin::AtOnce,
     "Each authorization is read first; only a challenge that is pending is answered."},
    {StateName::Challenged, Duty::AwaitOrder, Begin::OnceDurable, "Only reads."},
    {StateName::Ready, Duty::PrepareKey, Begin::AtOnce,
     "A key that was made and lost was never used."},
    {StateName::Finalizing, Duty::Finalize, Begin::OnceDurable,
     "The order is read first; the CSR is sent only while the order is ready."},
    {StateName::Processing, Duty::AwaitCertificate, Begin::AtOnce,
     "Only reads; the chain can be fetched again."},
    {StateName::Fetched, Duty::CheckChain, Begin::AtOnce, "Pure, over the stored chain."},
    {StateName::Checked, Duty::Offer, Begin::AtOnce, "One transaction of ours."},
    {StateName::Offered, Duty::Renew, Begin::OnceDurable, "One transaction of ours."},
    {StateName::Deployed, Duty::Renew, Begin::OnceDurable, "One transaction of ours."},
    {StateName::Backoff, Duty::TryAgain, Begin::OnceDurable, "One transaction of ours."},
    {StateName::Blocked, Duty::TryAgain, Begin::OnceDurable, "One transaction of ours."},
    {StateName::Superseded, Duty::Nothing, Begin::OnceDurable, "Final."},
    {StateName::Cancelled, Duty::Nothing, Begin::OnceDurable, "Final."},
}};

constexpr std::array<std::string_view, std::variant_size_v<Event>> kEventNames = {
    "admitted",
    "postponed",
    "begun",
    "order placed",
    "asked for less",
    "authorizations read",
    "listeners answered",
    "challenges answered",
    "order ready",
    "key prepared",
    "CSR sent",
    "chain fetched",
    "chain good",
    "certificate stored",
    "key handed out",
    "key erased",
    "acknowledged",
    "renewal planned",
    "renewal due",
    "failed",
    "pause over",
    "replaced",
    "withdrawn",
    "rehearsed",
    "canary passed",
};

/// What step() knows besides state and event.
struct Moment {
    WallTime now;
    const Ladder& ladder;
    Attempt& attempt;  // All of it but the state, which is taken out of it.
};

/// Empty: the event does not happen in the state.
using Next = std::optional<State>;

bool is_live(const State& state) {
    return store::is_under_way(name_of(state));
}
bool is_paused(const State& state) {
    return std::holds_alternative<Backoff>(state) || std::holds_alternative<Blocked>(state);
}

// The straight way, one function per step: the old state by value, the next one back. What is not
// listed falls to the template below and is refused.
template <typename OldState, typename AnyEvent>
Next on(OldState&& /*state*/, AnyEvent&& /*event*/, const Moment& /*moment*/) {
    return std::nullopt;
}

Next on(Wanted, WasAdmitted event, const Moment& at) {
    at.attempt.deadline_at = at.now + at.ladder.deadline;
    at.attempt.account.clear();
    if (at.attempt.directory != event.directory) at.attempt.failed_there = 0;
    at.attempt.directory = std::move(event.directory);
    return Admitted{};
}
Next on(Wanted state, Postponed event, const Moment& at) {
    at.attempt.next_at = event.until;
    at.attempt.problem_type = "postponed";
    at.attempt.problem = std::move(event.why);
    return state;
}
Next on(Ordering, Postponed event, const Moment& at) {
    at.attempt.deadline_at.reset();
    return on(Wanted{}, std::move(event), at);
}
Next on(Admitted, Postponed event, const Moment& at) {
    at.attempt.deadline_at.reset();
    return on(Wanted{}, std::move(event), at);
}
Next on(Admitted, WasBegun, const Moment&) {
    return Ordering{};
}
Next on(Ordering, OrderPlaced event, const Moment& at) {
    if (event.expires && (!at.attempt.deadline_at || *event.expires < *at.attempt.deadline_at))
        at.attempt.deadline_at = event.expires;
    at.attempt.account = std::move(event.account);
    return Open{std::move(event.order)};
}
Next on(Ordering, AskedForLess event, const Moment& at) {
    // From the start: without its exemption it has to wait for its turn like all others.
    if (event.replaces) at.attempt.replaces.clear();
    if (event.profile) at.attempt.without_profile = true;
    at.attempt.exempt = false;
    at.attempt.deadline_at.reset();
    return Wanted{};
}
Next on(Open state, AuthorizationsRead event, const Moment&) {
    if (event.pending.empty()) return Ready{std::move(state.order)};
    return TxtStaged{std::move(state.order), std::move(event.pending)};
}
Next on(TxtStaged state, ListenersAnswered, const Moment&) {
    return TxtLive{std::move(state.order), std::move(state.pending)};
}
Next on(TxtLive state, ChallengesAnswered event, const Moment& at) {
    at.attempt.next_at = at.now + event.pause;
    return Challenged{std::move(state.order), std::move(state.pending)};
}
Next on(Challenged state, OrderReady, const Moment&) {
    return Ready{std::move(state.order)};
}
Next on(Ready, Rehearsed, const Moment& at) {
    at.attempt.rehearsal = store::Rehearsal::Passed;
    at.attempt.deadline_at.reset();
    return Wanted{};
}
Next on(Checked, CanaryPassed, const Moment&) {
    return Superseded{};
}
Next on(Ready state, KeyPrepared event, const Moment& at) {
    at.attempt.key = std::move(event.key);
    return Finalizing{std::move(state.order)};
}
Next on(Finalizing state, CsrSent, const Moment&) {
    return Processing{std::move(state.order)};
}
Next on(Processing, ChainFetched event, const Moment&) {
    return Fetched{std::move(event.chain)};
}
Next on(Fetched, ChainGood event, const Moment&) {
    return Checked{std::move(event.chain)};
}
Next on(Checked, CertificateStored event, const Moment& at) {
    at.attempt.next_at = event.look_at;
    at.attempt.deadline_at.reset();
    at.attempt.failures = 0;
    at.attempt.failed_there = 0;
    at.attempt.rehearsal = store::Rehearsal::None;
    at.attempt.problem.clear();
    at.attempt.problem_type.clear();
    at.attempt.key.sealed.clear();  // It is the certificate's from now on, and nowhere else.
    return Offered{event.sha256};
}
Next on(Offered state, KeyHandedOut event, const Moment& at) {
    at.attempt.next_at = at.attempt.deadline_at = event.erase_at;
    return state;
}
Next on(Offered state, KeyErased event, const Moment& at) {
    at.attempt.next_at = event.look_at;
    at.attempt.deadline_at.reset();
    return state;
}
Next on(Offered state, Acknowledged event, const Moment& at) {
    at.attempt.next_at = event.look_at;
    at.attempt.deadline_at.reset();
    return Deployed{state.certificate};
}
Next on(Offered state, RenewalPlanned event, const Moment& at) {
    at.attempt.next_at = std::min(event.look_at, at.attempt.deadline_at.value_or(event.look_at));
    return state;
}
Next on(Deployed state, RenewalPlanned event, const Moment& at) {
    at.attempt.next_at = event.look_at;
    return state;
}
Next on(Offered, RenewalDue, const Moment&) {
    return Superseded{};
}
Next on(Deployed, RenewalDue, const Moment&) {
    return Superseded{};
}
Next on(Offered, Replaced, const Moment&) {
    return Superseded{};
}
Next on(Deployed, Replaced, const Moment&) {
    return Superseded{};
}

/// A day's pause is too long where the certificate has a day left.
Milliseconds hurried(Milliseconds pause, std::optional<WallTime> needed_by, const Moment& at) {
    if (!needed_by || *needed_by <= at.now) return pause;
    return std::min(pause, std::max(at.ladder.base, (*needed_by - at.now) / kTriesInTime));
}

/// How long a failed attempt rests. The first failure at a CA says nothing about the next one's, so
/// it begins with the shortest pause whatever the CA before did.
Milliseconds pause_of(const Failed& failed, const Moment& at) {
    const Attempt& attempt = at.attempt;
    const bool is_first_there = failed.weight > 0 && attempt.failed_there == failed.weight;
    const bool is_lasting = failed.verdict.remedy == Remedy::PersonNeeded;
    const Milliseconds pause =
        is_lasting ? at.ladder.longest
                   : hurried(pause_after(is_first_there ? 1 : attempt.failures, at.ladder),
                             failed.needed_by, at);
    return std::max(
        pause, std::min(failed.verdict.not_before.value_or(Milliseconds(0)), at.ladder.longest));
}

Next on_failure(const State& state, const Failed& failed, const Moment& at) {
    if (!is_live(state) || is_paused(state)) return std::nullopt;
    Attempt& attempt = at.attempt;
    ++attempt.failures;
    attempt.failed_there += failed.weight;
    attempt.problem_type = failed.verdict.type;
    attempt.problem = failed.verdict.text;
    attempt.deadline_at.reset();
    if (failed.rehearsal) attempt.rehearsal = *failed.rehearsal;
    if (attempt.is_canary()) return Superseded{};
    const WallTime rested = at.now + pause_of(failed, at);
    attempt.next_at = rested;
    if (failed.elsewhere_at)
        attempt.next_at = std::min(rested, std::max(at.now, *failed.elsewhere_at));
    const bool person = failed.verdict.remedy == Remedy::PersonNeeded && !failed.elsewhere_at;
    return person ? State(Blocked{}) : State(Backoff{});
}

/// What may happen in many states, after the straight way had no answer.
Next on_any(const State& state, const Event& event, const Moment& at) {
    if (const auto* failed = std::get_if<Failed>(&event)) return on_failure(state, *failed, at);
    if (std::holds_alternative<PauseOver>(event) && is_paused(state)) return Wanted{};
    if (std::holds_alternative<Replaced>(event) && is_live(state)) return Superseded{};
    if (std::holds_alternative<Withdrawn>(event) && is_live(state)) return Cancelled{};
    return std::nullopt;
}

bool is_final(const State& state) {
    return std::holds_alternative<Superseded>(state) || std::holds_alternative<Cancelled>(state);
}

}  // namespace

std::span<const Rule> rules() noexcept {
    return kRules;
}

Duty duty_of(StateName state) noexcept {
    return kRules[static_cast<std::size_t>(state)].duty;
}

Begin begin_of(StateName state) noexcept {
    return kRules[static_cast<std::size_t>(state)].begin;
}

std::vector<std::string> names_of(const Attempt& attempt) {
    std::vector<std::string> names = {attempt.public_name};
    if (!attempt.internal_name.empty()) names.push_back(attempt.internal_name);
    names.insert(names.end(), attempt.other_names.begin(), attempt.other_names.end());
    return names;
}

std::string_view name_of(const Event& event) noexcept {
    return kEventNames[event.index()];
}

Milliseconds pause_after(std::int64_t failures, const Ladder& ladder) {
    Milliseconds pause = ladder.base;
    for (std::int64_t each = 1; each < failures && each < 4 && pause < ladder.longest; ++each)
        pause *= 10;
    if (failures > 3) return ladder.longest;
    return std::min(pause, ladder.longest);
}

bool has_deadline(StateName state) noexcept {
    return state >= StateName::Admitted && state <= StateName::Checked;
}

std::span<const Pending> published(const State& state) noexcept {
    if (const auto* staged = std::get_if<TxtStaged>(&state)) return staged->pending;
    if (const auto* live = std::get_if<TxtLive>(&state)) return live->pending;
    if (const auto* challenged = std::get_if<Challenged>(&state)) return challenged->pending;
    return {};
}

const OrderPlace* order_of(const State& state) noexcept {
    return std::visit(
        [](const auto& each) -> const OrderPlace* {
            if constexpr (requires { each.order; }) {
                return &each.order;
            } else {
                return nullptr;
            }
        },
        state);
}

Result<Step> step(Attempt attempt, Event event, WallTime now, const Ladder& ladder) {
    const State old = attempt.state;
    attempt.next_at = now;
    const Moment moment{now, ladder, attempt};
    Next next =
        std::visit([&](auto state,
                       auto happened) { return on(std::move(state), std::move(happened), moment); },
                   old, event);
    if (!next) next = on_any(old, event, moment);
    if (!next)
        return fail(Error{ErrorCode::Conflict, "attempt " + std::to_string(attempt.id),
                          "\"" + std::string(name_of(event)) + "\" does not happen while it is " +
                              std::string(to_string(name_of(old)))});
    if (is_final(*next)) {
        attempt.key.sealed.clear();
        attempt.next_at.reset();
        attempt.deadline_at.reset();
    }
    attempt.state = std::move(*next);
    ZoneEffect effect = ZoneEffect::None;
    if (published(old).empty() && !published(attempt.state).empty()) effect = ZoneEffect::AddTxt;
    if (!published(old).empty() && published(attempt.state).empty()) effect = ZoneEffect::RemoveTxt;
    return Step{std::move(attempt), effect};
}

}  // namespace hairpin::acme
