// What is left behind, at the CA and in the zone, when an attempt fails or is ended: see
// engine.hpp.

#include <utility>

#include "acme/engine.hpp"
#include "core/log.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kLookAgain{1'000};

}  // namespace

void Engine::give_up(const JobRef& job, Verdict verdict) {
    log::logger("acme").warn("{}: no certificate yet: {}", job->attempt.public_name, verdict.text);
    if (verdict.remedy == Remedy::Register) account_->forget();
    if (verdict.type == "unreachable" || verdict.type.starts_with("http-5"))
        note_trouble(verdict.text);
    counters_.failed.fetch_add(1, std::memory_order_relaxed);
    if (!job->settlement && !job->may_have_ordered &&
        (name_of(job->attempt.state) == StateName::Admitted ||
         name_of(job->attempt.state) == StateName::Ordering))
        give_tokens_back(job);
    std::vector<std::string> authorizations;
    if (client_->has_account() && verdict.type != "unreachable")
        for (const Pending& each : published(job->attempt.state))
            authorizations.push_back(each.url);
    // Where it cannot be read the pause is the usual one.
    const auto current = current_span(job->attempt).value_or(std::nullopt);
    Failed failed{std::move(verdict), current ? std::optional(current->not_after) : std::nullopt};
    deactivate(std::move(authorizations), [this, job, failed = std::move(failed)] {
        advance(job, failed, std::exchange(job->settlement, {}));
    });
}

/// Somebody else ended the attempt: a newer request, or (`is_gone`) its server was erased.
void Engine::ended(const JobRef& job, bool is_gone) {
    const Attempt& attempt = job->attempt;
    const OrderPlace* order = order_of(attempt.state);
    // An order that was placed and not stored any more is known here alone.
    if (order == nullptr && job->write) order = order_of(job->write->step.next.state);
    if (order != nullptr && name_of(attempt.state) <= StateName::Challenged) abandon(order->url);
    const auto values = published(attempt.state);
    if (is_gone && !values.empty()) {
        zones::Change change;
        change.zones.push_back(txt_zone_change(attempt.zone_apex, values,
                                               zones::EditKind::DeleteRecords, options_.txt_ttl));
        change.actor = {"acme", attempt.public_name, "", "acme"};
        change.reason = "the server is gone";
        committer_.submit(std::move(change), [](const auto&) {});
    }
    // Its admission was decided, and is not in the store.
    if (job->write && name_of(job->write->step.next.state) == StateName::Admitted)
        gate_->undo({.id = attempt.id, .keys = gate_->keys_of(attempt)});
    const std::int64_t id = attempt.id;
    drop(job);
    if (!is_gone) schedule_.set(id, clock_.now() + kLookAgain);
}

/// An order that nobody wants: its authorizations must not stay pending, a CA counts them.
void Engine::abandon(std::string order_url) {
    account_->ensure([this, url = std::move(order_url)](const Verdict* failure) {
        if (failure != nullptr) return;
        client_->read_order(url, [this](const CaResult<SeenOrder>& seen) {
            if (seen && seen->order.status == OrderStatus::Pending)
                deactivate(seen->order.authorizations, [] {});
        });
    });
}

// RFC 8555 section 7.5.2. Best effort: what we leave behind expires.
void Engine::deactivate(std::vector<std::string> authorizations, std::function<void()> then) {
    if (authorizations.empty()) return then();
    const std::string url = std::move(authorizations.back());
    authorizations.pop_back();
    auto next = [this, left = std::move(authorizations), then = std::move(then)] {
        deactivate(left, then);
    };
    client_->read_authorization(url, [this, url, next](const CaResult<Authorization>& seen) {
        if (!seen || seen->status != AuthorizationStatus::Pending) return next();
        client_->deactivate_authorization(url, [next](const CaResult<void>&) { next(); });
    });
}

}  // namespace hairpin::acme
