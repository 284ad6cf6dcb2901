#include "admin/front_order.hpp"

#include <algorithm>
#include <utility>

#include "admin/front_problem.hpp"

namespace hairpin::admin {
namespace {

using store::FrontOrderState;

// Stock clients wait 30 to 90 s for an order: what moves later than that is told at once.
constexpr Milliseconds kClientsWait{90'000};

bool is_paused(const acme::CertificateState& state) {
    return state.step == to_string(acme::StateName::Backoff) ||
           state.step == to_string(acme::StateName::Blocked);
}

/// Why the attempt under way brings nothing while the client waits; empty: it may.
std::string why_not_now(const acme::CertificateState& state, WallTime now) {
    if (state.problem.empty()) return {};
    const bool is_late = state.next_check && *state.next_check > now + kClientsWait;
    if (is_paused(state) || is_late) return state.problem;
    return {};
}

void end(FrontJudgement& judgement, FrontError error, std::string why) {
    judgement.order.state = FrontOrderState::Invalid;
    judgement.order.problem_type = to_string(error);
    judgement.order.problem = std::move(why);
    judgement.has_changed = true;
}

void judge_processing(FrontJudgement& judgement, const acme::CertificateState& state,
                      StateSource source, WallTime now) {
    store::FrontOrderRow& order = judgement.order;
    const bool has_key = state.sha256 && state.key_sha256 == order.key_sha256;
    const bool is_new = state.sha256 != order.before_sha256;
    const bool is_answer = source == StateSource::Request && state.step.empty();
    if (has_key && (is_new || is_answer)) {
        order.state = FrontOrderState::Valid;
        order.certificate_sha256 = state.sha256;
        judgement.has_changed = true;
        return;
    }
    const bool is_superseded = state.step.empty() ? is_new && state.sha256.has_value()
                                                  : state.step_key != order.key_sha256;
    if (is_superseded) {
        judgement = superseded(std::move(order));
        return;
    }
    if (state.step.empty()) {
        judgement.is_orphan = true;
        return;
    }
    if (std::string why = why_not_now(state, now); !why.empty())
        end(judgement, is_paused(state) ? FrontError::ServerInternal : FrontError::RateLimited,
            std::move(why));
}

}  // namespace

FrontJudgement superseded(store::FrontOrderRow order) {
    FrontJudgement judgement{std::move(order), false, false};
    judgement.order.certificate_sha256.reset();
    end(judgement, FrontError::ServerInternal,
        "another request of this server, with another key or other names, came after this one");
    return judgement;
}

FrontJudgement judge_order(store::FrontOrderRow order, const acme::CertificateState& state,
                           StateSource source, WallTime now) {
    FrontJudgement judgement{std::move(order), false, false};
    switch (judgement.order.state) {
        case FrontOrderState::Ready:
            if (judgement.order.expires_at <= now)
                end(judgement, FrontError::Malformed, "the order has expired");
            break;
        case FrontOrderState::Processing:
            judge_processing(judgement, state, source, now);
            break;
        case FrontOrderState::Valid:
        case FrontOrderState::Invalid:
            break;
    }
    return judgement;
}

Seconds front_retry_after(const store::FrontOrderRow& order, WallTime now) noexcept {
    // An order that goes well takes a few seconds; one that does not is looked at less and less.
    const Seconds age = std::chrono::duration_cast<Seconds>(now - order.created_at);
    return std::clamp(age / 10, Seconds(1), Seconds(30));
}

}  // namespace hairpin::admin
