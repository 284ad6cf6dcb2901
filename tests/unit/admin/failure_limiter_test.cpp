#include "admin/failure_limiter.hpp"

#include <catch2/catch.hpp>

namespace hairpin::admin {
namespace {

MonotonicTime at(int milliseconds) {
    return MonotonicTime(Milliseconds(milliseconds));
}
IpAddress address(const std::string& text) {
    return *IpAddress::parse(text);
}

TEST_CASE("A source may fail so often, and again after a while", "[admin][limit]") {
    FailureLimiter limiter({2, Milliseconds(1'000), 10});
    CHECK_FALSE(limiter.failed(address("192.0.2.1"), at(0)));
    CHECK_FALSE(limiter.failed(address("192.0.2.1"), at(0)));
    CHECK(limiter.failed(address("192.0.2.1"), at(0)) == Seconds(1));
    CHECK(limiter.failed(address("192.0.2.1"), at(999)) == Seconds(1));
    CHECK_FALSE(limiter.failed(address("192.0.2.1"), at(1'000)));
    CHECK(limiter.failed(address("192.0.2.1"), at(1'000)));
    CHECK_FALSE(limiter.failed(address("192.0.2.2"), at(1'000)));
}

TEST_CASE("An IPv6 source is its /64, and a mapped address its IPv4", "[admin][limit]") {
    FailureLimiter limiter({1, Milliseconds(1'000), 10});
    CHECK_FALSE(limiter.failed(address("2001:db8::1"), at(0)));
    CHECK(limiter.failed(address("2001:db8::ffff:1"), at(0)));
    CHECK_FALSE(limiter.failed(address("2001:db8:0:1::1"), at(0)));
    CHECK_FALSE(limiter.failed(address("192.0.2.1"), at(0)));
    CHECK(limiter.failed(address("::ffff:192.0.2.1"), at(0)));
}

TEST_CASE("The table is bounded and forgets the quietest source", "[admin][limit][hostile]") {
    FailureLimiter limiter({1, Milliseconds(1'000'000), 4});
    CHECK_FALSE(limiter.failed(address("192.0.2.1"), at(0)));
    for (int number = 2; number <= 4; ++number)
        CHECK_FALSE(limiter.failed(address("192.0.2." + std::to_string(number)), at(0)));
    CHECK(limiter.failed(address("192.0.2.1"), at(0)));        // Known, and used just now.
    CHECK_FALSE(limiter.failed(address("192.0.2.5"), at(0)));  // Takes the place of .2.
    CHECK(limiter.sources() == 4);
    CHECK(limiter.failed(address("192.0.2.1"), at(0)));
    CHECK_FALSE(limiter.failed(address("192.0.2.2"), at(0)));  // Forgotten.
    CHECK(limiter.sources() == 4);
}

}  // namespace
}  // namespace hairpin::admin
