#include "acme/limits.hpp"

#include <catch2/catch.hpp>

namespace hairpin::acme {
namespace {

constexpr Milliseconds kOneHour{3600 * 1000};
constexpr Milliseconds kOneDay = kOneHour * 24;
const WallTime kBegin = from_unix_milliseconds(1'795'000'000'000);

TEST_CASE("a bucket holds the share of its limit, and refills at the share of its pace", "[acme]") {
    struct Case {
        Allowance allowance;
        std::int64_t burst;
        Milliseconds interval;
    };
    const auto each = GENERATE(values<Case>({
        {{50, kOneDay * 7, 100}, 50, Milliseconds(12'096'000)},  // Let's Encrypt: 202 minutes.
        {{50, kOneDay * 7, 90}, 45, Milliseconds(13'440'000)},
        {{50, kOneDay * 7, 45}, 23, Milliseconds(26'880'000)},
        {{300, kOneHour * 3, 90}, 270, Milliseconds(40'000)},
        {{5, kOneHour, 40}, 2, Milliseconds(1'800'000)},  // Two failures an hour.
        {{2, kOneHour, 90}, 2, Milliseconds(2'000'000)},
        {{1, kOneHour, 1}, 1, kOneHour * 100},
        {{1'152, kOneDay * 1'152, 100}, 1'152, kOneDay},
        {{kMaxAllowed, kMinPeriod, 100}, kMaxAllowed, Milliseconds(1)},
    }));
    INFO(text_of(each.allowance) << " at " << each.allowance.share);
    CHECK(is_usable(each.allowance));
    CHECK(rate_of(each.allowance) == Rate{each.burst, each.interval});
}

TEST_CASE("a limit that makes no sense is told from one that does", "[acme][hostile]") {
    CHECK_FALSE(is_usable({0, kOneHour, 90}));
    CHECK_FALSE(is_usable({-1, kOneHour, 90}));
    CHECK_FALSE(is_usable({kMaxAllowed + 1, kOneHour, 90}));
    CHECK_FALSE(is_usable({1, Milliseconds(999), 90}));
    CHECK_FALSE(is_usable({1, kMaxPeriod + Milliseconds(1), 90}));
    CHECK_FALSE(is_usable({1, kOneHour, 0}));
    CHECK_FALSE(is_usable({1, kOneHour, 101}));
    CHECK(is_usable({kMaxAllowed, kMaxPeriod, 1}));  // And no sum of it overflows:
    CHECK(rate_of({kMaxAllowed, kMaxPeriod, 1}).interval > Milliseconds(0));
}

TEST_CASE("a bucket gives its burst at once and then one per interval", "[acme]") {
    const Rate rate{3, Milliseconds(1'000)};
    WallTime arrival{};
    CHECK(tokens_left(arrival, rate, kBegin) == 3);
    for (int left = 2; left >= 0; --left) {
        CHECK(open_at(arrival, rate, kBegin) == kBegin);
        arrival = taken(arrival, rate, kBegin);
        CHECK(tokens_left(arrival, rate, kBegin) == left);
    }
    CHECK(open_at(arrival, rate, kBegin) == kBegin + Milliseconds(1'000));
    CHECK(tokens_left(arrival, rate, kBegin + Milliseconds(999)) == 0);
    CHECK(tokens_left(arrival, rate, kBegin + Milliseconds(1'000)) == 1);
    CHECK(tokens_left(arrival, rate, kBegin + kOneDay) == 3);  // And no more than the burst.
    // What is to be left for others.
    CHECK(open_at(arrival, rate, kBegin, 1) == kBegin + Milliseconds(2'000));
    CHECK(open_at(arrival, rate, kBegin, 99) == kBegin + Milliseconds(3'000));
    CHECK(given_back(arrival, rate) == arrival - Milliseconds(1'000));
}

TEST_CASE("a bucket that the CA closed opens when it said, for one at a time", "[acme]") {
    const Rate rate{45, kOneHour};
    WallTime arrival = closed_until(WallTime(), rate, kBegin + kOneDay);
    CHECK(open_at(arrival, rate, kBegin) == kBegin + kOneDay);
    arrival = taken(arrival, rate, kBegin + kOneDay);
    CHECK(open_at(arrival, rate, kBegin + kOneDay) == kBegin + kOneDay + kOneHour);
    // An earlier date of the CA opens nothing that we closed ourselves.
    CHECK(closed_until(arrival, rate, kBegin) == arrival);
}

TEST_CASE("where a limit is raised, what was empty is empty still and fills at the new pace",
          "[acme]") {
    const Rate old = rate_of({2, kOneHour, 90});
    const Rate next = rate_of({20, kOneHour, 90});
    WallTime arrival{};
    for (int each = 0; each < 2; ++each)
        arrival = taken(arrival, old, kBegin);
    CHECK(open_at(arrival, old, kBegin) > kBegin);
    const WallTime raised = rescaled(arrival, old, next, kBegin);
    CHECK(tokens_left(raised, next, kBegin) == 0);
    CHECK(open_at(raised, next, kBegin) == kBegin + next.interval);
    // Half of the old bucket's time is half of the new bucket's.
    const WallTime half = rescaled(taken(WallTime(), old, kBegin), old, next, kBegin);
    CHECK(tokens_left(half, next, kBegin) == 8);
    CHECK(tokens_left(rescaled(raised, next, old, kBegin), old, kBegin) == 0);
    CHECK(rescaled(kBegin - kOneHour, old, next, kBegin) == kBegin - kOneHour);
    // The slowest against the fastest: no product overflows.
    const Rate slow = rate_of({1, kMaxPeriod, 1});
    const Rate fast = rate_of({kMaxAllowed, kMinPeriod, 100});
    CHECK(rescaled(kBegin + kMaxPeriod * 50, slow, fast, kBegin) ==
          kBegin + fast.interval * fast.burst);
    CHECK(rescaled(kBegin + Seconds(10'000), fast, slow, kBegin) == kBegin + slow.interval);
}

TEST_CASE("the presets are the CAs' published limits, and a CA nobody knows is held to half",
          "[acme]") {
    const Preset& production = preset_of("https://acme-v02.api.letsencrypt.org/directory");
    CHECK(production.name == "Let's Encrypt");
    CHECK(production.allowances[1] == Allowance{50, kOneDay * 7, 90});
    CHECK(preset_of("https://acme-staging-v02.api.letsencrypt.org/directory").name ==
          "Let's Encrypt staging");
    CHECK(preset_of("https://dv.acme-v02.api.pki.goog/directory").name == "Google Trust Services");
    CHECK_FALSE(preset_of("https://acme.zerossl.com/v2/DV90").allowances[1]);
    for (const char* other : {"https://127.0.0.1:14000/dir", "https://acme.example.net/", "", "x",
                              "https://acme-v02.api.letsencrypt.org.evil.example/directory"})
        CHECK(preset_of(other).name == "unknown");
    for (const auto& allowance : preset_of("").allowances) {
        REQUIRE(allowance);
        CHECK(is_usable(*allowance));
    }
}

TEST_CASE("limits and periods have words, and words their limits", "[acme]") {
    for (const Limit limit : kAllLimits)
        CHECK(limit_from_text(to_string(limit)) == limit);
    CHECK_FALSE(limit_from_text("orders"));
    CHECK(text_of(Allowance{50, kOneDay * 7, 90}) == "50 in 7 days");
    CHECK(text_of(kOneHour) == "1 hour");
    CHECK(text_of(kOneHour * 36) == "36 hours");
    CHECK(text_of(kOneHour * 3 / 2) == "90 minutes");
    CHECK(text_of(Milliseconds(1'001)) == "2 seconds");
}

}  // namespace
}  // namespace hairpin::acme
