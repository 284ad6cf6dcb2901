#include "net/udp_batch.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "net/socket.hpp"

namespace hairpin::net {
namespace {

/// Two sockets on loopback that know each other.
struct DatagramPair {
    Fd ours = bind_udp(*Endpoint::parse("127.0.0.1:0")).value();
    Fd theirs = bind_udp(*Endpoint::parse("127.0.0.1:0")).value();

    void send(const Octets& octets) const {
        sockaddr_storage address{};
        const socklen_t size = local_endpoint(ours).value().to_sockaddr(address);
        REQUIRE(::sendto(theirs.get(), octets.data(), octets.size(), 0,
                         reinterpret_cast<const sockaddr*>(&address),
                         size) == static_cast<ssize_t>(octets.size()));
    }
};

TEST_CASE("What is longer than a batch's buffers is oversized, its neighbours are whole", "[net]") {
    const auto room = GENERATE(std::size_t{1}, std::size_t{32}, std::size_t{64}, std::size_t{512});
    INFO(room << " octets");
    const DatagramPair pair;
    UdpBatch batch(room, room);
    pair.send(Octets(room, 0x11));
    pair.send(Octets(room + 1, 0x22));
    pair.send(Octets(room, 0x33));
    REQUIRE(batch.receive(pair.ours.get()) == 3);
    CHECK(batch.unfit(0) == Unfit::No);
    CHECK(batch.unfit(1) == Unfit::Oversized);
    CHECK(batch.unfit(2) == Unfit::No);
    CHECK(std::ranges::equal(batch.received(0), Octets(room, 0x11)));
    CHECK(std::ranges::equal(batch.received(2), Octets(room, 0x33)));
    CHECK(batch.response_room().size() == room);
}

TEST_CASE("Each answer of a full batch has its own octets", "[net]") {
    const DatagramPair pair;
    UdpBatch batch(2, 1);
    for (std::size_t each = 0; each < UdpBatch::kDatagrams; ++each)
        pair.send({static_cast<std::uint8_t>(each)});
    REQUIRE(batch.receive(pair.ours.get()) == UdpBatch::kDatagrams);
    for (std::size_t each = 0; each < UdpBatch::kDatagrams; ++each) {
        std::ranges::fill(batch.response_room(), batch.received(each)[0]);
        batch.reply(each, 2);
    }
    CHECK(batch.send(pair.ours.get()) == 0);
    UdpBatch answers(1, 2);
    REQUIRE(answers.receive(pair.theirs.get()) == UdpBatch::kDatagrams);
    for (std::size_t each = 0; each < UdpBatch::kDatagrams; ++each)
        CHECK(
            std::ranges::equal(answers.received(each), Octets(2, static_cast<std::uint8_t>(each))));
}

TEST_CASE("Replies that are sifted out leave the others whole, and the buffers to the next batch",
          "[net]") {
    const DatagramPair pair;
    UdpBatch batch(2, 1);
    const auto exchange = [&](const Octets& questions) {
        for (const std::uint8_t each : questions)
            pair.send({each});
        REQUIRE(batch.receive(pair.ours.get()) == questions.size());
        for (std::size_t each = 0; each < questions.size(); ++each) {
            std::ranges::fill(batch.response_room(), questions[each]);
            batch.reply(each, 2);
        }
    };
    const auto sent = [&] {
        CHECK(batch.send(pair.ours.get()) == 0);
        UdpBatch answers(1, 2);
        const std::size_t count = answers.receive(pair.theirs.get());
        std::vector<Octets> all;
        for (std::size_t each = 0; each < count; ++each)
            all.emplace_back(answers.received(each).begin(), answers.received(each).end());
        return all;
    };
    exchange({1, 2, 3, 4, 5});
    batch.sift([&](std::size_t reply) -> std::size_t {
        const std::uint8_t question = batch.reply_at(reply)[0];
        CHECK(question == reply + 1);
        if (question == 1 || question == 4) return 0;
        return question == 3 ? 1 : 2;
    });
    CHECK(batch.replies() == 3);
    CHECK(batch.reply_to(1, 0).size() == 2);
    CHECK(batch.reply_to(3, 2).empty());
    CHECK(sent() == std::vector<Octets>{{2, 2}, {3}, {5, 5}});
    // None of the buffers was lost or is in use twice.
    exchange({6, 7, 8, 9, 10});
    CHECK(sent() == std::vector<Octets>{{6, 6}, {7, 7}, {8, 8}, {9, 9}, {10, 10}});
    exchange({11});
    batch.sift([](std::size_t) { return std::size_t{0}; });
    CHECK(sent().empty());
}

}  // namespace
}  // namespace hairpin::net
