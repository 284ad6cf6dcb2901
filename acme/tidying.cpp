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
    if (verdict.remedy == Remedy::Register && job->seat != nullptr) job->seat->account->forget();
    if (verdict.type == "unreachable" || verdict.type.starts_with("http-5"))
        note_trouble(verdict.text);
    counters_.failed.fetch_add(1, std::memory_order_relaxed);
    if (job->issuer != nullptr) job->issuer->count_failed();
    if (!job->settlement && !job->may_have_ordered && job->issuer != nullptr &&
        (name_of(job->attempt.state) == StateName::Admitted ||
         name_of(job->attempt.state) == StateName::Ordering))
        give_tokens_back(job);
    if (verdict.is_cas && verdict.type == "unauthorized" && job->issuer != nullptr &&
        (job->seat != &job->issuer->active() || job->issuer->standby() != nullptr))
        return examine_account(job, std::move(verdict));
    settle_failure(job, failure_of(job, std::move(verdict)));
}

/// Of the budget, and of the canary where it is one.
Engine::Rows Engine::rows_of_failure(const JobRef& job, const std::string& problem) {
    Rows rows = std::exchange(job->settlement, {});
    if (!job->attempt.is_canary()) return rows;
    return [before = std::move(rows), canary = canary_rows(job->attempt, problem)](
               store::Writer& writer, zones::Change& change) -> Result<void> {
        if (before) TRY(before(writer, change));
        return canary(writer, change);
    };
}

void Engine::settle_failure(const JobRef& job, Failed failed) {
    std::vector<std::string> authorizations;
    const bool is_reached = job->seat != nullptr && job->seat->client->has_account() &&
                            failed.verdict.type != "unreachable";
    if (is_reached)
        for (const Pending& each : published(job->attempt.state))
            authorizations.push_back(each.url);
    auto then = [this, job, failed = std::move(failed)] {
        advance(job, failed, rows_of_failure(job, failed.verdict.text));
    };
    if (authorizations.empty()) return then();
    deactivate(*job->seat->client, std::move(authorizations), std::move(then));
}

/// Somebody else ended the attempt: a newer request, or (`is_gone`) its server was erased.
void Engine::ended(const JobRef& job, bool is_gone) {
    const Attempt& attempt = job->write ? job->write->before : job->attempt;  // As it was stored.
    // An order that was placed and not stored any more is known here alone.
    std::string order_url = job->write ? job->write->order_url : std::string();
    if (const OrderPlace* order = order_of(attempt.state)) order_url = order->url;
    if (!order_url.empty() && name_of(attempt.state) <= StateName::Challenged &&
        job->seat != nullptr)
        abandon(*job->seat, std::move(order_url));
    const auto values = published(attempt.state);
    if (is_gone && !values.empty()) {
        zones::Change change;
        change.zones = txt_changes(attempt.zone_apex, values, TxtEffect::Remove, options_.txt_ttl);
        change.actor = {"acme", attempt.public_name, "", "acme"};
        change.reason = "the server is gone";
        committer_.submit(std::move(change), [](const auto&) {});
    }
    // Its admission was decided, and is not in the store.
    if (name_of(attempt.state) == StateName::Wanted &&
        (name_of(job->attempt.state) == StateName::Admitted ||
         name_of(job->attempt.state) == StateName::Ordering))
        job->issuer->gate().undo({.id = attempt.id, .keys = job->issuer->gate().keys_of(attempt)});
    const std::int64_t id = attempt.id;
    drop(job);
    elsewhere_->look_soon();
    if (!is_gone) schedule_.set(id, clock_.now() + kLookAgain);
}

/// An order that nobody wants: its authorizations must not stay pending, a CA counts them.
void Engine::abandon(Seat& seat, std::string order_url) {
    seat.account->ensure(
        [&client = *seat.client, url = std::move(order_url)](const Verdict* failure) {
            if (failure != nullptr) return;
            client.read_order(url, [&client](const CaResult<SeenOrder>& seen) {
                if (seen && seen->order.status == OrderStatus::Pending)
                    deactivate(client, seen->order.authorizations, [] {});
            });
        });
}

// RFC 8555 section 7.5.2. Best effort: what we leave behind expires.
void Engine::deactivate(Client& client, std::vector<std::string> authorizations,
                        std::function<void()> then) {
    if (authorizations.empty()) return then();
    const std::string url = std::move(authorizations.back());
    authorizations.pop_back();
    auto next = [&client, left = std::move(authorizations), then = std::move(then)] {
        deactivate(client, left, then);
    };
    client.read_authorization(url, [&client, url, next](const CaResult<Authorization>& seen) {
        if (!seen || seen->status != AuthorizationStatus::Pending) return next();
        client.deactivate_authorization(url, [next](const CaResult<void>&) { next(); });
    });
}

}  // namespace hairpin::acme
