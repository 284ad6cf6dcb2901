#include "acme/canary_trial.hpp"

#include <catch2/catch.hpp>

namespace hairpin::acme {
namespace {

const WallTime kTrialNow = from_unix_milliseconds(1'795'000'000'000);

TEST_CASE("a way in reserve is tried each week, and the day after a failure", "[acme][issuers]") {
    const CanaryPace pace;
    CHECK(is_canary_due({}, kTrialNow));
    const store::CanaryRow good = after_trial({}, "", pace, kTrialNow);
    CHECK(good.good_at == kTrialNow);
    CHECK_FALSE(is_canary_due(good, kTrialNow + pace.interval - Milliseconds(1)));
    CHECK(is_canary_due(good, kTrialNow + pace.interval));

    const store::CanaryRow bad = after_trial(good, "no answer", pace, kTrialNow + pace.interval);
    CHECK(bad.failures == 1);
    CHECK(bad.problem == "no answer");
    CHECK(bad.good_at == kTrialNow);
    CHECK(bad.due_at == kTrialNow + pace.interval + pace.retry);
    CHECK(after_trial(bad, "", pace, bad.due_at).failures == 0);
    CHECK(after_trial(bad, "", pace, bad.due_at).problem.empty());
}

}  // namespace
}  // namespace hairpin::acme
