#include "acme/order_log.hpp"

#include <catch2/catch.hpp>

namespace hairpin::acme {
namespace {

constexpr Seconds kMinute{60};
constexpr Seconds kHour{3600};
const WallTime kStart = from_unix_milliseconds(1'795'000'000'000);
constexpr OrderLimits kFewOrders{5, 20};

TEST_CASE("a server may place five orders within an hour, and the sixth when one is old enough",
          "[acme]") {
    OrderLog log;
    CHECK_FALSE(log.knows(1));
    for (int each = 0; each < 5; ++each) {
        CHECK_FALSE(log.full(1, kStart + kMinute * each, kFewOrders));
        log.note(1, kStart + kMinute * each);
    }
    const auto full = log.full(1, kStart + kMinute * 5, kFewOrders);
    REQUIRE(full);
    CHECK(full->placed == 5);
    CHECK(full->span == "an hour");
    CHECK(full->until == kStart + kHour);
    CHECK_FALSE(log.full(1, full->until, kFewOrders));
    CHECK_FALSE(log.full(2, kStart, kFewOrders));  // Another server is not held back.
}

TEST_CASE("a server may place twenty orders within a day", "[acme]") {
    OrderLog log;
    for (int each = 0; each < 20; ++each)
        log.note(1, kStart + kHour / 2 * each);
    const auto full = log.full(1, kStart + kHour * 12, kFewOrders);
    REQUIRE(full);
    CHECK(full->span == "a day");
    CHECK(full->until == kStart + kHour * 24);
    CHECK_FALSE(log.full(1, full->until, kFewOrders));
}

TEST_CASE("what a last run did counts, and old orders are forgotten", "[acme]") {
    OrderLog log;
    log.begin_with(1, {kStart, kStart - kMinute, kStart - kHour * 30});
    CHECK(log.full(1, kStart, {2, 20})->until == kStart - kMinute + kHour);
    CHECK_FALSE(log.full(1, kStart, {3, 20}));
    log.note(2, kStart + kHour * 25);
    CHECK_FALSE(log.knows(1));
    CHECK(log.knows(2));
}

}  // namespace
}  // namespace hairpin::acme
