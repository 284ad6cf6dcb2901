// Orders and the CA's limits: see engine.hpp and gate.hpp.

#include <algorithm>
#include <utility>

#include "acme/engine.hpp"
#include "core/log.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kShortestView{200};    // Between two looks at the whole line.
constexpr Milliseconds kLongestView{30'000};  // So old its picture is at most, ..
constexpr int kViewShare = 20;                // .. and the looking takes a 20th of the time.
constexpr Milliseconds kReserveRetry{1'000};

/// Of the certificate that a renewal is to follow; empty: there is none that is good.
std::optional<CertificateSpan> span_of(const Attempt& attempt,
                                       const std::optional<store::CertificateRow>& current) {
    if (!current || attempt.cause != store::AttemptCause::Renewal) return std::nullopt;
    return CertificateSpan{current->not_before, current->not_after};
}

}  // namespace

/// Rows of a step, from rows of the budget.
Engine::Rows Engine::rows_of(BudgetRows rows) {
    return [rows = std::move(rows)](store::Writer& writer, zones::Change&) { return rows(writer); };
}

Result<std::optional<CertificateSpan>> Engine::current_span(const Attempt& attempt) {
    return span_of(attempt, TRY(store::AcmeQueries((*reader_)->database())
                                    .current_certificate(attempt.subject(), clock_.now())));
}

void Engine::stand_in_line(const JobRef& job) {
    const Attempt& attempt = job->attempt;
    const WallTime now = clock_.now();
    const auto current =
        store::AcmeQueries((*reader_)->database()).current_certificate(attempt.subject(), now);
    if (!current) {
        log::logger("acme").error("{}: cannot be admitted yet: {}", attempt.public_name,
                                  current.error().text());
        return wait(job, kReadRetry);
    }
    const LinePlace place = place_in_line(attempt, span_of(attempt, *current), now);
    job->work = place.work;
    std::optional<WallTime> look_at = place.urgent_at;
    const auto other_at = assign(job, *current);
    if (job->issuer == nullptr) return advance(job, Withdrawn{});
    if (other_at) look_at = std::min(look_at.value_or(*other_at), *other_at);
    if (look_at) schedule_.set(attempt.id, *look_at);  // Looks at it anew.
    job->waiting = true;
    job->may_have_ordered = false;
    job->has_failed_validation = false;
    job->settlement = {};
    job->issuer->gate().put(attempt, job->work, place.due, now);
    look_at_line();
}

void Engine::admit_waiting() {
    for_each_issuer([this](Issuer& issuer) {
        if (issuer.is_well()) admit_from(issuer);
    });
}

void Engine::admit_from(Issuer& issuer) {
    Gate& gate = issuer.gate();
    while (live_.size() < options_.max_live_orders) {
        const WallTime now = clock_.now();
        auto next = gate.take(now);
        if (!next) break;
        look_at_line();
        const auto found = jobs_.find(next->id);
        if (found == jobs_.end() || !found->second->waiting || found->second->write ||
            found->second->issuer != &issuer ||
            name_of(found->second->attempt.state) != StateName::Wanted) {
            gate.undo(*next);
            continue;
        }
        const JobRef job = found->second;
        job->waiting = false;
        live_.insert(next->id);  // The place is taken before the commit is through.
        advance(job, WasAdmitted{issuer.directory()}, rows_of(gate.reservation(next->keys, now)));
    }
}

/// An order may have been placed and its URL lost: the CA has counted it.
void Engine::reserve_again(const JobRef& job) {
    store::Work work;
    Gate& gate = job->issuer->gate();
    work.rows = rows_of(gate.reserve_again(gate.keys_of(job->attempt), clock_.now()));
    committer_.submit(std::move(work), [weak = weak_from_this(), job](const Committed& done) {
        const auto self = weak.lock();
        if (!self) return;
        self->loop_.post([engine = self.get(), job, is_done = done.has_value()] {
            const auto known = engine->jobs_.find(job->attempt.id);
            if (known == engine->jobs_.end() || known->second != job) return;  // Ended meanwhile.
            // What is missing in the store only is missing there for the next run; it is written
            // anew, and memory, which decides meanwhile, errs on the safe side.
            if (!is_done) return engine->wait(job, kReserveRetry);
            job->may_have_ordered = false;
            engine->place_order(job);
        });
    });
}

/// Nothing was placed: what the attempt takes next gives its tokens back.
void Engine::give_tokens_back(const JobRef& job) {
    Gate& gate = job->issuer->gate();
    job->settlement = rows_of(gate.return_of(gate.keys_of(job->attempt)));
}

void Engine::count_failure(const JobRef& job) {
    Gate& gate = job->issuer->gate();
    job->settlement = rows_of(gate.failure_of(gate.keys_of(job->attempt), clock_.now()));
}

void Engine::order_refused(const JobRef& job, const CaFailure& failure) {
    const bool is_counted = failure.kind != CaFailure::Kind::Refused && failure.may_have_arrived;
    if (!is_counted) give_tokens_back(job);
    if (is_paused_by_ca(failure)) {
        Verdict verdict = judge(failure, "placing the order");
        verdict.remedy = Remedy::PersonNeeded;
        return give_up(job, std::move(verdict));
    }
    // Before it was sent: it was no newOrder that was limited.
    if (!is_rate_limited(failure) || !failure.may_have_arrived)
        return give_up(job, judge(failure, "placing the order"));

    const Attempt& attempt = job->attempt;
    const Verdict verdict = judge(failure, "placing the order");
    const WallTime now = clock_.now();
    Gate& gate = job->issuer->gate();
    const ReachedLimit limit = read_reached_limit(failure, gate.keys_of(attempt), now);
    log::logger("acme").warn("{}: the CA's limit is reached, until {}: {}", attempt.public_name,
                             to_rfc3339(limit.until), verdict.text);
    Rows closing = rows_of(gate.reached(limit, job->work, verdict.text));
    look_at_line();
    advance(job, Postponed{now, verdict.text},
            [back = std::exchange(job->settlement, {}), closing = std::move(closing)](
                store::Writer& writer, zones::Change& change) -> Result<void> {
                if (back) TRY(back(writer, change));
                return closing(writer, change);
            });
}

void Engine::limit_changed(LimitChange change, std::function<void()> then) {
    loop_.post([this, change = std::move(change), then = std::move(then)] {
        for (const auto& issuer : issuers_)
            if (change.issuer == issuer->name() ||
                (change.issuer.empty() && issuer == issuers_.front()))
                issuer->gate().change(change, clock_.now());
        look_at_line();
        admit_waiting();
        publish_view();  // At once, whatever it takes: who set it looks at it next.
        set_timer();
        then();
    });
}

// Not now: for a while more may come, and the whole line is foretold each time.
void Engine::look_at_line() {
    if (is_view_due_ || !view_timer_) return;
    is_view_due_ = true;
    view_timer_.again(std::clamp(view_took_ * kViewShare, kShortestView, kLongestView));
}

void Engine::publish_view() {
    is_view_due_ = false;
    const MonotonicTime began = clock_.monotonic();
    const WallTime now = clock_.now();
    auto view = std::make_shared<QueueView>();
    for_each_issuer([&](Issuer& issuer) {
        issuer.gate().tidy(now);
        QueueView one = issuer.gate().view(now);
        const std::string closed =
            issuer.is_well() ? "" : issuer.name() + " does not work: " + issuer.breaker().why();
        if (&issuer == issuers_.front().get()) {
            *view = std::move(one);
            view->hold(closed);
        } else {
            one.hold(closed);
            view->add(issuer.name(), std::move(one));
        }
    });
    view_took_ = clock_.monotonic() - began;
    queue_.with([&](auto& current) { current = std::move(view); });
    publish_issuers();
}

std::shared_ptr<const QueueView> Engine::queue() const {
    return queue_.with([](const auto& current) { return current; });
}

}  // namespace hairpin::acme
