// Several CAs, their breakers and their canaries: see fleet.hpp. What the engine does in
// issuing.cpp, canaries.cpp and issuer.cpp.

#include <algorithm>
#include <utility>

#include "tests/simulation/fleet.hpp"

namespace hairpin::tests {
namespace {

using acme::Breaker;

const acme::ChoiceRules kChoiceRules;
const acme::CanaryPace kCanaryPace;
constexpr Milliseconds kAttendEach{10'000};
constexpr std::int64_t kSpreadOfLooks = 10'000;  // Milliseconds.

}  // namespace

std::size_t Fleet::waiting() const noexcept {
    std::size_t all = 0;
    for (const Issuer& issuer : issuers_)
        all += issuer.gate.waiting();
    return all;
}

bool Fleet::reach(Issuer& issuer) {
    const acme::CaOutcome outcome = issuer.ca->request(now_);
    if (!outcome.failure.empty() || outcome.took > acme::BreakerRules().slow) issuer.bad_at = now_;
    if (issuer.breaker.note(outcome, monotonic())) breaker_changed(issuer);
    return outcome.failure.empty();
}

void Fleet::breaker_changed(Issuer& issuer) {
    if (issuer.breaker.state() == Breaker::State::Open) look_anew(issuer);
}

void Fleet::look_anew(Issuer& issuer) {
    if (issuers_.size() == 1) return;
    for (const std::int64_t id : issuer.gate.members())
        schedule_.set(id, now_ + Milliseconds(id * 7919 % kSpreadOfLooks));
}

std::optional<WallTime> Fleet::next_admission(const Issuer& issuer) const {
    if (issuer.breaker.state() != Breaker::State::Closed) return std::nullopt;
    return issuer.gate.next_at(now_);
}

/// Whether anything may come of looking at it: else it is left alone, which the engine does not.
bool Fleet::is_doubtful(const Issuer& issuer) const {
    return issuer.bad_at && (issuer.breaker.state() != Breaker::State::Closed ||
                             now_ - *issuer.bad_at <= kChoiceRules.steady * 2);
}

std::optional<WallTime> Fleet::next_attend() const {
    if (!attended_at_) return began_;
    std::optional<WallTime> next;
    const auto no_later = [&](WallTime at) { next = std::min(next.value_or(at), at); };
    for (const Issuer& issuer : issuers_) {
        if (is_doubtful(issuer)) no_later(*attended_at_ + kAttendEach);
        if (&issuer == &issuers_.front() || issuer.is_tried) continue;
        no_later(
            std::max(issuer.canary ? issuer.canary->due_at : began_, *attended_at_ + kAttendEach));
    }
    return next;
}

// Engine::attend_issuers, Issuer::attend.
void Fleet::attend() {
    const auto due = next_attend();
    if (!due || *due > now_) return;
    attended_at_ = now_;
    for (Issuer& issuer : issuers_) {
        // A probe: the directory, and a nonce.
        if (issuer.breaker.wants_probe(monotonic()) && reach(issuer)) (void)reach(issuer);
        attend_canary(issuer);
    }
    const auto closed_for = issuers_.front().breaker.closed_for(monotonic());
    const bool is_first_steady = !closed_for || *closed_for >= kChoiceRules.steady;
    if (is_first_steady && !was_first_steady_)
        for (std::size_t index = 1; index < issuers_.size(); ++index)
            look_anew(issuers_[index]);
    was_first_steady_ = is_first_steady;
}

void Fleet::attend_canary(Issuer& issuer) {
    if (&issuer == &issuers_.front() || issuer.is_tried) return;
    if (issuer.breaker.state() != Breaker::State::Closed) return;
    if (!acme::is_canary_due(issuer.canary, now_)) return;
    issuer.is_tried = true;
    acme::Attempt& attempt = make_job(store::kOurselves, store::AttemptCause::First).attempt;
    attempt.canary = issuer.directory;
    schedule_.set(attempt.id, now_);
}

void Fleet::end_canary(Job& job, const std::string& problem) {
    Issuer& issuer = issuer_of(job);
    issuer.is_tried = false;
    issuer.canary =
        acme::after_trial(issuer.canary.value_or(store::CanaryRow()), problem, kCanaryPace, now_);
}

// Engine::claim_at.
void Fleet::claim_at(acme::Attempt& attempt, std::size_t index) const {
    const Server& server = server_of(attempt.server_id);
    const bool is_claim = !attempt.replaces.empty() && server.held && server.held->issuer == index;
    const auto window = is_claim ? acme::window_of(server.held->row) : std::nullopt;
    attempt.exempt = window && window->contains(now_);
    attempt.known_there = server.known_until.size() > index && server.known_until[index] > now_;
}

acme::OrderFacts Fleet::order_facts(const acme::Attempt& attempt) const {
    acme::OrderFacts order;
    order.wanted_since = attempt.created_at;
    const auto& held = server_of(attempt.server_id).held;
    if (held && held->facts.not_after > now_ && !attempt.incident)
        order.valid =
            acme::OrderFacts::Valid{acme::usual_renewal(held->facts), held->facts.not_after};
    return order;
}

// Engine::issuer_facts, choose.
acme::IssuerChoice Fleet::choose(const Job& job, int more_failures) {
    if (issuers_.size() == 1) return {};
    std::vector<acme::IssuerFacts> facts;
    for (std::size_t index = 0; index < issuers_.size(); ++index) {
        const Issuer& issuer = issuers_[index];
        acme::IssuerFacts one;
        one.name = issuer.name;
        one.breaker = issuer.breaker.state();
        one.closed_for = issuer.breaker.closed_for(monotonic());
        acme::Attempt there = job.attempt;
        claim_at(there, index);
        one.parked_until = issuer.gate.held_until(issuer.gate.keys_of(there), job.work, now_);
        if (job.attempt.directory == issuer.directory)
            one.failures = static_cast<int>(job.attempt.failed_there) + more_failures;
        facts.push_back(one);
    }
    return acme::choose_issuer(facts, order_facts(job.attempt), now_, kChoiceRules);
}

std::optional<WallTime> Fleet::assign(Job& job) {
    const auto before = job.issuer;
    std::optional<WallTime> look_at;
    if (job.attempt.is_canary()) {
        for (std::size_t index = 0; index < issuers_.size(); ++index)
            if (issuers_[index].directory == job.attempt.canary) job.issuer = index;
    } else {
        const acme::IssuerChoice choice = choose(job, 0);
        job.issuer = choice.issuer;
        look_at = choice.look_again_at;
    }
    if (before && before != job.issuer) {
        issuers_[*before].gate.leave(job.attempt.id);
        most_moves_ = std::max(most_moves_, ++job.moves);
    }
    claim_at(job.attempt, *job.issuer);
    return look_at;
}

acme::Failed Fleet::failure_of(Job& job, const acme::Verdict& verdict) {
    acme::Failed failed{verdict};
    const auto& held = server_of(job.attempt.server_id).held;
    if (job.attempt.cause == store::AttemptCause::Renewal && held)
        failed.needed_by = held->facts.not_after;
    const bool is_validation = std::exchange(job.has_failed_validation, false);
    if (job.attempt.is_canary() || is_validation || !verdict.is_cas) return failed;
    failed.weight = verdict.remedy == acme::Remedy::PersonNeeded ? kChoiceRules.failures : 1;
    if (issuers_.size() == 1) return failed;
    failed.elsewhere_at =
        acme::elsewhere_at(choose(job, failed.weight), *job.issuer,
                           acme::pause_after(job.attempt.failures + 1, ladder_), now_);
    return failed;
}

void Fleet::note_placed(const Job& job) {
    if (issuers_.size() == 1) return;
    placed_.push_back({*job.issuer, job.attempt.server_id, job.attempt.cause, now_,
                       acme::urgent_from(order_facts(job.attempt), kChoiceRules),
                       job.attempt.is_canary()});
}

}  // namespace hairpin::tests
