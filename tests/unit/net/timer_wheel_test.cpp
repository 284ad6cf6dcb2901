#include "net/timer_wheel.hpp"

#include <catch2/catch.hpp>
#include <list>
#include <memory>
#include <random>
#include <vector>

namespace hairpin::net {
namespace {

constexpr MonotonicTime at(std::int64_t milliseconds) {
    return MonotonicTime(Milliseconds(milliseconds));
}

struct Peer : WheelNode {
    explicit Peer(int number_) : number(number_) {}
    int number;
};

std::vector<int> expired(TimerWheel& wheel, MonotonicTime now) {
    std::vector<int> numbers;
    wheel.advance(now,
                  [&](WheelNode& node) { numbers.push_back(static_cast<Peer&>(node).number); });
    return numbers;
}

TEST_CASE("a deadline fires when it has passed, not before, and only once", "[net][wheel]") {
    TimerWheel wheel(at(10'000));
    Peer peer(1);
    wheel.arm(peer, at(12'345));

    CHECK(expired(wheel, at(12'344)).empty());
    CHECK(peer.is_armed());
    CHECK(expired(wheel, at(12'345)) == std::vector{1});
    CHECK_FALSE(peer.is_armed());
    CHECK(expired(wheel, at(99'999)).empty());
}

TEST_CASE("deadlines further than one round wait for theirs", "[net][wheel]") {
    TimerWheel wheel(at(0));
    const auto round = TimerWheel::kTick.count() * static_cast<std::int64_t>(TimerWheel::kSlots);
    Peer near(1);
    Peer far(2);
    wheel.arm(near, at(500));
    wheel.arm(far, at(500 + 3 * round));

    CHECK(expired(wheel, at(600)) == std::vector{1});
    CHECK(expired(wheel, at(600 + round)).empty());
    CHECK(expired(wheel, at(499 + 3 * round)).empty());
    CHECK(expired(wheel, at(500 + 3 * round)) == std::vector{2});
}

TEST_CASE("a deadline in the past fires at the next advance", "[net][wheel]") {
    TimerWheel wheel(at(50'000));
    Peer peer(1);
    wheel.arm(peer, at(10));
    CHECK(expired(wheel, at(50'000)) == std::vector{1});
}

TEST_CASE("arming again moves a deadline and cancelling removes it", "[net][wheel]") {
    TimerWheel wheel(at(0));
    Peer moved(1);
    Peer cancelled(2);
    wheel.arm(moved, at(1'000));
    wheel.arm(cancelled, at(1'000));
    wheel.arm(moved, at(2'000));
    wheel.cancel(cancelled);

    CHECK(expired(wheel, at(1'500)).empty());
    CHECK(moved.deadline() == at(2'000));
    CHECK(expired(wheel, at(2'000)) == std::vector{1});
}

TEST_CASE("a callback may destroy its node, destroy others and arm anew", "[net][wheel]") {
    TimerWheel wheel(at(0));
    std::vector<std::unique_ptr<Peer>> peers;
    for (int number = 0; number < 3; ++number) {
        peers.push_back(std::make_unique<Peer>(number));
        wheel.arm(*peers.back(), at(100));
    }
    int fired = 0;
    wheel.advance(at(200), [&](WheelNode& node) {
        ++fired;
        const int self = static_cast<Peer&>(node).number;
        peers[static_cast<std::size_t>((self + 1) % 3)]
            .reset();  // The next would have been due, too.
        if (self == 0) wheel.arm(node, at(300));
    });
    CHECK(fired ==
          2);  // 0, which destroyed 1; then 2, which destroyed 0 although it was armed again.
    CHECK(expired(wheel, at(1'000)).empty());
}

TEST_CASE("thousands of deadlines fire in their tick however irregular the advances",
          "[net][wheel]") {
    std::mt19937 random(7);
    std::uniform_int_distribution<std::int64_t> deadline(0, 400'000);
    std::uniform_int_distribution<std::int64_t> step(1, 3'000);
    TimerWheel wheel(at(0));
    std::list<Peer> peers;
    for (int number = 0; number < 5'000; ++number) {
        wheel.arm(peers.emplace_back(number), at(deadline(random)));
    }
    std::size_t fired = 0;
    std::int64_t previous = -1;
    for (std::int64_t now = 0; now < 410'000; now += step(random)) {
        wheel.advance(at(now), [&](WheelNode& node) {
            ++fired;
            const auto due = node.deadline().time_since_epoch().count();
            REQUIRE(due <= now);
            REQUIRE(due > previous);
        });
        previous = now;
    }
    CHECK(fired == peers.size());
}

TEST_CASE("a long sleep costs one round, not one step per missed tick", "[net][wheel]") {
    TimerWheel wheel(at(0));
    Peer peer(1);
    wheel.arm(peer, at(70'000));
    CHECK(expired(wheel, at(4'000'000'000'000)) == std::vector{1});
    wheel.arm(peer, at(4'000'000'000'300));
    CHECK(expired(wheel, at(4'000'000'000'600)) == std::vector{1});
}

}  // namespace
}  // namespace hairpin::net
