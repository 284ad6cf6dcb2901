#include "core/clock.hpp"

#include <catch2/catch.hpp>

namespace hairpin {
namespace {

TEST_CASE("Times are written as RFC 3339 in UTC", "[core]") {
    CHECK(to_rfc3339(from_unix_milliseconds(0)) == "1970-01-01T00:00:00Z");
    CHECK(to_rfc3339(from_unix_milliseconds(1'795'167'000'999)) == "2026-11-20T09:30:00Z");
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
