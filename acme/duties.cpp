// From the order to its authorization: see engine.hpp and attempt.hpp.

#include <algorithm>
#include <utility>

#include "acme/engine.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kListenerPatience{500};
constexpr Milliseconds kFirstListenerPause{50};
constexpr Milliseconds kLongestListenerPause{2'000};
constexpr int kListenerTries = 30;
constexpr Milliseconds kShortestPoll{100};
constexpr Milliseconds kLongestPoll{3600 * 1000};
constexpr int kPollGrowth = 6;  // The pause grows so many times, up to 64 of the first.

Verdict unexpected(std::string_view what) {
    return {Remedy::TryAgain, "unexpected-state", std::string(what), {}};
}

}  // namespace

void Engine::read_authorizations(const JobRef& job) {
    with_account(job, [this, job] {
        const std::string url = order_of(job->attempt.state)->url;
        job->seat->client->read_order(url, [this, job](const CaResult<SeenOrder>& seen) {
            if (!good(job, seen, "reading the order")) return;
            switch (seen->order.status) {
                case OrderStatus::Pending:
                    return read_next_authorization(job, seen->order.authorizations, {});
                case OrderStatus::Ready:
                case OrderStatus::Processing:
                case OrderStatus::Valid:
                    return advance(job, AuthorizationsRead{});
                case OrderStatus::Invalid:
                    return give_up(job, judge(seen->order.error.value_or(Problem()), "the order"));
            }
        });
    });
}

/// Reads the last of `urls` and goes on with the rest; then decides.
void Engine::read_next_authorization(const JobRef& job, std::vector<std::string> urls,
                                     std::vector<Pending> pending) {
    if (urls.empty()) {
        // RFC 8555 section 7.4: the order decides, not the authorizations: wait until it is ready.
        if (pending.empty()) return poll(job, {});
        return advance(job, AuthorizationsRead{std::move(pending)});
    }
    const std::string url = std::move(urls.back());
    urls.pop_back();
    job->seat->client->read_authorization(
        url, [this, job, url, urls = std::move(urls),
              pending = std::move(pending)](const CaResult<Authorization>& seen) mutable {
            if (!good(job, seen, "reading the authorization")) return;
            if (const auto ours = names_of(job->attempt);
                std::find(ours.begin(), ours.end(), seen->name) == ours.end())
                return give_up(job, unexpected("the CA's order is about another name than ours"));
            if (seen->status == AuthorizationStatus::Valid)
                return read_next_authorization(job, std::move(urls), std::move(pending));
            if (seen->status != AuthorizationStatus::Pending)
                return give_up(job, judge(seen->error.value_or(Problem()),
                                          "the authorization of " + seen->name));
            auto value = value_for(*job->seat, url, *seen);
            if (!value) {
                abandon(*job->seat, order_of(job->attempt.state)->url);
                return give_up(job, std::move(value).error());
            }
            pending.push_back(*std::move(value));
            read_next_authorization(job, std::move(urls), std::move(pending));
        });
}

void Engine::ask_listeners(const JobRef& job) {
    if (job->secondaries.since) return ask_secondaries(job);  // Ours have answered before.
    job->check = ListenerCheck::start(
        loop_, options_.listeners, txt_questions(published(job->attempt.state)), kListenerPatience,
        [this, job](const Result<void>& answered) {
            if (answered) {
                job->tries = 0;
                return loop_.post([this, job] { ask_secondaries(job); });
            }
            if (++job->tries >= kListenerTries)
                return give_up(job, {Remedy::TryAgain,
                                     "txt-not-answered",
                                     "our own DNS listener " + answered.error().text(),
                                     {}});
            wait(job, std::min(kFirstListenerPause * job->tries, kLongestListenerPause));
        });
}

void Engine::answer_challenges(const JobRef& job, std::size_t index) {
    const auto pending = published(job->attempt.state);
    // Our own questions were answered within the millisecond before; the CA needs longer to ask.
    if (index == 0) job->told_at = clock_.now() + Milliseconds(1);
    if (index >= pending.size()) return advance(job, ChallengesAnswered{});
    with_account(job, [this, job, index, one = pending[index]] {
        job->seat->client->read_authorization(
            one.url, [this, job, index, one](const CaResult<Authorization>& seen) {
                if (!good(job, seen, "reading the authorization")) return;
                if (seen->status == AuthorizationStatus::Valid)
                    return answer_challenges(job, index + 1);
                if (seen->status != AuthorizationStatus::Pending) {
                    count_failure(job);
                    job->has_failed_validation = true;
                    return give_up(job, judge(seen->error.value_or(Problem()),
                                              "the authorization of " + one.name));
                }
                // Told already, before a crash.
                if (seen->status_of(one.challenge_url).value_or(ChallengeStatus::Pending) !=
                    ChallengeStatus::Pending)
                    return answer_challenges(job, index + 1);
                job->seat->client->answer_challenge(one.challenge_url,
                                                    [this, job, index](const CaResult<void>& told) {
                                                        if (!good(job, told, "telling the CA"))
                                                            return;
                                                        answer_challenges(job, index + 1);
                                                    });
            });
    });
}

void Engine::await_order(const JobRef& job) {
    with_account(job, [this, job] {
        const std::string url = order_of(job->attempt.state)->url;
        job->seat->client->read_order(url, [this, job](const CaResult<SeenOrder>& seen) {
            if (!good(job, seen, "reading the order")) return;
            switch (seen->order.status) {
                case OrderStatus::Pending:
                    return poll(job, seen->retry_after);
                case OrderStatus::Ready:
                case OrderStatus::Processing:
                case OrderStatus::Valid:
                    return advance(job, OrderReady{});
                case OrderStatus::Invalid:
                    return explain_invalid(job, 0, seen->order.error);
            }
        });
    });
}

/// An order that failed says little: the reason is in the authorization that failed.
void Engine::explain_invalid(const JobRef& job, std::size_t index, std::optional<Problem> problem) {
    const auto pending = published(job->attempt.state);
    if (index == 0) count_failure(job);
    job->has_failed_validation = true;
    if (index >= pending.size())
        return give_up(job, judge(problem.value_or(Problem()), "the order"));
    const std::string name = pending[index].name;
    job->seat->client->read_authorization(
        pending[index].url, [this, job, index, name,
                             problem = std::move(problem)](const CaResult<Authorization>& seen) {
            if (seen && seen->error)
                return give_up(
                    job,
                    with_evidence(job, name, judge(*seen->error, "the CA's check of " + name)));
            explain_invalid(job, index + 1, problem);
        });
}

/// The CA says what it did not get; what our servers were asked says why.
Verdict Engine::with_evidence(const JobRef& job, std::string_view name, Verdict verdict) const {
    if (!options_.seen_queries) return verdict;
    const std::string evidence = evidence_of(name, options_.seen_queries(job->told_at));
    if (!evidence.empty()) verdict.text += ". " + evidence;
    return verdict;
}

void Engine::poll(const JobRef& job, std::optional<Milliseconds> retry_after) {
    if (is_stuck(job))
        return give_up(job, {Remedy::TryAgain,
                             "slow-ca",
                             job->issuer->name() +
                                 " does not come to an end with the order; another CA gets it",
                             {},
                             true});
    const int doublings = std::min(job->tries++, kPollGrowth);
    const Milliseconds own = ladder_.poll * (1 << doublings);
    wait(job, std::clamp(retry_after.value_or(own), kShortestPoll, kLongestPoll));
}

}  // namespace hairpin::acme
