#include "checkin/network_limiter.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "core/clock.hpp"

namespace hairpin::checkin {
namespace {

const SipKey kSipKey{1, 2, 3};

int admitted(NetworkLimiter& limiter, const std::string& source, int count, MonotonicTime now,
             Admission wanted = Admission::Full) {
    int all = 0;
    for (int each = 0; each < count; ++each)
        all += limiter.admit(*IpAddress::parse(source), now) == wanted ? 1 : 0;
    return all;
}

TEST_CASE("A network has a second's worth at once, then its rate", "[checkin]") {
    ManualClock clock;
    NetworkLimiter limiter(100, kSipKey);
    CHECK(admitted(limiter, "192.0.2.1", 500, clock.monotonic()) == 100);
    clock.advance(Milliseconds(500));
    CHECK(admitted(limiter, "192.0.2.1", 500, clock.monotonic()) == 50);
    clock.advance(Seconds(3600));
    CHECK(admitted(limiter, "192.0.2.1", 500, clock.monotonic()) == 100);
}

TEST_CASE("A network is an IPv4 /24 or an IPv6 /56", "[checkin]") {
    struct Case {
        const char* first;
        const char* second;
        bool is_one;
    };
    const auto each = GENERATE(values<Case>({
        {"192.0.2.1", "192.0.2.254", true},
        {"192.0.2.1", "192.0.3.1", false},
        {"2001:db8::1", "2001:db8:0:ff:1::", true},
        {"2001:db8::1", "2001:db8:0:100::1", false},
        {"192.0.2.1", "2001:db8::1", false},
    }));
    INFO(each.first << " and " << each.second);
    const ManualClock clock;
    NetworkLimiter limiter(10, kSipKey);
    CHECK(admitted(limiter, each.first, 10, clock.monotonic()) == 10);
    CHECK(admitted(limiter, each.second, 1, clock.monotonic()) == (each.is_one ? 0 : 1));
}

TEST_CASE("A flood from many networks holds nobody else back", "[checkin][hostile]") {
    const ManualClock clock;
    NetworkLimiter limiter(5, kSipKey);
    for (int network = 0; network < 200'000; ++network) {
        const std::string source =
            "10." + std::to_string(network >> 8 & 255) + "." + std::to_string(network & 255) + ".1";
        static_cast<void>(admitted(limiter, source, 8, clock.monotonic()));
    }
    CHECK(admitted(limiter, "192.0.2.1", 5, clock.monotonic()) == 5);
}

TEST_CASE("What is over the limits of networks shares a spare account", "[checkin][hostile]") {
    ManualClock clock;
    NetworkLimiter limiter(100, kSipKey);
    CHECK(admitted(limiter, "192.0.2.1", 100, clock.monotonic()) == 100);
    const int spare = static_cast<int>(NetworkLimiter::kSpare);
    CHECK(admitted(limiter, "192.0.2.1", spare, clock.monotonic(), Admission::Spare) == spare);
    CHECK(admitted(limiter, "192.0.2.1", 5, clock.monotonic(), Admission::None) == 5);
    // Another network has its own account, and no more of the spare one.
    CHECK(admitted(limiter, "198.51.100.1", 100, clock.monotonic()) == 100);
    CHECK(admitted(limiter, "198.51.100.1", 5, clock.monotonic(), Admission::None) == 5);
    clock.advance(Milliseconds(100));
    CHECK(admitted(limiter, "198.51.100.1", 10, clock.monotonic()) == 10);
    CHECK(admitted(limiter, "198.51.100.1", 5, clock.monotonic(), Admission::Spare) == 5);
}

TEST_CASE("Without a limit everybody is looked at", "[checkin]") {
    const ManualClock clock;
    NetworkLimiter limiter(0, kSipKey);
    CHECK(admitted(limiter, "192.0.2.1", 10'000, clock.monotonic()) == 10'000);
}

}  // namespace
}  // namespace hairpin::checkin
