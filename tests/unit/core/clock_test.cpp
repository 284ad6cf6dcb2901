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

TEST_CASE("RFC 3339 times are read with fractions and offsets", "[core][rfc3339]") {
    const WallTime at = from_unix_milliseconds(1'795'253'400'000);
    for (const char* text :
         {"2026-11-21T09:30:00Z", "2026-11-21t09:30:00z", "2026-11-21 09:30:00Z",
          "2026-11-21T09:30:00.123456789Z", "2026-11-21T11:30:00+02:00",
          "2026-11-21T04:00:00-05:30", "2026-11-20T10:30:00.5-23:00", "2026-11-21T09:29:60Z"}) {
        INFO(text);
        CHECK(from_rfc3339(text) == at);
    }
    for (const char* text : {"2028-02-29T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
                             "0026-01-21T07:30:00Z", "1969-12-31T23:59:59Z"}) {
        INFO(text);
        CHECK(to_rfc3339(from_rfc3339(text).value()) == text);
    }
}

TEST_CASE("What is no RFC 3339 time, or one of no year that has a word, is not read",
          "[core][rfc3339][hostile]") {
    const std::string_view whole = "2026-11-21T09:30:00+02:00";
    for (std::size_t size = 0; size < whole.size(); ++size)
        CHECK_FALSE(from_rfc3339(whole.substr(0, size)));
    for (const char* text : {"2026-11-21",
                             "2026-11-21_09:30:00Z",
                             "2026-02-29T09:30:00Z",
                             "2026-13-01T00:00:00Z",
                             "2026-00-01T00:00:00Z",
                             "2026-01-00T00:00:00Z",
                             "2026-11-21T24:00:00Z",
                             "2026-11-21T09:60:00Z",
                             "2026-11-21T09:30:61Z",
                             "2026-11-21T09:30Z",
                             "2026-11-21T09:30:00",
                             "2026-11-21T09:30:00.Z",
                             "2026-11-21T09:30:00+2:00",
                             "2026-11-21T09:30:00+24:00",
                             "2026-11-21T09:30:00+00:60",
                             "2026-11-21T09:30:00+0000",
                             "2026-11-21T09:30:00Zx",
                             "2026-11-21T09:30:00+02:00x",
                             "+026-11-21T09:30:00Z",
                             "12026-11-21T09:30:00Z",
                             "2026-11-2\xC2T09:30:00Z",
                             "0000-01-01T00:00:00+00:01",
                             "9999-12-31T23:59:59-00:01",
                             "9999-12-31T23:59:60Z"}) {
        INFO(text);
        CHECK_FALSE(from_rfc3339(text));
    }
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
