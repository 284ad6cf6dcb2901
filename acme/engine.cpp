#include "acme/engine.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "acme/dns_persist.hpp"
#include "core/log.hpp"

namespace hairpin::acme {
namespace {

constexpr std::size_t kPage = 1000;            // Rows per read while loading the schedule.
constexpr std::size_t kDueAtOnce = 256;        // Attempts begun per turn of the loop.
constexpr Milliseconds kLongestSleep{30'000};  // The wall clock may be set meanwhile.
constexpr Milliseconds kStoreRetry{1'000};     // After a failure of the store, twice that, ..
constexpr Milliseconds kLongestStoreRetry{60'000};
constexpr int kStoreRetryGrowth = 6;

/// Whether it is the CA that is waited for.
bool is_cas_turn(StateName state) {
    return state == StateName::Open || state == StateName::Challenged ||
           state == StateName::Finalizing || state == StateName::Processing;
}

/// Whether a failure of the store itself, which passes, and not of what was asked.
bool is_passing(const store::WorkRefusal& why) {
    const ErrorCode code = store::to_error(why).code;
    return code == ErrorCode::Unavailable || code == ErrorCode::Corrupt || code == ErrorCode::Io;
}

}  // namespace

Engine::Engine(const Options& options, const Clock& clock, store::Committer& committer,
               const Sealer& sealer, Counters& counters, std::function<void(std::int64_t)> notify)
    : options_(options),
      ladder_{options.backoff_base, options.backoff_longest, options.attempt_deadline},
      clock_(clock),
      committer_(committer),
      sealer_(sealer),
      counters_(counters),
      notify_(std::move(notify)) {}

Engine::~Engine() {
    stop();
}

Result<void> Engine::prepare() {
    reader_.emplace(TRY(store::Reader::open(options_.database_path)));
    TRY(open_issuers());
    publish_view();
    TRY(prepare_coupling());
    store::AcmeQueries queries((*reader_)->database());
    for (std::int64_t last = 0;;) {
        const auto page = TRY(queries.scheduled(kPage, last));
        for (const auto& due : page)
            schedule_.set(due.id, due.next_at);
        if (page.size() < kPage) break;
        last = page.back().id;
    }
    log::logger("acme").info("{} attempts and renewals are scheduled", schedule_.size());
    return {};
}

void Engine::start() {
    thread_ = std::thread([this] {
        pthread_setname_np(pthread_self(), "acme");
        timer_ = loop_.add_timer(Milliseconds(0), Milliseconds(0), [this] { look(); });
        revoker_->start();
        start_coupling();
        view_timer_ = loop_.add_timer(Milliseconds(0), Milliseconds(0), [this] { publish_view(); });
        attend_timer_ = loop_.add_timer(Milliseconds(0), options_.attend_interval,
                                        [this] { attend_issuers(); });
        loop_.run();
        revoker_->stop();
        stop_coupling();
        timer_.reset();
        view_timer_.reset();
        attend_timer_.reset();
    });
}

void Engine::stop() {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
    // A check under way holds the job that holds it.
    for (const auto& [id, job] : jobs_)
        job->check.reset();
}

void Engine::wake(std::int64_t attempt_id) {
    loop_.post([this, attempt_id] {
        begin(attempt_id);
        set_timer();
    });
}

void Engine::replaced(std::int64_t attempt_id, std::string order_url) {
    loop_.post([this, attempt_id, order_url = std::move(order_url)] {
        // A job knows its order, and finds out: now, or when it commits.
        const bool has_job = jobs_.contains(attempt_id);
        begin(attempt_id);
        if (!has_job && !order_url.empty()) {
            const auto row = store::AcmeQueries((*reader_)->database()).attempt(attempt_id);
            Issuer* issuer = row && *row ? issuer_at((*row)->directory) : nullptr;
            if (issuer != nullptr) abandon(issuer->seat_of((*row)->account), order_url);
        }
        set_timer();
    });
}

void Engine::revoke_soon() {
    revoker_->look_soon();
}

void Engine::roll_over_account(zones::Actor actor, std::function<void(Result<void>)> done) {
    loop_.post([this, actor = std::move(actor), done = std::move(done)]() mutable {
        Seat& seat = first_issuer().active();
        auto is_quiet = [this, &seat] {
            return std::none_of(jobs_.begin(), jobs_.end(), [&](const auto& each) {
                const StateName state = name_of(each.second->attempt.state);
                return each.second->seat == &seat && state >= StateName::Open &&
                       state <= StateName::Challenged;
            });
        };
        seat.account->roll_over(
            std::move(actor), std::move(is_quiet),
            [done = std::move(done)](const Verdict* failure) {
                if (failure == nullptr) return done({});
                done(fail(Error{ErrorCode::Unavailable, "the account at the CA", failure->text}));
            });
    });
}

std::string Engine::trouble() const {
    return trouble_.with([](const std::string& text) { return text; });
}

void Engine::note_trouble(std::string text) {
    trouble_.with([&](std::string& current) { current = std::move(text); });
}

void Engine::look() {
    const auto due = schedule_.take_due(clock_.now(), kDueAtOnce);
    for (const std::int64_t id : due)
        begin(id);
    admit_waiting();
    set_timer();
}

void Engine::set_timer() {
    auto earliest = schedule_.earliest();
    // A full house admits when a place is free, whatever the buckets hold.
    if (live_.size() < options_.max_live_orders)
        for_each_issuer([&](Issuer& issuer) {
            // Of one that does not work, its breaker tells us.
            const auto token =
                issuer.lets_through() ? issuer.gate().next_at(clock_.now()) : std::nullopt;
            if (token) earliest = std::min(earliest.value_or(*token), *token);
        });
    if (!earliest || !timer_) return;
    timer_.again(
        std::clamp<Milliseconds>(*earliest - clock_.now(), Milliseconds(0), kLongestSleep));
}

void Engine::begin(std::int64_t attempt_id) {
    if (const auto known = jobs_.find(attempt_id); known != jobs_.end()) {
        // One that is being worked on finds out what changed when it commits.
        if (known->second->waiting) resume(JobRef(known->second));
        return;
    }
    store::AcmeQueries queries((*reader_)->database());
    auto row = queries.attempt(attempt_id);
    if (!row) {
        log::logger("acme").error("attempt {} cannot be read, it is tried again: {}", attempt_id,
                                  row.error().text());
        return schedule_.set(attempt_id, clock_.now() + ladder_.base);
    }
    if (!*row) return forget(attempt_id);  // Gone with its server.
    auto attempt = from_row(std::move(**row));
    if (!attempt) {
        log::logger("acme").error("{}: ask for this server's certificate anew",
                                  attempt.error().text());
        return forget(attempt_id);
    }
    if (!attempt->next_at) return forget(attempt_id);
    if (*attempt->next_at > clock_.now()) {
        schedule_.set(attempt_id, *attempt->next_at);
        keep_count(*attempt);
        return admit_waiting();
    }
    auto job = std::make_shared<Job>();
    job->attempt = std::move(*attempt);
    job->may_have_ordered = name_of(job->attempt.state) == StateName::Ordering;
    job->work = class_of(job->attempt);
    sit_down(*job);
    jobs_[attempt_id] = job;
    keep_count(job->attempt);
    carry_out(job);
}

void Engine::resume(const JobRef& job) {
    job->waiting = false;
    if (job->write) return submit(job);
    // Nobody tells a job that waits when its attempt was ended.
    const auto row = store::AcmeQueries((*reader_)->database()).attempt(job->attempt.id);
    if (!row) {
        log::logger("acme").error("{}: cannot be read, it is tried again: {}",
                                  job->attempt.public_name, row.error().text());
        return wait(job, ladder_.base);
    }
    if (*row && (*row)->state == name_of(job->attempt.state)) return carry_out(job);
    ended(job, !row->has_value());
}

void Engine::carry_out(const JobRef& job) {
    const StateName state = name_of(job->attempt.state);
    if (has_deadline(state) && job->issuer == nullptr)
        return give_up(job, {Remedy::TryAgain,
                             "issuer-gone",
                             "the CA of the order is not configured any more (" +
                                 job->attempt.directory + "); another order is placed",
                             {}});
    if (has_deadline(state) && job->attempt.deadline_at &&
        *job->attempt.deadline_at <= clock_.now())
        return give_up(job, {Remedy::TryAgain,
                             "too-late",
                             "the order was not finished in time: it stood at \"" +
                                 std::string(to_string(state)) + "\"; another is placed",
                             {},
                             is_cas_turn(state)});
    switch (duty_of(state)) {
        case Duty::Nothing:
            return drop(job);
        case Duty::Admit:
            return admit(job);
        case Duty::Begin:
            return begin_order(job);
        case Duty::PlaceOrder:
            return place_order(job);
        case Duty::ReadAuthorizations:
            return read_authorizations(job);
        case Duty::AskListeners:
            return ask_listeners(job);
        case Duty::AnswerChallenges:
            return answer_challenges(job, 0);
        case Duty::AwaitOrder:
            return await_order(job);
        case Duty::PrepareKey:
            return prepare_key(job);
        case Duty::Finalize:
            return finalize(job);
        case Duty::AwaitCertificate:
            return await_certificate(job);
        case Duty::CheckChain:
            return check(job);
        case Duty::Offer:
            return offer(job);
        case Duty::Renew:
            return renew(job);
        case Duty::TryAgain:
            return advance(job, PauseOver{});
    }
}

void Engine::drop(const JobRef& job) {
    jobs_.erase(job->attempt.id);
    forget(job->attempt.id);
}

void Engine::forget(std::int64_t attempt_id) {
    schedule_.erase(attempt_id);
    live_.erase(attempt_id);
    for_each_issuer([&](Issuer& issuer) { issuer.gate().leave(attempt_id); });
    look_at_line();
    count_live();
    admit_waiting();
}

void Engine::keep_count(const Attempt& attempt) {
    if (has_deadline(name_of(attempt.state))) {
        live_.insert(attempt.id);
    } else {
        live_.erase(attempt.id);
    }
    count_live();
}

void Engine::count_live() {
    counters_.live.store(live_.size(), std::memory_order_relaxed);
}

void Engine::advance(const JobRef& job, Event event, Rows extra, std::string_view audit) {
    auto next = step(job->attempt, std::move(event), clock_.now(), ladder_);
    if (!next) {
        log::logger("acme").error("an attempt stands still until the next start: {}",
                                  next.error().text());
        return drop(job);
    }
    commit(job, {std::move(*next), std::move(extra), std::string(audit)});
}

void Engine::commit(const JobRef& job, Write write) {
    job->write = std::move(write);
    submit(job);
}

void Engine::submit(const JobRef& job) {
    const Attempt& old = job->attempt;
    const auto& [step, extra, audit, failures] = *job->write;
    store::Work work;
    if (step.effect == ZoneEffect::AddTxt)
        work.change.zones = txt_changes(old.zone_apex, published(step.next.state), TxtEffect::Add,
                                        options_.txt_ttl);
    if (step.effect == ZoneEffect::AddTxt && options_.coupling.zones)
        remove_old_persist_values(*options_.coupling.zones(), published(step.next.state),
                                  clock_.now(), work.change.zones);
    if (step.effect == ZoneEffect::RemoveTxt)
        work.change.zones =
            txt_changes(old.zone_apex, published(old.state), TxtEffect::Remove, options_.txt_ttl);
    // Without an actor the store writes no audit row: not every step is worth one.
    if (!work.change.zones.empty() || !audit.empty()) {
        work.change.actor = {"acme", old.public_name, "", "acme"};
        work.change.reason = "certificate for " + old.public_name;
        work.audit = {audit.empty() ? "certificate.challenge" : audit, old.public_name};
    }
    work.rows = [row = to_row(step.next), expected = name_of(old.state), more = extra](
                    store::Writer& writer, zones::Change& change) {
        Result<void> written = update_attempt(writer, row, expected);
        if (written && more) written = more(writer, change);
        return written;
    };
    if (options_.on_transition)
        options_.on_transition(old.server_id, name_of(step.next.state), false);
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
    const StateName was = name_of(job->attempt.state);
    job->attempt = std::move(job->write->step.next);
    const StateName state = name_of(job->attempt.state);
    job->write.reset();
    job->tries = 0;
    job->secondaries = {};
    if (state != was) job->entered_at = clock_.monotonic();
    const bool is_real = job->issuer != nullptr && !job->attempt.is_canary() &&
                         job->issuer->kind() == IssuerKind::Production;
    if (was == StateName::Admitted && state == StateName::Ordering && is_real)
        orders_.note(job->attempt.server_id, clock_.now());
    if (was == StateName::Ordering && state == StateName::Open && job->issuer != nullptr)
        job->issuer->count_order();
    const Attempt& attempt = job->attempt;
    if (state != was)
        counters_.entered[static_cast<std::size_t>(state)].fetch_add(1, std::memory_order_relaxed);
    log::logger("acme").debug("{} is {}", attempt.public_name, to_string(state));
    if (state == StateName::Offered && state != was) publish_issuers();
    if (options_.on_transition) options_.on_transition(attempt.server_id, state, true);
    notify_(attempt.server_id);

    keep_count(attempt);
    if (!attempt.next_at) {
        drop(job);
        if (duty_of(was) == Duty::Renew) begin_successor(attempt.server_id);
    } else if (*attempt.next_at <= clock_.now()) {
        carry_out(job);
    } else {
        schedule_.set(attempt.id, *attempt.next_at);
        // An order under way keeps its job, which knows what to tidy up when it is ended.
        job->waiting = has_deadline(state);
        if (!job->waiting) jobs_.erase(attempt.id);
    }
    admit_waiting();
    set_timer();
}

void Engine::begin_successor(std::int64_t server_id) {
    const auto successor = store::AcmeQueries((*reader_)->database()).live_attempt(server_id);
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
    Write write = *std::exchange(job->write, std::nullopt);
    if (write.step.effect == ZoneEffect::RemoveTxt) {
        // The zone is gone, or takes no change: the attempt goes on without tidying it.
        log::logger("acme").warn("{}: the TXT values stay in the zone: {}",
                                 job->attempt.public_name, error.text());
        write.step.effect = ZoneEffect::None;
        return commit(job, std::move(write));
    }
    give_up(job, {Remedy::PersonNeeded,
                  "zone-refused",
                  "the zone did not take the TXT values: " + error.text(),
                  {}});
}

void Engine::wait(const JobRef& job, Milliseconds pause) {
    job->waiting = true;
    schedule_.set(job->attempt.id, clock_.now() + pause);
    set_timer();
}

void Engine::with_account(const JobRef& job, std::function<void()> then) {
    job->seat->account->ensure([this, job, then = std::move(then)](const Verdict* failure) {
        if (failure == nullptr) return then();
        note_trouble(failure->text);
        give_up(job, *failure);
    });
}

ChainExpectation Engine::expectation(const Attempt& attempt) const {
    return {names_of(attempt), attempt.key.sha256, clock_.now()};
}

}  // namespace hairpin::acme
