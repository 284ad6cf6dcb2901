#include "core/mailbox.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <thread>

namespace hairpin {
namespace {

TEST_CASE("A mailbox keeps the order, refuses when full and when closed", "[core]") {
    Mailbox<int> box(2);
    CHECK(box.post(1));
    CHECK(box.post(2));
    CHECK_FALSE(box.post(3));
    CHECK(box.take_all() == std::vector<int>{1, 2});
    CHECK(box.post(4));
    box.close();
    CHECK_FALSE(box.post(5));
    CHECK(box.wait_all() == std::vector<int>{4});
    CHECK(box.wait_all().empty());
}

TEST_CASE("A refused letter stays with its sender", "[core]") {
    Mailbox<std::unique_ptr<int>> box(0);
    auto letter = std::make_unique<int>(7);
    CHECK_FALSE(box.post(std::move(letter)));
    REQUIRE(letter != nullptr);
}

TEST_CASE("Only the first letter into an empty box wakes the receiver", "[core]") {
    int wakes = 0;
    Mailbox<int> box(10, [&] { ++wakes; });
    CHECK(box.post(1));
    CHECK(box.post(2));
    CHECK(wakes == 1);
    CHECK(box.take_all().size() == 2);
    CHECK(box.post(3));
    CHECK(wakes == 2);
}

TEST_CASE("Every letter of many senders arrives once", "[core][threads]") {
    constexpr int kSenders = 4;
    constexpr int kLetters = 5000;
    Mailbox<int> box(100);
    std::vector<std::thread> senders;
    for (int sender = 0; sender < kSenders; ++sender)
        senders.emplace_back([&] {
            for (int each = 0; each < kLetters; ++each)
                while (!box.post(1))
                    std::this_thread::yield();
        });
    int received = 0;
    while (received < kSenders * kLetters)
        received += static_cast<int>(box.wait_all().size());
    for (std::thread& sender : senders)
        sender.join();
    CHECK(received == kSenders * kLetters);
    CHECK(box.size() == 0);
}

}  // namespace
}  // namespace hairpin
