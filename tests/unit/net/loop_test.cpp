#include "net/loop.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <memory>
#include <thread>
#include <vector>

#include "core/fd.hpp"

namespace hairpin::net {
namespace {

struct SocketPair {
    Fd ours;
    Fd theirs;
};

SocketPair make_pair() {
    std::array<int, 2> fds{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
    return {Fd(fds[0]), Fd(fds[1])};
}

void put_octet(const Fd& fd) {
    REQUIRE(::write(fd.get(), "x", 1) == 1);
}

char take_octet(const Fd& fd) {
    char octet = 0;
    static_cast<void>(::read(fd.get(), &octet, 1));
    return octet;
}

TEST_CASE("posted work runs in order, on the loop's thread, never inside post", "[net][loop]") {
    Loop loop;
    std::vector<int> order;
    CHECK_FALSE(loop.is_current());

    loop.post([&] {
        CHECK(loop.is_current());
        order.push_back(1);
        loop.post([&] { order.push_back(4); });
        order.push_back(2);
    });
    loop.post([&] { order.push_back(3); });
    CHECK(order.empty());
    loop.post([&] { loop.post([&] { loop.stop(); }); });
    loop.run();

    CHECK(order == std::vector{1, 2, 3, 4});
    CHECK_FALSE(loop.is_current());
}

TEST_CASE("work posted before stop still runs, and a stop before run is kept", "[net][loop]") {
    Loop loop;
    bool ran = false;
    loop.post([&] { ran = true; });
    loop.stop();

    loop.run();

    CHECK(ran);
}

TEST_CASE("a loop can run again after it was stopped", "[net][loop]") {
    Loop loop;
    int runs = 0;
    for (int turn = 0; turn < 3; ++turn) {
        loop.post([&] { ++runs; });
        loop.stop();
        loop.run();
    }
    CHECK(runs == 3);
}

TEST_CASE("post wakes a loop from many threads and loses nothing", "[net][loop]") {
    Loop loop;
    constexpr int kThreads = 4;
    constexpr int kEach = 2000;
    int received = 0;
    std::vector<std::thread> senders;
    for (int sender = 0; sender < kThreads; ++sender) {
        senders.emplace_back([&] {
            for (int letter = 0; letter < kEach; ++letter) {
                loop.post([&] {
                    if (++received == kThreads * kEach) loop.stop();
                });
            }
        });
    }
    loop.run();
    for (auto& sender : senders)
        sender.join();
    CHECK(received == kThreads * kEach);
}

TEST_CASE("a poll reports what it is interested in, and nothing while paused", "[net][loop]") {
    Loop loop;
    const auto pair = make_pair();
    int calls = 0;
    Poll poll = loop.add_poll(pair.ours.get(), Interest::None, [&](PollEvents events) {
        ++calls;
        CHECK(events.readable);
        CHECK_FALSE(events.writable);
        CHECK_FALSE(events.failed);
        CHECK(take_octet(pair.ours) == 'x');
        loop.stop();
    });
    put_octet(pair.theirs);
    Timer patience = loop.add_timer(Milliseconds(30), Milliseconds(0), [&] {
        CHECK(calls == 0);
        poll.set(Interest::Read);
    });
    loop.run();
    CHECK(calls == 1);
}

TEST_CASE("a poll may be destroyed inside its own callback, and its descriptor closed",
          "[net][loop]") {
    Loop loop;
    auto pair = make_pair();
    auto other = make_pair();
    const auto captured = std::make_shared<int>(7);
    auto poll = std::make_unique<Poll>();
    int calls = 0;
    *poll = loop.add_poll(pair.ours.get(), Interest::ReadWrite, [&, captured](PollEvents) {
        ++calls;
        poll.reset();
        pair.ours.reset();
        CHECK(*captured == 7);  // The captures are still alive here.
        loop.post([&] { loop.stop(); });
    });
    put_octet(pair.theirs);
    loop.run();
    CHECK(calls == 1);
    CHECK(captured.use_count() == 1);
}

TEST_CASE("one callback may destroy the poll whose turn would come next", "[net][loop]") {
    Loop loop;
    const auto a = make_pair();
    const auto b = make_pair();
    Poll poll_a;
    Poll poll_b;
    int calls = 0;
    const auto first_wins = [&](Poll& loser) {
        return [&](PollEvents) {
            ++calls;
            loser.reset();
            take_octet(a.ours);
            take_octet(b.ours);
            loop.post([&] { loop.stop(); });
        };
    };
    poll_a = loop.add_poll(a.ours.get(), Interest::Read, first_wins(poll_b));
    poll_b = loop.add_poll(b.ours.get(), Interest::Read, first_wins(poll_a));
    put_octet(a.theirs);
    put_octet(b.theirs);
    loop.run();
    CHECK(calls == 1);
}

TEST_CASE("a poll can be moved and keeps reporting", "[net][loop]") {
    Loop loop;
    const auto pair = make_pair();
    std::vector<Poll> polls;
    polls.push_back(
        loop.add_poll(pair.ours.get(), Interest::Read, [&](PollEvents) { loop.stop(); }));
    Poll moved = std::move(polls.front());
    polls.clear();
    put_octet(pair.theirs);
    loop.run();
    CHECK(moved);
}

TEST_CASE("an error on a descriptor is reported instead of ending the watch", "[net][loop]") {
    Loop loop;
    // Nobody listens there: an unconnected port answers with ECONNREFUSED, which Linux reports as
    // EPOLLERR.
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    Fd taken(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    REQUIRE(::bind(taken.get(), generic, size) == 0);
    REQUIRE(::getsockname(taken.get(), generic, &size) == 0);
    REQUIRE(::connect(socket.get(), generic, size) == 0);
    taken.reset();
    int failures = 0;
    Poll poll = loop.add_poll(socket.get(), Interest::Read, [&](PollEvents events) {
        CHECK(events.failed);
        CHECK(events.readable);
        char octet = 0;
        CHECK(::recv(socket.get(), &octet, 1, 0) == -1);
        CHECK(errno == ECONNREFUSED);
        if (++failures == 2) return loop.stop();
        CHECK(::send(socket.get(), "x", 1, 0) == 1);  // Still watched: it fails once more.
    });
    REQUIRE(::send(socket.get(), "x", 1, 0) == 1);
    loop.run();
    CHECK(failures == 2);
}

TEST_CASE("a timer fires once or again and again, and may destroy itself", "[net][loop]") {
    Loop loop;
    int once = 0;
    int repeated = 0;
    Timer single = loop.add_timer(Milliseconds(1), Milliseconds(0), [&] { ++once; });
    Timer repeating;
    repeating = loop.add_timer(Milliseconds(1), Milliseconds(1), [&] {
        if (++repeated < 3) return;
        repeating.reset();
        loop.stop();
    });
    loop.run();
    CHECK(once == 1);
    CHECK(repeated == 3);
    CHECK_FALSE(repeating);
}

TEST_CASE("again() moves a timer and pause() keeps it silent", "[net][loop]") {
    Loop loop;
    bool silent = true;
    Timer paused = loop.add_timer(Milliseconds(5), Milliseconds(0), [&] { silent = false; });
    paused.pause();
    const auto start = loop.now();
    Timer moved = loop.add_timer(Milliseconds(60'000), Milliseconds(0), [&] { loop.stop(); });
    moved.again(Milliseconds(20));
    loop.run();
    CHECK(silent);
    CHECK(loop.now() - start >= Milliseconds(20));
    CHECK(loop.now() - start < Milliseconds(30'000));
}

TEST_CASE("a signal calls back on the loop", "[net][loop]") {
    Loop loop;
    int received = 0;
    Signal signal = loop.add_signal(SIGUSR1, [&] {
        ++received;
        loop.stop();
    });
    REQUIRE(signal);
    loop.post([] { ::raise(SIGUSR1); });
    loop.run();
    CHECK(received == 1);
    CHECK_FALSE(loop.add_signal(SIGKILL, [] {}));
}

TEST_CASE("the idle hooks alternate, and no callback runs between them", "[net][loop]") {
    Loop loop;
    bool online = true;
    int before = 0;
    int after = 0;
    loop.set_idle_hooks(
        [&] {
            CHECK(online);
            online = false;
            ++before;
        },
        [&] {
            CHECK_FALSE(online);
            online = true;
            ++after;
        });
    const auto pair = make_pair();
    int turns = 0;
    Poll poll = loop.add_poll(pair.ours.get(), Interest::Read, [&](PollEvents) {
        CHECK(online);
        take_octet(pair.ours);
    });
    Timer timer = loop.add_timer(Milliseconds(1), Milliseconds(1), [&] {
        CHECK(online);
        put_octet(pair.theirs);
        loop.post([&] { CHECK(online); });
        if (++turns == 5) loop.stop();
    });
    loop.run();
    CHECK(online);
    CHECK(before == after);
    CHECK(before >= 5);
}

TEST_CASE("what outlives its loop becomes empty and harmless", "[net][loop]") {
    const auto pair = make_pair();
    auto loop = std::make_unique<Loop>();
    Poll poll = loop->add_poll(pair.ours.get(), Interest::Read, [](PollEvents) {});
    Timer timer = loop->add_timer(Milliseconds(1), Milliseconds(0), [] {});
    const auto dropped = std::make_shared<int>();
    loop->post([dropped] { FAIL("the loop never ran"); });

    loop.reset();

    CHECK_FALSE(poll);
    CHECK_FALSE(timer);
    poll.set(Interest::Write);
    timer.again(Milliseconds(1));
    CHECK(dropped.use_count() == 1);
}

}  // namespace
}  // namespace hairpin::net
