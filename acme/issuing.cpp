// At which CA an order is, and what becomes of it when that CA fails: see engine.hpp, issuer.hpp
// and issuer_choice.hpp.

#include <algorithm>
#include <utility>

#include "acme/engine.hpp"
#include "core/log.hpp"

namespace hairpin::acme {
namespace {

constexpr std::int64_t kSpreadOfLooks = 10'000;  // Milliseconds.

bool is_steady(const Breaker& breaker, MonotonicTime now, const ChoiceRules& rules) {
    const auto closed_for = breaker.closed_for(now);
    return !closed_for || *closed_for >= rules.steady;
}

}  // namespace

Result<void> Engine::open_issuers() {
    const IssuerWorld world{loop_,   clock_,    committer_, (*reader_)->database(),
                            sealer_, counters_, options_};
    const auto changed = [this](Issuer& issuer) {
        // It is noticed in the midst of something.
        loop_.post([this, &issuer] { breaker_changed(issuer); });
    };
    for (IssuerOptions& each : issuers_of(options_))
        issuers_.push_back(
            TRY(Issuer::create(world, std::move(each), IssuerKind::Production, changed)));
    revoker_ = std::make_shared<Revoker>(
        loop_,
        [this](const store::RevocationRow& row) -> Seat* {
            Issuer* issuer = issuer_at(row.directory);
            return issuer == nullptr ? nullptr : &issuer->seat_of(row.account);
        },
        clock_, committer_, *reader_, sealer_);
    publish_issuers();
    return {};
}

Issuer* Engine::issuer_at(std::string_view directory) noexcept {
    if (directory.empty()) return issuers_.front().get();
    for (const auto& issuer : issuers_)
        if (Issuer* found = issuer->at(directory)) return found;
    return nullptr;
}

void Engine::sit_down(Job& job) {
    job.entered_at = clock_.monotonic();
    job.issuer = issuer_at(job.attempt.directory);
    job.seat = job.issuer == nullptr ? nullptr : &job.issuer->seat_of(job.attempt.account);
    job.attempt.known_there = job.issuer != nullptr && is_known_at(job.attempt, *job.issuer);
}

std::vector<IssuerFacts> Engine::issuer_facts(const Attempt& attempt, WorkClass work,
                                              int more_failures) {
    const WallTime now = clock_.now();
    std::vector<IssuerFacts> facts;
    for (const auto& issuer : issuers_) {
        IssuerFacts one;
        one.name = issuer->name();
        one.breaker = issuer->breaker().state();
        one.closed_for = issuer->breaker().closed_for(clock_.monotonic());
        Attempt there = attempt;
        claim_at(there, *issuer);
        one.parked_until = issuer->gate().held_until(issuer->gate().keys_of(there), work, now);
        if (attempt.directory == issuer->directory())
            one.failures = static_cast<int>(std::min<std::int64_t>(attempt.failed_there, 1000)) +
                           more_failures;
        one.has_account = issuer->active().is_registered();
        facts.push_back(one);
    }
    return facts;
}

IssuerChoice Engine::choose(const Attempt& attempt, WorkClass work,
                            const std::optional<store::CertificateRow>& current,
                            int more_failures) {
    if (issuers_.size() == 1) return {0, issuers_.front()->name() + " is the only CA", {}};
    OrderFacts order;
    order.wanted_since = attempt.created_at;
    if (current && !attempt.incident)
        order.valid = OrderFacts::Valid{usual_renewal({current->not_before, current->not_after,
                                                       current->issued_at, current->server_id}),
                                        current->not_after};
    return choose_issuer(issuer_facts(attempt, work, more_failures), order, clock_.now(),
                         options_.choice);
}

std::optional<WallTime> Engine::assign(const JobRef& job,
                                       const std::optional<store::CertificateRow>& current) {
    Attempt& attempt = job->attempt;
    Issuer* before = job->issuer;
    std::optional<WallTime> look_at;
    if (attempt.is_canary()) {
        job->issuer = issuer_at(attempt.canary);
    } else {
        const IssuerChoice choice = choose(attempt, job->work, current);
        Issuer* issuer = issuers_[choice.issuer].get();
        look_at = choice.look_again_at;
        if (issuer != before && choice.issuer > 0)
            log::logger("acme").info("{}: is ordered at {}: {}", attempt.public_name,
                                     issuer->name(), choice.why);
        Issuer* staging = issuer->staging();
        const bool is_rehearsed =
            attempt.rehearsal == store::Rehearsal::Due && staging != nullptr && staging->is_well();
        job->issuer = is_rehearsed ? staging : issuer;
    }
    if (before != nullptr && before != job->issuer) before->gate().leave(attempt.id);
    job->seat = job->issuer == nullptr ? nullptr : &job->issuer->active();
    attempt.exempt = attempt.known_there = false;
    if (job->issuer != nullptr) claim_at(attempt, *job->issuer);
    return look_at;
}

Failed Engine::failure_of(const JobRef& job, Verdict verdict) {
    Failed failed{std::move(verdict)};
    const Attempt& attempt = job->attempt;
    // Where it cannot be read the pause is the usual one.
    if (const auto span = current_span(attempt).value_or(std::nullopt))
        failed.needed_by = span->not_after;
    if (job->issuer == nullptr || attempt.is_canary()) return failed;
    if (job->issuer->kind() == IssuerKind::Staging) {
        // Who cannot try goes on without having tried.
        if (!job->has_failed_validation) failed.rehearsal = store::Rehearsal::None;
        return failed;
    }
    if (job->has_failed_validation) {
        if (job->issuer->staging() != nullptr) failed.rehearsal = store::Rehearsal::Due;
        return failed;
    }
    if (!failed.verdict.is_cas) return failed;
    const bool is_lasting =
        failed.verdict.remedy == Remedy::PersonNeeded || failed.verdict.type == "slow-ca";
    failed.weight = is_lasting ? options_.choice.failures : 1;
    if (issuers_.size() == 1) return failed;
    const WallTime now = clock_.now();
    const auto current =
        store::AcmeQueries((*reader_)->database()).current_certificate(attempt.subject(), now);
    if (!current) return failed;  // It is looked at when its pause is over.
    const IssuerChoice choice = choose(attempt, job->work, *current, failed.weight);
    const auto here = static_cast<std::size_t>(
        std::find_if(issuers_.begin(), issuers_.end(),
                     [&](const auto& each) { return each.get() == job->issuer; }) -
        issuers_.begin());
    failed.elsewhere_at =
        elsewhere_at(choice, here, pause_after(attempt.failures + 1, ladder_), now);
    return failed;
}

/// The CA says "unauthorized" of an account that is over, and of other things too.
void Engine::examine_account(const JobRef& job, Verdict verdict) {
    Issuer* issuer = job->issuer;
    Seat* seat = job->seat;
    const auto moved = [this, job, verdict] {
        Failed failed = failure_of(job, verdict);
        failed.verdict.remedy = Remedy::TryAgain;
        failed.verdict.type = "account-refused";
        failed.verdict.text += "; the account in reserve takes over";
        failed.weight = 0;
        failed.elsewhere_at = clock_.now();
        settle_failure(job, std::move(failed));
    };
    if (seat != &issuer->active()) return moved();
    seat->account->examine([this, job, verdict, issuer, seat, moved](AccountStanding standing,
                                                                     const std::string& words) {
        if (standing != AccountStanding::Refused)
            return settle_failure(job, failure_of(job, verdict));
        if (seat != &issuer->active()) return moved();  // Somebody was faster.
        issuer->switch_accounts(store::AccountRole::Refused, words, {"acme", "", "", "acme"},
                                [this, job, verdict, moved](const Result<void>& done) {
                                    publish_issuers();
                                    // A switch that is under way is as good as one that is done.
                                    if (done || done.error().code == ErrorCode::Conflict)
                                        return moved();
                                    settle_failure(job, failure_of(job, verdict));
                                });
    });
}

bool Engine::is_stuck(const JobRef& job) {
    if (issuers_.size() == 1 || job->issuer == nullptr || job->attempt.is_canary() ||
        clock_.monotonic() - job->entered_at < options_.choice.order_patience)
        return false;
    const auto current = store::AcmeQueries((*reader_)->database())
                             .current_certificate(job->attempt.subject(), clock_.now());
    if (!current) return false;
    const IssuerChoice choice = choose(job->attempt, job->work, *current, options_.choice.failures);
    return issuers_[choice.issuer].get() != job->issuer;
}

void Engine::breaker_changed(Issuer& issuer) {
    const Breaker& breaker = issuer.breaker();
    if (breaker.state() == Breaker::State::Open) {
        if (issuer.is_news())
            log::logger("acme").warn("{} does not work: {}", issuer.name(), breaker.why());
        note_trouble(issuer.name() + " does not work: " + breaker.why());
        look_anew(issuer);
    } else if (breaker.state() == Breaker::State::Closed) {
        log::logger("acme").info("{} works again", issuer.name());
        note_trouble({});
        admit_waiting();
    }
    look_at_line();
    publish_issuers();
    set_timer();
}

/// Who waits there may have another place to go to.
void Engine::look_anew(Issuer& issuer) {
    if (issuers_.size() == 1) return;
    const WallTime now = clock_.now();
    for (const std::int64_t id : issuer.gate().members())
        schedule_.set(id, now + Milliseconds(id * 7919 % kSpreadOfLooks));
    set_timer();
}

void Engine::attend_issuers() {
    for_each_issuer([](Issuer& issuer) { issuer.attend(); });
    attend_canaries();
    const bool is_first_steady =
        is_steady(first_issuer().breaker(), clock_.monotonic(), options_.choice);
    if (is_first_steady && !was_first_steady_)
        for (const auto& each : issuers_)
            if (each != issuers_.front()) look_anew(*each);
    was_first_steady_ = is_first_steady;
    publish_issuers();
}

Issuer* Engine::issuer_called(std::string_view name) noexcept {
    const auto found = std::find_if(issuers_.begin(), issuers_.end(),
                                    [&](const auto& each) { return each->name() == name; });
    return found == issuers_.end() ? nullptr : found->get();
}

Result<void> Engine::no_such_issuer(const std::string& name) {
    return fail(Error{ErrorCode::NotFound, name, "is no CA that is configured"});
}

void Engine::switch_account(std::string issuer, zones::Actor actor,
                            std::function<void(Result<void>)> done) {
    loop_.post([this, issuer = std::move(issuer), actor = std::move(actor),
                done = std::move(done)]() mutable {
        Issuer* found = issuer_called(issuer);
        if (found == nullptr) return done(no_such_issuer(issuer));
        found->switch_accounts(store::AccountRole::Standby, "", std::move(actor),
                               [this, done = std::move(done)](Result<void> switched) {
                                   publish_issuers();
                                   done(std::move(switched));
                               });
    });
}

void Engine::publish_issuers() {
    auto view = std::make_shared<IssuersView>();
    store::Database& database = (*reader_)->database();
    for (const auto& issuer : issuers_) {
        IssuerView one = issuer->view();
        const auto canary = [&](store::CanaryKind kind) -> std::optional<store::CanaryRow> {
            const auto row = store::canary(database, issuer->directory(), kind);
            if (row) return *row;
            log::logger("acme").debug("{}: {}", issuer->name(), row.error().text());
            return std::nullopt;
        };
        if (issuer != issuers_.front())
            one.certificate_canary = canary(store::CanaryKind::Certificate);
        if (issuer->standby() != nullptr)
            one.standby_canary = canary(store::CanaryKind::StandbyAccount);
        view->issuers.push_back(std::move(one));
    }
    issuers_view_.with([&](auto& current) { current = std::move(view); });
}

std::shared_ptr<const IssuersView> Engine::issuers() const {
    return issuers_view_.with([](const auto& current) { return current; });
}

}  // namespace hairpin::acme
