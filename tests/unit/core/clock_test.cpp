#include "core/clock.hpp"

#include <catch2/catch.hpp>

namespace hairpin {
namespace {

TEST_CASE("Times are written as RFC 3339 in UTC", "[core]") {
    CHECK(to_rfc3339(from_unix_milliseconds(0)) == "1970-01-01T00:00:00Z");
    CHECK(to_rfc3339(from_unix_milliseconds(1'795'167'000'999)) == "2026-11-20T09:30:00Z");
    CHECK(to_rfc3339(from_unix_milliseconds(-61'346'876'400'000)) == "0025-12-29T17:00:00Z");
}

TEST_CASE("A time for which RFC 3339 has no words is written as the nearest it has", "[core]") {
    const WallTime first = from_unix_milliseconds(-62'167'219'200'000);
    const WallTime last = from_unix_milliseconds(253'402'300'799'999);
    CHECK(is_rfc3339_time(first));
    CHECK(is_rfc3339_time(last));
    CHECK(to_rfc3339(first) == "0000-01-01T00:00:00Z");
    CHECK(to_rfc3339(last) == "9999-12-31T23:59:59Z");
    CHECK_FALSE(is_rfc3339_time(first - Milliseconds(1)));
    CHECK_FALSE(is_rfc3339_time(last + Milliseconds(1)));
    CHECK(to_rfc3339(first - Milliseconds(1)) == to_rfc3339(first));
    CHECK(to_rfc3339(last + Milliseconds(1)) == to_rfc3339(last));
}

TEST_CASE("Seconds are rounded down, also before the epoch", "[core]") {
    CHECK(to_unix_seconds(from_unix_milliseconds(1999)) == 1);
    CHECK(to_unix_seconds(from_unix_milliseconds(-1)) == -1);
}

TEST_CASE("A manual clock moves only when told to", "[core]") {
    ManualClock clock(1000);
    const auto before = clock.monotonic();
    CHECK(to_unix_milliseconds(clock.now()) == 1000);
    clock.advance(Milliseconds(500));
    CHECK(to_unix_milliseconds(clock.now()) == 1500);
    CHECK(clock.monotonic() - before == Milliseconds(500));
}

}  // namespace
}  // namespace hairpin
