#include "admin/front_order.hpp"

#include <catch2/catch.hpp>

#include "admin/front_problem.hpp"

namespace hairpin::admin {
namespace {

using store::FrontOrderRow;
using store::FrontOrderState;

const WallTime kOrderNow = from_unix_milliseconds(1'795'000'000'000);
const Sha256 kOwnKey{1};
const Sha256 kOtherKey{2};
const Sha256 kOldCertificate{3};
const Sha256 kNewCertificate{4};

FrontOrderRow front_order_in(FrontOrderState state) {
    FrontOrderRow order;
    order.state = state;
    order.created_at = kOrderNow;
    order.expires_at = kOrderNow + kFrontOrderLife;
    if (state != FrontOrderState::Ready) order.key_sha256 = kOwnKey;
    return order;
}

acme::CertificateState having(const Sha256& certificate, const Sha256& key) {
    acme::CertificateState state;
    state.phase = acme::Phase::Valid;
    state.sha256 = certificate;
    state.key_sha256 = key;
    return state;
}

acme::CertificateState under_way(acme::StateName step, const Sha256& key, std::string problem,
                                 Milliseconds next) {
    acme::CertificateState state;
    state.phase = acme::Phase::Ordering;
    state.step = to_string(step);
    state.step_key = key;
    state.problem = std::move(problem);
    state.next_check = kOrderNow + next;
    return state;
}

TEST_CASE("What becomes of an order that was finalized", "[admin][front][rfc8555]") {
    using enum StateSource;
    using S = acme::StateName;
    struct Case {
        const char* what;
        acme::CertificateState state;
        StateSource source;
        FrontOrderState then;
        bool is_orphan;
        std::string error;
    };
    const Milliseconds soon(2'000);
    const Milliseconds late(3'600'000);
    const std::vector<Case> cases{
        {"its certificate", having(kNewCertificate, kOwnKey), Stored, FrontOrderState::Valid, false,
         ""},
        {"the young one it was answered with", having(kOldCertificate, kOwnKey), Request,
         FrontOrderState::Valid, false, ""},
        {"the old one is no answer", having(kOldCertificate, kOwnKey), Stored,
         FrontOrderState::Processing, true, ""},
        {"the process ended before it was asked for",
         {},
         Stored,
         FrontOrderState::Processing,
         true,
         ""},
        {"an attempt of its key", under_way(S::Open, kOwnKey, "", soon), Stored,
         FrontOrderState::Processing, false, ""},
        {"it goes on after a failure", under_way(S::Open, kOwnKey, "once", soon), Stored,
         FrontOrderState::Processing, false, ""},
        {"it waits after a failure", under_way(S::Backoff, kOwnKey, "refused", soon), Stored,
         FrontOrderState::Invalid, false, "serverInternal"},
        {"a person must act", under_way(S::Blocked, kOwnKey, "blocked", late), Stored,
         FrontOrderState::Invalid, false, "serverInternal"},
        {"postponed for longer than clients wait", under_way(S::Wanted, kOwnKey, "full", late),
         Stored, FrontOrderState::Invalid, false, "rateLimited"},
        {"postponed for a moment", under_way(S::Wanted, kOwnKey, "full", soon), Stored,
         FrontOrderState::Processing, false, ""},
        {"another key's attempt", under_way(S::Open, kOtherKey, "", soon), Stored,
         FrontOrderState::Invalid, false, "serverInternal"},
        {"another key's certificate", having(kNewCertificate, kOtherKey), Stored,
         FrontOrderState::Invalid, false, "serverInternal"},
    };
    for (const Case& each : cases) {
        INFO(each.what);
        FrontOrderRow order = front_order_in(FrontOrderState::Processing);
        order.before_sha256 = kOldCertificate;
        if (!each.state.sha256) order.before_sha256.reset();
        const auto judged = judge_order(order, each.state, each.source, kOrderNow);
        CHECK(judged.order.state == each.then);
        CHECK(judged.is_orphan == each.is_orphan);
        CHECK(judged.order.problem_type == each.error);
        CHECK(judged.order.problem.empty() == each.error.empty());
        CHECK(judged.has_changed == (each.then != FrontOrderState::Processing));
        CHECK(judged.order.certificate_sha256.has_value() == (each.then == FrontOrderState::Valid));
    }
}

TEST_CASE("An order that nobody finalized ends; one that is done stays", "[admin][front]") {
    const auto ready = front_order_in(FrontOrderState::Ready);
    CHECK_FALSE(judge_order(ready, {}, StateSource::Stored, kOrderNow).has_changed);
    const auto over = judge_order(ready, {}, StateSource::Stored, ready.expires_at);
    CHECK(over.has_changed);
    CHECK(over.order.state == FrontOrderState::Invalid);
    for (const auto state : {FrontOrderState::Valid, FrontOrderState::Invalid})
        CHECK_FALSE(judge_order(front_order_in(state), having(kNewCertificate, kOtherKey),
                                StateSource::Stored, ready.expires_at)
                        .has_changed);
}

TEST_CASE("A client is told to look again soon, and less and less so", "[admin][front]") {
    const auto order = front_order_in(FrontOrderState::Processing);
    CHECK(front_retry_after(order, kOrderNow) == Seconds(1));
    CHECK(front_retry_after(order, kOrderNow + Seconds(60)) == Seconds(6));
    CHECK(front_retry_after(order, kOrderNow + Seconds(86'400)) == Seconds(30));
    CHECK(front_retry_after(order, kOrderNow - Seconds(86'400)) == Seconds(1));
}

TEST_CASE("Every error of the front has a name that leads back to it", "[admin][front][rfc8555]") {
    for (int number = 0; number <= static_cast<int>(FrontError::Unauthorized); ++number) {
        const auto error = static_cast<FrontError>(number);
        CHECK(front_error_from_text(to_string(error)) == error);
        CHECK(FrontProblem(error, "why").status >= 400);
    }
    CHECK_FALSE(front_error_from_text("nothing"));
}

}  // namespace
}  // namespace hairpin::admin
