#include "admin/front_nonces.hpp"

#include <catch2/catch.hpp>

#include "core/clock.hpp"

namespace hairpin::admin {
namespace {

TEST_CASE("A nonce is good once, and only from the one that made it", "[admin][front][rfc8555]") {
    ManualClock clock;
    FrontNonces nonces;
    const std::string nonce = nonces.issue(clock.monotonic());
    CHECK(nonce.size() == 43);
    CHECK(nonce != nonces.issue(clock.monotonic()));
    CHECK(nonces.spend(nonce, clock.monotonic()));
    CHECK_FALSE(nonces.spend(nonce, clock.monotonic()));
    FrontNonces other;
    CHECK_FALSE(other.spend(nonces.issue(clock.monotonic()), clock.monotonic()));
    std::string changed = nonces.issue(clock.monotonic());
    changed[12] = changed[12] == 'A' ? 'B' : 'A';
    for (const std::string& each : {changed, std::string(), std::string("AAAA"), nonce + "A",
                                    std::string(43, '='), std::string(100'000, 'A')})
        CHECK_FALSE(nonces.spend(each, clock.monotonic()));
}

TEST_CASE("A nonce has an end", "[admin][front]") {
    ManualClock clock;
    FrontNonces nonces({Milliseconds(1'000), 100});
    const std::string late = nonces.issue(clock.monotonic());
    const std::string spent = nonces.issue(clock.monotonic());
    CHECK(nonces.spend(spent, clock.monotonic()));
    clock.advance(Milliseconds(1'000));
    CHECK(nonces.spend(nonces.issue(clock.monotonic()), clock.monotonic()));
    clock.advance(Milliseconds(1));
    CHECK_FALSE(nonces.spend(late, clock.monotonic()));
    // Forgotten as spent, and too old all the same.
    CHECK_FALSE(nonces.spend(spent, clock.monotonic()));
}

TEST_CASE("However many are spent, none is taken twice", "[admin][front][hostile]") {
    ManualClock clock;
    FrontNonces nonces({Milliseconds(3'600'000), 10});
    std::vector<std::string> all;
    for (int each = 0; each < 100; ++each) {
        all.push_back(nonces.issue(clock.monotonic()));
        clock.advance(Milliseconds(1));
    }
    const std::string fresh = nonces.issue(clock.monotonic());
    int taken = 0;
    for (const std::string& each : all)
        taken += nonces.spend(each, clock.monotonic()) ? 1 : 0;
    CHECK(taken == 100);
    for (const std::string& each : all)
        CHECK_FALSE(nonces.spend(each, clock.monotonic()));
    CHECK(nonces.spend(fresh, clock.monotonic()));

    // Of one instant, more than are remembered: what is forgotten is refused.
    std::vector<std::string> burst;
    for (int each = 0; each < 30; ++each)
        burst.push_back(nonces.issue(clock.monotonic()));
    int of_burst = 0;
    for (int round = 0; round < 3; ++round)
        for (const std::string& each : burst)
            of_burst += nonces.spend(each, clock.monotonic()) ? 1 : 0;
    CHECK(of_burst <= 30);
    CHECK(of_burst >= 10);
    clock.advance(Milliseconds(1));
    CHECK(nonces.spend(nonces.issue(clock.monotonic()), clock.monotonic()));
}

}  // namespace
}  // namespace hairpin::admin
