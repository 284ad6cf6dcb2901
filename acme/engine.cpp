#include "acme/engine.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "core/log.hpp"

namespace hairpin::acme {
namespace {

constexpr std::size_t kPage = 1000;            // Rows per read while loading the schedule.
constexpr std::size_t kDueAtOnce = 256;        // Attempts begun per turn of the loop.
constexpr Milliseconds kLongestSleep{30'000};  // The wall clock may be set meanwhile.

/// Whether it is the CA that is waited for.
bool is_cas_turn(StateName state) {
    return state == StateName::Open || state == StateName::Challenged ||
           state == StateName::Finalizing || state == StateName::Processing;
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
        job->check.reset(), job->elsewhere.ask.reset();
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
        elsewhere_->look_soon();
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

void Engine::roll_over_account(std::string issuer, zones::Actor actor,
                               std::function<void(Result<void>)> done) {
    loop_.post([this, name = std::move(issuer), actor = std::move(actor),
                done = std::move(done)]() mutable {
        Issuer* found = name.empty() ? &first_issuer() : issuer_called(name);
        if (found == nullptr) return done(no_such_issuer(name));
        Seat& seat = found->active();
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
                issuer.is_well() ? issuer.gate().next_at(clock_.now()) : std::nullopt;
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
            return answer_challenges(job);
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
