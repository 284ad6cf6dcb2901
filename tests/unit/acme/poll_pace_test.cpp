#include "acme/poll_pace.hpp"

#include <catch2/catch.hpp>

#include <random>

namespace hairpin::acme {
namespace {

TEST_CASE("the first look is made when a CA is done three times of four", "[acme]") {
    std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same each time.
    const int usual = GENERATE(15, 90, 700);
    std::uniform_int_distribution<int> takes(usual * 2 / 3, usual * 4 / 3);
    PollPace pace(Milliseconds(2'000));
    CHECK(pace.first() == Milliseconds(250));
    int done = 0;
    for (int each = 0; each < 2'200; ++each) {
        const bool was_done = pace.first().count() >= takes(random);
        pace.looked(was_done);
        if (each >= 200 && was_done) ++done;
    }
    CHECK(done > 2'000 * 65 / 100);
    CHECK(done < 2'000 * 9 / 10);
    CHECK(pace.first() < Milliseconds(usual * 2));
}

TEST_CASE("a pace has bounds, however fast or slow the CA is", "[acme]") {
    PollPace pace(Milliseconds(500));
    for (int each = 0; each < 1'000; ++each)
        pace.looked(true);
    CHECK(pace.first() == kShortestPace);
    for (int each = 0; each < 1'000; ++each)
        pace.looked(false);
    CHECK(pace.first() == Milliseconds(500));
    CHECK(PollPace(Milliseconds(1)).first() == kShortestPace);
}

}  // namespace
}  // namespace hairpin::acme
