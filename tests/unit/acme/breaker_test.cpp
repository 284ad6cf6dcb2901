#include "acme/breaker.hpp"

#include <catch2/catch.hpp>

namespace hairpin::acme {
namespace {

const CaOutcome kGoodAnswer{Milliseconds(100), ""};
const CaOutcome kNoAnswer{Milliseconds(30'000), "HTTP status 503"};
const CaOutcome kSlowAnswer{Milliseconds(16'000), ""};

struct Watched {
    ManualClock clock;
    Breaker breaker;
    bool note(const CaOutcome& outcome) { return breaker.note(outcome, clock.monotonic()); }
    bool wants_probe() { return breaker.wants_probe(clock.monotonic()); }
    void fail_until_open() {
        for (int each = 0; each < 3; ++each)
            note(kNoAnswer);
        REQUIRE(breaker.state() == Breaker::State::Open);
    }
};

TEST_CASE("a breaker opens after failures in a row, and says why", "[acme][issuers]") {
    Watched ca;
    CHECK_FALSE(ca.note(kNoAnswer));
    CHECK_FALSE(ca.note(kNoAnswer));
    CHECK_FALSE(ca.note(kGoodAnswer));  // No row any more.
    CHECK_FALSE(ca.note(kNoAnswer));
    CHECK_FALSE(ca.note(kNoAnswer));
    CHECK(ca.breaker.state() == Breaker::State::Closed);
    CHECK(ca.note(kNoAnswer));
    CHECK(ca.breaker.state() == Breaker::State::Open);
    CHECK(ca.breaker.why() == "3 requests in a row failed, the last one: HTTP status 503");
    CHECK(ca.breaker.openings() == 1);
}

TEST_CASE("a breaker opens where half of the window failed or was slow", "[acme][issuers]") {
    Watched ca;
    for (int each = 0; each < 5; ++each) {
        ca.note(kGoodAnswer);
        if (each < 4) CHECK_FALSE(ca.note(kSlowAnswer));
    }
    CHECK(ca.note(kSlowAnswer));
    CHECK(ca.breaker.state() == Breaker::State::Open);
    CHECK(ca.breaker.why() == "5 of the last 10 requests failed or took longer than 15 seconds");
}

TEST_CASE("a breaker forgets what is older than its window", "[acme][issuers]") {
    Watched ca;
    for (int each = 0; each < 9; ++each)
        ca.note(kSlowAnswer);
    ca.clock.advance(Seconds(601));
    CHECK_FALSE(ca.note(kSlowAnswer));
    CHECK(ca.breaker.state() == Breaker::State::Closed);
}

TEST_CASE("a breaker probes after a failure, though it is closed", "[acme][issuers]") {
    Watched ca;
    ca.note(kGoodAnswer);
    ca.clock.advance(Seconds(20));
    CHECK_FALSE(ca.wants_probe());
    ca.note(kNoAnswer);
    CHECK_FALSE(ca.wants_probe());  // A moment later.
    ca.clock.advance(Seconds(20));
    CHECK(ca.wants_probe());
    ca.note(kGoodAnswer);
    ca.clock.advance(Seconds(600));
    CHECK_FALSE(ca.wants_probe());
}

TEST_CASE("an open breaker closes after two good probes, of two answers each", "[acme][issuers]") {
    Watched ca;
    ca.fail_until_open();
    ca.clock.advance(Seconds(59));
    CHECK_FALSE(ca.wants_probe());
    CHECK_FALSE(ca.note(kGoodAnswer));  // Sent before it opened.
    CHECK(ca.breaker.state() == Breaker::State::Open);
    ca.clock.advance(Seconds(1));
    CHECK(ca.wants_probe());
    CHECK(ca.breaker.state() == Breaker::State::HalfOpen);
    CHECK_FALSE(ca.note(kGoodAnswer));
    CHECK_FALSE(ca.note(kGoodAnswer));
    CHECK_FALSE(ca.wants_probe());
    ca.clock.advance(Seconds(20));
    CHECK(ca.wants_probe());
    CHECK(ca.breaker.closed_for(ca.clock.monotonic()) == Milliseconds(0));
    CHECK_FALSE(ca.note(kGoodAnswer));
    CHECK(ca.note(kGoodAnswer));
    CHECK(ca.breaker.state() == Breaker::State::Closed);
    CHECK(ca.breaker.why().empty());
    ca.clock.advance(Seconds(90));
    CHECK(ca.breaker.closed_for(ca.clock.monotonic()) == Milliseconds(90'000));
}

TEST_CASE("each probe that fails doubles the time that a breaker is open", "[acme][issuers]") {
    Watched ca;
    ca.fail_until_open();
    int seconds = 60;
    for (const int next : {120, 240, 480, 900, 900}) {
        ca.clock.advance(Seconds(seconds - 1));
        CHECK_FALSE(ca.wants_probe());
        ca.clock.advance(Seconds(1));
        CHECK(ca.wants_probe());
        CHECK(ca.note(kNoAnswer));
        CHECK(ca.breaker.state() == Breaker::State::Open);
        seconds = next;
    }
    ca.clock.advance(Seconds(900));
    REQUIRE(ca.wants_probe());
    for (int each = 1; each < kAnswersToClose; ++each)
        ca.note(kGoodAnswer);
    REQUIRE(ca.note(kGoodAnswer));
    ca.fail_until_open();
    ca.clock.advance(Seconds(60));  // From the start again.
    CHECK(ca.wants_probe());
}

TEST_CASE("that a CA does not work is news when it opens, and then once an hour",
          "[acme][issuers]") {
    Watched ca;
    const auto is_news = [&] { return ca.breaker.is_news(ca.clock.monotonic()); };
    ca.fail_until_open();
    CHECK(is_news());
    int told = 0;
    for (int minutes = 0; minutes < 150; minutes += 15) {
        ca.clock.advance(Seconds(900));
        if (!ca.wants_probe()) continue;
        ca.note(kNoAnswer);
        told += is_news() ? 1 : 0;
    }
    CHECK(told == 2);
    ca.clock.advance(Seconds(900));
    REQUIRE(ca.wants_probe());
    for (int each = 0; each < kAnswersToClose; ++each)
        ca.note(kGoodAnswer);
    ca.fail_until_open();
    CHECK(is_news());  // It is another outage.
}

TEST_CASE("a breaker that never opened has no time of closing", "[acme][issuers]") {
    Watched ca;
    ca.note(kNoAnswer);
    CHECK_FALSE(ca.breaker.closed_for(ca.clock.monotonic()));
    CHECK_FALSE(ca.breaker.since());
}

}  // namespace
}  // namespace hairpin::acme
