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

}  // namespace

/// Rows of a step, from rows of the budget.
Engine::Rows Engine::rows_of(BudgetRows rows) {
    return [rows = std::move(rows)](store::Writer& writer, zones::Change&) { return rows(writer); };
}

/// Of the certificate that a renewal is to follow; empty: there is none that is good.
Result<std::optional<CertificateSpan>> Engine::current_span(const Attempt& attempt) {
    if (attempt.cause != store::AttemptCause::Renewal) return std::optional<CertificateSpan>();
    const auto current = TRY(store::AcmeQueries((*reader_)->database())
                                 .current_certificate(attempt.server_id, clock_.now()));
    if (!current) return std::optional<CertificateSpan>();
    return std::optional(CertificateSpan{current->not_before, current->not_after});
}

void Engine::stand_in_line(const JobRef& job) {
    const Attempt& attempt = job->attempt;
    const WallTime now = clock_.now();
    const auto current = current_span(attempt);
    if (!current) {
        log::logger("acme").error("{}: cannot be admitted yet: {}", attempt.public_name,
                                  current.error().text());
        return wait(job, kReadRetry);
    }
    const LinePlace place = place_in_line(attempt, *current, now);
    job->work = place.work;
    if (place.urgent_at) schedule_.set(attempt.id, *place.urgent_at);
    job->waiting = true;
    job->may_have_ordered = false;
    job->settlement = {};
    gate_->put(attempt, job->work, place.due, now);
    look_at_line();
}

void Engine::admit_waiting() {
    if (!gate_) return;
    while (live_.size() < options_.max_live_orders) {
        const WallTime now = clock_.now();
        auto next = gate_->take(now);
        if (!next) break;
        look_at_line();
        const auto found = jobs_.find(next->id);
        if (found == jobs_.end() || !found->second->waiting || found->second->write ||
            name_of(found->second->attempt.state) != StateName::Wanted) {
            gate_->undo(*next);
            continue;
        }
        const JobRef job = found->second;
        job->waiting = false;
        live_.insert(next->id);  // The place is taken before the commit is through.
        advance(job, WasAdmitted{}, rows_of(gate_->reservation(next->keys, now)));
    }
}

/// An order may have been placed and its URL lost: the CA has counted it.
void Engine::reserve_again(const JobRef& job) {
    store::Work work;
    work.rows = rows_of(gate_->reserve_again(gate_->keys_of(job->attempt), clock_.now()));
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
    job->settlement = rows_of(gate_->return_of(gate_->keys_of(job->attempt)));
}

void Engine::count_failure(const JobRef& job) {
    job->settlement = rows_of(gate_->failure_of(gate_->keys_of(job->attempt), clock_.now()));
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
    const ReachedLimit limit = read_reached_limit(failure, gate_->keys_of(attempt), now);
    log::logger("acme").warn("{}: the CA's limit is reached, until {}: {}", attempt.public_name,
                             to_rfc3339(limit.until), verdict.text);
    Rows closing = rows_of(gate_->reached(limit, job->work, verdict.text));
    look_at_line();
    advance(job, Postponed{now, verdict.text},
            [back = std::exchange(job->settlement, {}), closing = std::move(closing)](
                store::Writer& writer, zones::Change& change) -> Result<void> {
                if (back) TRY(back(writer, change));
                return closing(writer, change);
            });
}

void Engine::limit_changed(LimitChange change) {
    loop_.post([this, change = std::move(change)] {
        gate_->change(change, clock_.now());
        look_at_line();
        admit_waiting();
        set_timer();
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
    gate_->tidy(clock_.now());
    auto view = std::make_shared<const QueueView>(gate_->view(clock_.now()));
    view_took_ = clock_.monotonic() - began;
    queue_.with([&](auto& current) { current = std::move(view); });
}

std::shared_ptr<const QueueView> Engine::queue() const {
    return queue_.with([](const auto& current) { return current; });
}

}  // namespace hairpin::acme
