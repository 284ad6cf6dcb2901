#include "hooks/retry.hpp"

#include <catch2/catch.hpp>
#include <set>

namespace hairpin::hooks {
namespace {

TEST_CASE("Pauses grow from seconds to hours and are spread to both sides", "[hooks]") {
    constexpr std::uint32_t kMiddle = 20;  // Of 0..40: neither sooner nor later.
    CHECK(pause_after(1, kMiddle) == Milliseconds(5'000));
    CHECK(pause_after(2, kMiddle) == Milliseconds(20'000));
    CHECK(pause_after(3, kMiddle) == Milliseconds(80'000));
    CHECK(pause_after(9, kMiddle) == kLongestPause);
    CHECK(pause_after(1'000'000, kMiddle) == kLongestPause);
    CHECK(pause_after(1, 0) == Milliseconds(4'000));
    CHECK(pause_after(1, 40) == Milliseconds(6'000));
    std::set<Milliseconds> spread;
    for (std::uint32_t random = 0; random < 1'000; ++random)
        spread.insert(pause_after(1, random * 7'919));
    CHECK(spread.size() == 41);
    CHECK(*spread.begin() == Milliseconds(4'000));
    CHECK(*spread.rbegin() == Milliseconds(6'000));
}

TEST_CASE("Some twenty attempts fit into the days before a hook is given up", "[hooks]") {
    Milliseconds passed{0};
    int attempts = 0;
    while (passed < kGiveUpAfter)
        passed += pause_after(++attempts, 20);
    CHECK(attempts >= 15);
    CHECK(attempts <= 25);
}

}  // namespace
}  // namespace hairpin::hooks
