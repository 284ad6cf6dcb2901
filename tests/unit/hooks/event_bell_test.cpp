#include "hooks/event_bell.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace hairpin::hooks {
namespace {

TEST_CASE("Who subscribed is woken until it lets go", "[hooks]") {
    auto bell = std::make_unique<EventBell>();
    std::vector<Ring> heard;
    auto first = bell->subscribe([&](Ring ring) { heard.push_back(ring); });
    int others = 0;
    const auto second = bell->subscribe([&](Ring) { ++others; });
    bell->ring(Ring::Events);
    bell->ring(Ring::End);
    CHECK(heard == std::vector{Ring::Events, Ring::End});
    first.reset();
    bell->ring(Ring::Hooks);
    CHECK(heard.size() == 2);
    CHECK(others == 3);
    bell.reset();  // A subscription may outlive it.
}

TEST_CASE("One that is woken may let go and subscribe", "[hooks]") {
    EventBell rings;
    std::shared_ptr<void> again;
    std::shared_ptr<void> self;
    int heard = 0;
    self = rings.subscribe([&](Ring) {
        self.reset();
        again = rings.subscribe([&](Ring) { ++heard; });
    });
    rings.ring(Ring::Events);
    rings.ring(Ring::Events);
    CHECK(heard == 1);
}

}  // namespace
}  // namespace hairpin::hooks
