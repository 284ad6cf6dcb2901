#include "acme/pacing.hpp"

#include <catch2/catch.hpp>

#include <vector>

namespace hairpin::acme {
namespace {

constexpr Seconds kPaceHour{3600};
constexpr Seconds kPaceDay = kPaceHour * 24;
const WallTime kPaceNow = from_unix_milliseconds(1'795'000'000'000);

Attempt attempt_for(store::AttemptCause cause) {
    Attempt attempt;
    attempt.cause = cause;
    attempt.created_at = kPaceNow - kPaceHour;
    return attempt;
}

TEST_CASE("a server is given three certificates in a week, and renewed once a day", "[acme]") {
    using store::AttemptCause;
    const IssueLimits limits;
    const std::vector<WallTime> none;
    CHECK_FALSE(enough_issued(none, AttemptCause::Renewal, limits, kPaceNow));
    const std::vector<WallTime> today = {kPaceNow - kPaceHour};
    CHECK_FALSE(enough_issued(today, AttemptCause::NewKey, limits, kPaceNow));
    CHECK(enough_issued(today, AttemptCause::Renewal, limits, kPaceNow)->until ==
          kPaceNow - kPaceHour + kPaceDay);
    const std::vector<WallTime> week = {kPaceNow - kPaceDay * 2, kPaceNow - kPaceDay * 3,
                                        kPaceNow - kPaceDay * 4};
    const auto later = enough_issued(week, AttemptCause::NewKey, limits, kPaceNow);
    REQUIRE(later);
    CHECK(later->until == kPaceNow + kPaceDay * 3);
    CHECK_THAT(later->why, Catch::Contains("3 certificates within a week"));
}

TEST_CASE("a renewal stands by its expiry, and is urgent when half of its slack is gone",
          "[acme]") {
    const Attempt renewal = attempt_for(store::AttemptCause::Renewal);
    const CertificateSpan young{kPaceNow - kPaceDay * 60, kPaceNow + kPaceDay * 30};
    const LinePlace early = place_in_line(renewal, young, kPaceNow);
    CHECK(early.work == WorkClass::Renewal);
    CHECK(early.due == young.not_after);
    CHECK(early.urgent_at == kPaceNow + kPaceDay * 15);
    const LinePlace late = place_in_line(renewal, young, kPaceNow + kPaceDay * 15);
    CHECK(late.work == WorkClass::Incident);
    CHECK_FALSE(late.urgent_at);
    const LinePlace gone = place_in_line(renewal, {}, kPaceNow);
    CHECK(gone.work == WorkClass::Incident);
    CHECK(gone.due == WallTime());
}

TEST_CASE("first certificates and re-issues stand by their age", "[acme]") {
    const CertificateSpan young{kPaceNow - kPaceDay, kPaceNow + kPaceDay * 89};
    const LinePlace first = place_in_line(attempt_for(store::AttemptCause::First), {}, kPaceNow);
    CHECK(first.work == WorkClass::First);
    CHECK(first.due == kPaceNow - kPaceHour);
    const LinePlace again =
        place_in_line(attempt_for(store::AttemptCause::NewKey), young, kPaceNow);
    CHECK(again.work == WorkClass::Reissue);
    CHECK(again.due == kPaceNow - kPaceHour);
    CHECK_FALSE(again.urgent_at);
}

}  // namespace
}  // namespace hairpin::acme
