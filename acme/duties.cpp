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
constexpr int kPollGrowth = 16;                   // The pause grows so many times, ..
constexpr Milliseconds kLongestOwnPoll{120'000};  // .. to this at most, where the CA says nothing.

Verdict unexpected(std::string_view what) {
    return {Remedy::TryAgain, "unexpected-state", std::string(what), {}};
}

}  // namespace

void Engine::with_order(const JobRef& job, std::function<void(const SeenOrder& seen)> then) {
    if (const auto seen = std::exchange(job->seen, std::nullopt)) return then(*seen);
    with_account(job, [this, job, then = std::move(then)] {
        job->seat->client->read_order(order_of(job->attempt.state)->url,
                                      [this, job, then](const CaResult<SeenOrder>& seen) {
                                          if (good(job, seen, "reading the order")) then(*seen);
                                      });
    });
}

void Engine::read_authorizations(const JobRef& job) {
    with_order(job, [this, job](const SeenOrder& seen) {
        switch (seen.order.status) {
            case OrderStatus::Pending: {
                const auto& urls = seen.order.authorizations;
                if (urls.empty()) return poll(job, job->seat->client->pace().authorizing, {});
                const auto answers = std::make_shared<Answers>(Answers{urls.size()});
                for (const std::string& url : urls)
                    read_authorization(job, url, answers);
                return;
            }
            case OrderStatus::Ready:
            case OrderStatus::Processing:
            case OrderStatus::Valid:
                return advance(job, AuthorizationsRead{});
            case OrderStatus::Invalid:
                return give_up(job, judge(seen.order.error.value_or(Problem()), "the order"));
        }
    });
}

void Engine::read_authorization(const JobRef& job, const std::string& url,
                                const AnswersRef& answers) {
    job->seat->client->read_authorization(
        url, [this, job, url, answers](const CaResult<Authorization>& seen) {
            if (answers->is_settled) return;
            if (!take_authorization(job, url, seen, answers->pending)) {
                answers->is_settled = true;
                return;
            }
            if (--answers->missing > 0) return;
            // RFC 8555 section 7.4: the order decides, not the authorizations: wait until it is
            // ready.
            if (answers->pending.empty())
                return poll(job, job->seat->client->pace().authorizing, {});
            job->has_authorizations = true;
            advance(job, AuthorizationsRead{std::move(answers->pending)});
        });
}

/// Whether the authorization is valid, or is pending and was put to the others; else it gave up.
bool Engine::take_authorization(const JobRef& job, const std::string& url,
                                const CaResult<Authorization>& seen,
                                std::vector<Pending>& pending) {
    if (!good(job, seen, "reading the authorization")) return false;
    const auto ours = names_of(job->attempt);
    if (std::find(ours.begin(), ours.end(), seen->name) == ours.end()) {
        give_up(job, unexpected("the CA's order is about another name than ours"));
        return false;
    }
    if (seen->status == AuthorizationStatus::Valid) return true;
    if (seen->status != AuthorizationStatus::Pending) {
        give_up(job, judge(seen->error.value_or(Problem()), "the authorization of " + seen->name));
        return false;
    }
    auto value = value_for(*job->seat, url, *seen);
    if (!value) {
        abandon(*job->seat, order_of(job->attempt.state)->url);
        give_up(job, std::move(value).error());
        return false;
    }
    pending.push_back(*std::move(value));
    return true;
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

void Engine::answer_challenges(const JobRef& job) {
    const auto pending = published(job->attempt.state);
    // Our own questions were answered within the millisecond before; the CA needs longer to ask.
    job->told_at = clock_.now() + Milliseconds(1);
    with_account(job, [this, job, all = std::vector<Pending>(pending.begin(), pending.end())] {
        const auto answers = std::make_shared<Answers>(Answers{all.size()});
        for (const Pending& one : all) {
            // Nobody but this run can have told the CA.
            if (job->has_authorizations) {
                answer_challenge(job, one.challenge_url, answers);
            } else {
                look_and_answer(job, one, answers);
            }
        }
    });
}

/// After a restart: what was told before is not told again.
void Engine::look_and_answer(const JobRef& job, const Pending& one, const AnswersRef& answers) {
    job->seat->client->read_authorization(
        one.url, [this, job, one, answers](const CaResult<Authorization>& seen) {
            if (answers->is_settled) return;
            answers->is_settled = !good(job, seen, "reading the authorization");
            if (answers->is_settled) return;
            if (seen->status == AuthorizationStatus::Valid)
                return challenge_answered(job, *answers);
            if (seen->status != AuthorizationStatus::Pending) {
                answers->is_settled = true;
                count_failure(job);
                job->has_failed_validation = true;
                return give_up(job, judge(seen->error.value_or(Problem()),
                                          "the authorization of " + one.name));
            }
            if (seen->status_of(one.challenge_url).value_or(ChallengeStatus::Pending) !=
                ChallengeStatus::Pending)
                return challenge_answered(job, *answers);
            answer_challenge(job, one.challenge_url, answers);
        });
}

void Engine::answer_challenge(const JobRef& job, const std::string& url,
                              const AnswersRef& answers) {
    job->seat->client->answer_challenge(url, [this, job, answers](const CaResult<void>& told) {
        if (answers->is_settled) return;
        answers->is_settled = !good(job, told, "telling the CA");
        if (!answers->is_settled) challenge_answered(job, *answers);
    });
}

void Engine::challenge_answered(const JobRef& job, Answers& answers) {
    if (--answers.missing == 0)
        advance(job, ChallengesAnswered{job->seat->client->pace().authorizing.first()});
}

void Engine::await_order(const JobRef& job) {
    job->has_authorizations = false;
    with_order(job, [this, job](const SeenOrder& seen) {
        const OrderStatus status = seen.order.status;
        if (job->tries == 0)
            job->seat->client->pace().authorizing.looked(status != OrderStatus::Pending);
        switch (status) {
            case OrderStatus::Pending:
                return poll(job, job->seat->client->pace().authorizing, seen.retry_after);
            case OrderStatus::Ready:
            case OrderStatus::Processing:
            case OrderStatus::Valid:
                job->seen = seen;
                return advance(job, OrderReady{});
            case OrderStatus::Invalid:
                return explain_invalid(job, 0, seen.order.error);
        }
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

void Engine::poll(const JobRef& job, PollPace& pace, std::optional<Milliseconds> retry_after) {
    if (is_stuck(job))
        return give_up(job, {Remedy::TryAgain,
                             "slow-ca",
                             job->issuer->name() +
                                 " does not come to an end with the order; another CA gets it",
                             {},
                             true});
    const int doublings = std::min(job->tries++, kPollGrowth);
    if (retry_after) return wait(job, std::clamp(*retry_after, kShortestPoll, kLongestPoll));
    wait(job, std::min(pace.first() * (1 << doublings), kLongestOwnPoll));
}

}  // namespace hairpin::acme
