// The outcomes of duties on their way to the store: see engine.hpp and attempt.hpp.
//
// Steps whose duty may be begun at once are gathered in the job's write, and become durable in one
// transaction with the one that may not, or when a duty has to wait: then while it waits.

#include <algorithm>
#include <utility>

#include "acme/dns_persist.hpp"
#include "acme/engine.hpp"
#include "core/log.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kStoreRetry{1'000};  // After a failure of the store, twice that, ..
constexpr Milliseconds kLongestStoreRetry{60'000};
constexpr int kStoreRetryGrowth = 6;

/// Whether a failure of the store itself, which passes, and not of what was asked.
bool is_passing(const store::WorkRefusal& why) {
    const ErrorCode code = store::to_error(why).code;
    return code == ErrorCode::Unavailable || code == ErrorCode::Corrupt || code == ErrorCode::Io;
}

}  // namespace

void Engine::advance(const JobRef& job, Event event, Rows extra, std::string_view audit) {
    auto next = step(job->attempt, std::move(event), clock_.now(), ladder_);
    if (!next) {
        log::logger("acme").error("an attempt stands still until the next start: {}",
                                  next.error().text());
        return drop(job);
    }
    enter(job, std::move(*next), std::move(extra), audit);
}

void Engine::enter(const JobRef& job, Step step, Rows extra, std::string_view audit) {
    const StateName was = name_of(job->attempt.state);
    const StateName state = name_of(step.next.state);
    if (!job->write) job->write = Write{job->attempt, {}};
    Write& write = *job->write;
    write.states.push_back(state);
    if (step.effect != ZoneEffect::None) write.effect = step.effect;
    if (!audit.empty()) write.audit = audit;
    write.extra = both(std::move(write.extra), std::move(extra));
    job->attempt = std::move(step.next);
    if (state == StateName::Open) write.order_url = order_of(job->attempt.state)->url;
    job->tries = 0;
    job->secondaries = {};
    job->elsewhere = {};
    if (state != was) job->entered_at = clock_.monotonic();
    if (begin_of(state) == Begin::AtOnce && job->attempt.next_at <= clock_.now())
        return carry_out(job);
    submit(job);
}

/// Rows of two steps in one transaction.
Engine::Rows Engine::both(Rows first, Rows second) {
    if (!first || !second) return first ? std::move(first) : std::move(second);
    return [first = std::move(first), second = std::move(second)](
               store::Writer& writer, zones::Change& change) -> Result<void> {
        TRY(first(writer, change));
        return second(writer, change);
    };
}

/// Of all steps of the job's write: TXT values appear with the last one, or go with any.
void Engine::add_zone_changes(const Job& job, zones::Change& change) {
    const Attempt& old = job.write->before;
    switch (job.write->effect) {
        case ZoneEffect::None:
            return;
        case ZoneEffect::AddTxt:
            change.zones = txt_changes(old.zone_apex, published(job.attempt.state), TxtEffect::Add,
                                       options_.txt_ttl);
            if (options_.coupling.zones)
                remove_old_persist_values(*options_.coupling.zones(), published(job.attempt.state),
                                          clock_.now(), change.zones);
            return;
        case ZoneEffect::RemoveTxt:
            change.zones = txt_changes(old.zone_apex, published(old.state), TxtEffect::Remove,
                                       options_.txt_ttl);
            return;
    }
}

void Engine::submit(const JobRef& job) {
    Write& write = *job->write;
    write.was_sent = true;
    const Attempt& attempt = job->attempt;
    store::Work work;
    add_zone_changes(*job, work.change);
    const bool is_elsewhere =
        write.effect == ZoneEffect::AddTxt && !values_elsewhere(published(attempt.state)).empty();
    // Without an actor the store writes no audit row: not every step is worth one.
    if (!work.change.zones.empty() || !write.audit.empty() || is_elsewhere) {
        work.change.actor = {"acme", attempt.public_name, "", "acme"};
        work.change.reason = "certificate for " + attempt.public_name;
        work.audit = {write.audit.empty() ? "certificate.challenge" : write.audit,
                      attempt.public_name};
    }
    work.rows = [row = to_row(attempt), expected = name_of(write.before.state), more = write.extra](
                    store::Writer& writer, zones::Change& change) {
        Result<void> written = update_attempt(writer, row, expected);
        if (written && more) written = more(writer, change);
        return written;
    };
    if (options_.on_transition)
        for (const StateName state : write.states)
            options_.on_transition(attempt.server_id, state, false);
    committer_.submit(std::move(work), [weak = weak_from_this(), job](Committed done) {
        const auto self = weak.lock();
        if (!self) return;
        self->loop_.post(
            [engine = self.get(), job, done = std::move(done)] { engine->committed(job, done); });
    });
}

void Engine::committed(const JobRef& job, const Committed& done) {
    if (!done) {
        not_committed(job, done.error());
        return set_timer();
    }
    const Write write = *std::exchange(job->write, std::nullopt);
    if (write.effect == ZoneEffect::RemoveTxt) elsewhere_->look_soon();
    tell_of(job, write);
    const Attempt& attempt = job->attempt;
    keep_count(attempt);
    const auto due = std::max(attempt.next_at, std::exchange(job->resume_at, std::nullopt));
    if (!due) {
        drop(job);
        if (duty_of(name_of(write.before.state)) == Duty::Renew) begin_successor(attempt.subject());
    } else if (*due <= clock_.now()) {
        carry_out(job);
    } else {
        schedule_.set(attempt.id, *due);
        // An order under way keeps its job, which knows what to tidy up when it is ended.
        job->waiting = has_deadline(name_of(attempt.state));
        if (!job->waiting) jobs_.erase(attempt.id);
    }
    admit_waiting();
    set_timer();
}

/// What is durable now is counted, and said.
void Engine::tell_of(const JobRef& job, const Write& write) {
    const Attempt& attempt = job->attempt;
    const bool is_real = job->issuer != nullptr && !attempt.is_canary() &&
                         job->issuer->kind() == IssuerKind::Production;
    StateName was = name_of(write.before.state);
    for (const StateName state : write.states) {
        if (was == StateName::Admitted && state == StateName::Ordering && is_real)
            orders_.note(attempt.subject(), clock_.now());
        if (was == StateName::Ordering && state == StateName::Open && job->issuer != nullptr)
            job->issuer->count_order();
        if (state != was)
            counters_.entered[static_cast<std::size_t>(state)].fetch_add(1,
                                                                         std::memory_order_relaxed);
        log::logger("acme").debug("{} is {}", attempt.public_name, to_string(state));
        if (state == StateName::Offered && state != was) publish_issuers();
        if (options_.on_transition) options_.on_transition(attempt.server_id, state, true);
        was = state;
    }
    notify_(attempt.server_id);
}

void Engine::begin_successor(const store::Subject& subject) {
    const auto successor = store::AcmeQueries((*reader_)->database()).live_attempt(subject);
    if (successor && *successor) return begin((*successor)->id);
    if (!successor)
        log::logger("acme").error("a renewal waits for the next start: {}",
                                  successor.error().text());
}

void Engine::not_committed(const JobRef& job, const store::WorkRefusal& why) {
    const Error error = store::to_error(why);
    if (is_passing(why)) {
        // What the CA said is kept: it must not be asked again because our disk is full.
        const int doublings = std::min(job->write->failures++, kStoreRetryGrowth);
        return wait(job, std::min(kStoreRetry * (1 << doublings), kLongestStoreRetry));
    }
    if (std::holds_alternative<Error>(why)) {
        // The row changed under us (a newer request), or is gone with its server.
        log::logger("acme").debug("{}: {}", job->attempt.public_name, error.text());
        return ended(job, error.code == ErrorCode::NotFound);
    }
    if (job->write->effect == ZoneEffect::RemoveTxt) {
        // The zone is gone, or takes no change: the attempt goes on without tidying it.
        log::logger("acme").warn("{}: the TXT values stay in the zone: {}",
                                 job->attempt.public_name, error.text());
        job->write->effect = ZoneEffect::None;
        return submit(job);
    }
    job->attempt = std::move(std::exchange(job->write, std::nullopt)->before);
    job->resume_at.reset();
    give_up(job, {Remedy::PersonNeeded,
                  "zone-refused",
                  "the zone did not take the TXT values: " + error.text(),
                  {}});
}

void Engine::wait(const JobRef& job, Milliseconds pause) {
    if (job->write && !job->write->was_sent) {  // Meanwhile it becomes durable.
        job->resume_at = clock_.now() + pause;
        return submit(job);
    }
    job->waiting = true;
    schedule_.set(job->attempt.id, clock_.now() + pause);
    set_timer();
}

}  // namespace hairpin::acme
