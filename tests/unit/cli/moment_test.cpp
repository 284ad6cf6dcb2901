#include "cli/moment.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

namespace hairpin::cli {
namespace {

/// The process's time zone, for as long as this lives.
class HereIs {
public:
    explicit HereIs(const char* zone) {
        ::setenv("TZ", zone, 1);
        ::tzset();
    }
    ~HereIs() {
        ::unsetenv("TZ");
        ::tzset();
    }
};

constexpr std::time_t kNow = 1'795'186'800;  // Friday, 2026-11-20T15:00:00Z.

TEST_CASE("Moments are read by the clock here, as people say them", "[cli][past]") {
    const HereIs warsaw("CET-1CEST,M3.5.0,M10.5.0/3");
    struct Case {
        const char* text;
        const char* moment;
    };
    const auto tried = GENERATE(values<Case>({
        {"2026-11-17 14:05", "2026-11-17T13:05:00Z"},
        {"2026-11-17 14:05:30", "2026-11-17T13:05:30Z"},
        {"2026-07-01 14:05", "2026-07-01T12:05:00Z"},  // It was summer.
        {"2026-11-17", "2026-11-16T23:00:00Z"},
        {"14:05", "2026-11-20T13:05:00Z"},
        {"today 14:05", "2026-11-20T13:05:00Z"},
        {"yesterday 14:05", "2026-11-19T13:05:00Z"},
        {"Tuesday 14:05", "2026-11-17T13:05:00Z"},
        {"last Tuesday at 14:05", "2026-11-17T13:05:00Z"},
        {"friday 14:05", "2026-11-20T13:05:00Z"},
        {"friday 23:05", "2026-11-13T22:05:00Z"},  // Today's is still to come.
    }));
    INFO(tried.text);
    CHECK(moment_text(tried.text, kNow) == tried.moment);
}

TEST_CASE("What is no such moment is passed on as it is", "[cli][past][hostile]") {
    const HereIs utc("UTC0");
    for (const char* text :
         {"", "1795186800", "0", "4294967295", "2026-11-17T14:05:00Z", "2026-11-17T14:05:00+01:00",
          "someday", "2026-11-17 25:05", "2026-11-17 14:65", "2026-13-17", "2026-11-32 14:05", "14",
          "tuesday noon", "tuesday 14:05 or so", "-1", "14:05:06:07", "99999999999:05",
          "99999-01-01"}) {
        INFO(text);
        CHECK(moment_text(text, kNow) == text);
    }
}

}  // namespace
}  // namespace hairpin::cli
