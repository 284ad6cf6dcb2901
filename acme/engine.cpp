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
constexpr Milliseconds kStoreRetry{1'000};     // After a commit that could not be made.

Octets txt_rdata(std::string_view value) {
    Octets rdata{static_cast<std::uint8_t>(value.size())};
    rdata.insert(rdata.end(), value.begin(), value.end());
    return rdata;
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
      ladder_{options.backoff_base, options.backoff_longest, options.attempt_deadline,
              options.poll_interval},
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
    net::ClientOptions http;
    http.user_agent = options_.user_agent;
    http.ca_file = options_.ca_file;
    http.timeout = options_.request_timeout;
    http.max_response = kMaxAnswer;
    http.max_waiting = 4096;
    http_ = TRY(net::HttpClient::create(loop_, http));
    client_ = std::make_unique<Client>(*http_, clock_, counters_,
                                       ClientSettings{.directory = options_.directory});
    account_ = std::make_shared<Account>(
        loop_, *client_, clock_, committer_, (*reader_)->database(), sealer_,
        AccountSettings{options_.directory, options_.contacts, options_.backoff_base});

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
        loop_.run();
        timer_.reset();
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
        const auto busy = jobs_.find(attempt_id);
        // One that is being worked on finds out when it commits.
        if (busy != jobs_.end() && !busy->second->waiting) return;
        if (busy != jobs_.end()) drop(busy->second);
        begin(attempt_id);
        set_timer();
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
    set_timer();
}

void Engine::set_timer() {
    const auto earliest = schedule_.earliest();
    if (!earliest || !timer_) return;
    timer_.again(
        std::clamp<Milliseconds>(*earliest - clock_.now(), Milliseconds(0), kLongestSleep));
}

void Engine::begin(std::int64_t attempt_id) {
    if (const auto known = jobs_.find(attempt_id); known != jobs_.end()) {
        if (!known->second->waiting) return;
        known->second->waiting = false;
        return carry_out(known->second);
    }
    store::AcmeQueries queries((*reader_)->database());
    auto row = queries.attempt(attempt_id);
    if (!row) {
        log::logger("acme").error("attempt {} cannot be read, it is tried again: {}", attempt_id,
                                  row.error().text());
        return schedule_.set(attempt_id, clock_.now() + ladder_.base);
    }
    if (!*row) return;  // Gone with its server.
    auto attempt = from_row(std::move(**row));
    if (!attempt) {
        log::logger("acme").error("{}: ask for this server's certificate anew",
                                  attempt.error().text());
        return;
    }
    if (!attempt->next_at) return;
    if (*attempt->next_at > clock_.now()) return schedule_.set(attempt_id, *attempt->next_at);
    auto job = std::make_shared<Job>();
    job->attempt = std::move(*attempt);
    jobs_[attempt_id] = job;
    keep_count(job->attempt);
    carry_out(job);
}

void Engine::carry_out(const JobRef& job) {
    const StateName state = name_of(job->attempt.state);
    if (has_deadline(state) && job->attempt.deadline_at &&
        *job->attempt.deadline_at <= clock_.now())
        return give_up(job, {Remedy::TryAgain,
                             "too-late",
                             "the order was not finished in time: it stood at \"" +
                                 std::string(to_string(state)) + "\"; another is placed",
                             {}});
    switch (duty_of(state)) {
        case Duty::Nothing:
            return drop(job);
        case Duty::Admit:
            return admit(job);
        case Duty::Begin:
            return advance(job, WasBegun{});
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
    const std::int64_t id = job->attempt.id;
    schedule_.erase(id);
    jobs_.erase(id);
    live_.erase(id);
    counters_.live.store(live_.size(), std::memory_order_relaxed);
    admit_waiting();
}

void Engine::keep_count(const Attempt& attempt) {
    if (has_deadline(name_of(attempt.state))) {
        live_.insert(attempt.id);
    } else {
        live_.erase(attempt.id);
    }
    counters_.live.store(live_.size(), std::memory_order_relaxed);
}

void Engine::advance(const JobRef& job, Event event, Rows extra, std::string_view audit) {
    auto next = step(job->attempt, std::move(event), clock_.now(), ladder_);
    if (!next) {
        log::logger("acme").error("an attempt stands still until the next start: {}",
                                  next.error().text());
        return drop(job);
    }
    commit(job, std::move(*next), std::move(extra), audit);
}

void Engine::commit(const JobRef& job, Step step, Rows extra, std::string_view audit) {
    const Attempt& old = job->attempt;
    store::Work work;
    if (step.effect == ZoneEffect::AddTxt)
        work.change.zones.push_back(txt_zone_change(old.zone_apex, published(step.next.state),
                                                    zones::EditKind::AddRecords, options_.txt_ttl));
    if (step.effect == ZoneEffect::RemoveTxt)
        work.change.zones.push_back(txt_zone_change(
            old.zone_apex, published(old.state), zones::EditKind::DeleteRecords, options_.txt_ttl));
    // Without an actor the store writes no audit row: not every step is worth one.
    if (step.effect != ZoneEffect::None || !audit.empty()) {
        work.change.actor = {"acme", old.public_name, "", "acme"};
        work.change.reason = "certificate for " + old.public_name;
        work.audit = {audit.empty() ? "certificate.challenge" : std::string(audit),
                      old.public_name};
    }
    work.rows = [row = to_row(step.next), expected = name_of(old.state), extra = std::move(extra)](
                    store::Writer& writer, zones::Change& change) {
        Result<void> written = update_attempt(writer, row, expected);
        if (written && extra) written = extra(writer, change);
        return written;
    };
    if (options_.on_transition)
        options_.on_transition(old.server_id, name_of(step.next.state), false);
    committer_.submit(
        std::move(work), [weak = weak_from_this(), job, step = std::move(step)](Committed done) {
            const auto self = weak.lock();
            if (!self) return;
            self->loop_.post([engine = self.get(), job, step, done = std::move(done)] {
                engine->committed(job, step, done);
            });
        });
}

void Engine::committed(const JobRef& job, Step step, const Committed& done) {
    if (!done) {
        not_committed(job, step, done.error());
        return set_timer();
    }
    const StateName state = name_of(step.next.state);
    const StateName was = name_of(job->attempt.state);
    job->attempt = std::move(step.next);
    job->tries = 0;
    const Attempt& attempt = job->attempt;
    if (state != was)
        counters_.entered[static_cast<std::size_t>(state)].fetch_add(1, std::memory_order_relaxed);
    log::logger("acme").debug("{} is {}", attempt.public_name, to_string(state));
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
        jobs_.erase(attempt.id);
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

void Engine::not_committed(const JobRef& job, const Step& step, const store::WorkRefusal& why) {
    const Error error = store::to_error(why);
    if (is_passing(why)) return wait(job, kStoreRetry);
    if (std::holds_alternative<Error>(why)) {
        // The row changed under us (a newer request), or is gone with its server.
        log::logger("acme").debug("{}: {}", job->attempt.public_name, error.text());
        const std::int64_t id = job->attempt.id;
        const auto values = published(job->attempt.state);
        if (error.code == ErrorCode::NotFound && !values.empty()) {
            zones::Change change;
            change.zones.push_back(txt_zone_change(
                job->attempt.zone_apex, values, zones::EditKind::DeleteRecords, options_.txt_ttl));
            change.actor = {"acme", job->attempt.public_name, "", "acme"};
            change.reason = "the server is gone";
            committer_.submit(std::move(change), [](const auto&) {});
        }
        drop(job);
        if (error.code != ErrorCode::NotFound) schedule_.set(id, clock_.now() + kStoreRetry);
        return;
    }
    if (step.effect == ZoneEffect::RemoveTxt) {
        // The zone is gone, or takes no change: the attempt goes on without tidying it.
        log::logger("acme").warn("{}: the TXT values stay in the zone: {}",
                                 job->attempt.public_name, error.text());
        return commit(job, {step.next, ZoneEffect::None}, {}, {});
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

void Engine::give_up(const JobRef& job, Verdict verdict) {
    log::logger("acme").warn("{}: no certificate yet: {}", job->attempt.public_name, verdict.text);
    if (verdict.remedy == Remedy::Register) account_->forget();
    if (verdict.type == "unreachable" || verdict.type.starts_with("http-5"))
        note_trouble(verdict.text);
    counters_.failed.fetch_add(1, std::memory_order_relaxed);
    const bool can_tidy = client_->has_account() && verdict.type != "unreachable";
    auto fail_it = [this, job, verdict = std::move(verdict)] { advance(job, Failed{verdict}); };
    if (!can_tidy) return fail_it();
    deactivate(job, 0, std::move(fail_it));
}

// RFC 8555 section 7.5.2. Best effort: what we leave behind expires.
void Engine::deactivate(const JobRef& job, std::size_t index, std::function<void()> then) {
    const auto pending = published(job->attempt.state);
    if (index >= pending.size()) return then();
    auto next = [this, job, index, then = std::move(then)] { deactivate(job, index + 1, then); };
    const std::string url = pending[index].url;
    client_->read_authorization(url, [this, url, next](const CaResult<Authorization>& seen) {
        if (!seen || seen->status != AuthorizationStatus::Pending) return next();
        client_->deactivate_authorization(url, [next](const CaResult<void>&) { next(); });
    });
}

void Engine::with_account(const JobRef& job, std::function<void()> then) {
    account_->ensure([this, job, then = std::move(then)](const Verdict* failure) {
        if (failure == nullptr) return then();
        note_trouble(failure->text);
        give_up(job, *failure);
    });
}

ChainExpectation Engine::expectation(const Attempt& attempt) const {
    return {attempt.public_name, attempt.internal_name, attempt.key.sha256, clock_.now()};
}

zones::ZoneChange txt_zone_change(const zones::Name& apex, std::span<const Pending> values,
                                  zones::EditKind kind, std::uint32_t ttl) {
    zones::ZoneChange change;
    change.apex = apex;
    for (const Pending& each : values) {
        const auto owner = challenge_name(each.name);
        if (!owner) continue;  // Looked at before it was stored: never.
        change.edits.push_back({kind, *owner, zones::RType::TXT, ttl, {txt_rdata(each.txt_value)}});
    }
    return change;
}

std::optional<zones::Name> challenge_name(std::string_view name) {
    const auto owner = zones::Name::parse(name);
    if (!owner) return std::nullopt;
    return zones::Name::child("_acme-challenge", *owner);
}

}  // namespace hairpin::acme
