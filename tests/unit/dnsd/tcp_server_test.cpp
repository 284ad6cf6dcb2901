#include "dnsd/tcp_server.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/dnsd/running.hpp"

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::message_text;
using hairpin::tests::MessageBuilder;

ServerOptions with(const TcpLimits& limits, unsigned workers = 1) {
    ServerOptions options;
    options.workers = workers;
    options.tcp = limits;
    return options;
}

/// Whether the server ends the connection in time.
bool is_closed(Peer& peer) {
    try {
        const auto end = peer.receive();
        return end && end->empty();
    } catch (const std::runtime_error&) {
        return true;
    }
}

void sleep_for(int milliseconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

Octets pipelined(const std::string& question, std::uint16_t count) {
    Octets all;
    for (std::uint16_t id = 0; id < count; ++id) {
        const Octets one = framed(query(question, id));
        all.insert(all.end(), one.begin(), one.end());
    }
    return all;
}

TEST_CASE("Pipelined queries are all answered, in order", "[dnsd][rfc7766]") {
    Running running;
    Peer peer(running.endpoint(), SOCK_STREAM);
    std::thread sender([&peer] { peer.send(pipelined("big.example.net. TXT", 2'000)); });
    for (std::uint16_t id = 0; id < 2'000; ++id) {
        const auto response = peer.receive_framed();
        REQUIRE((response && response->size() > 2'000));
        REQUIRE(zones::read_u16(response->data()) == id);
    }
    sender.join();
}

TEST_CASE("A stream is cut into messages wherever it was cut into segments", "[dnsd][rfc7766]") {
    Running running;
    const Octets stream = pipelined("nur1.example.net. A", 5);
    for (const std::size_t piece : {1u, 2u, 3u, 37u, 38u, 39u, 100u}) {
        INFO("pieces of " << piece);
        Peer peer(running.endpoint(), SOCK_STREAM);
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            peer.send(OctetView(stream).subspan(at, std::min(piece, stream.size() - at)));
            if (piece < 4 && at < 40) sleep_for(1);
        }
        for (std::uint16_t id = 0; id < 5; ++id) {
            const auto response = peer.receive_framed();
            REQUIRE(response);
            CHECK(zones::read_u16(response->data()) == id);
            CHECK(message_text(*response) == kNur1);
        }
    }
}

TEST_CASE("The largest message is read and answered", "[dnsd][rfc1035]") {
    Running running;
    const Octets largest = largest_query("nur1.example.net. A");
    REQUIRE(largest.size() == 65'535);
    Peer peer(running.endpoint(), SOCK_STREAM);
    for (int each = 0; each < 3; ++each) {
        peer.send(framed(largest));
        CHECK(message_text(peer.receive_framed().value()) == std::string(kNur1) + "opt: 1232\n");
    }
}

TEST_CASE("A client that has ended its side still gets its answers", "[dnsd][rfc7766]") {
    Running running;
    Peer peer(running.endpoint(), SOCK_STREAM);
    peer.send(pipelined("nur1.example.net. A", 3));
    peer.send(Octets{0, 40, 1});  // Half a message more.
    peer.shut_down_sending();
    for (int each = 0; each < 3; ++each)
        CHECK(message_text(peer.receive_framed().value()) == kNur1);
    CHECK(is_closed(peer));
}

TEST_CASE("What has no answer ends the connection, after the answers before it", "[dnsd]") {
    Running running;
    for (const Octets& nonsense :
         {Octets{0, 0}, Octets{0, 3, 1, 2, 3}, framed(MessageBuilder(1, 0x8000).octets())}) {
        Peer peer(running.endpoint(), SOCK_STREAM);
        Octets all = framed(query("nur1.example.net. A"));
        all.insert(all.end(), nonsense.begin(), nonsense.end());
        peer.send(all);
        CHECK(message_text(peer.receive_framed().value()) == kNur1);
        CHECK(is_closed(peer));
    }
}

TEST_CASE("An idle connection is closed, one that asks is not", "[dnsd][rfc7766]") {
    TcpLimits limits;
    limits.idle = Milliseconds(2'000);
    Running running(with(limits));
    Peer silent(running.endpoint(), SOCK_STREAM);
    Peer busy(running.endpoint(), SOCK_STREAM);
    for (int each = 0; each < 10; ++each) {
        busy.send(framed(query("nur1.example.net. A")));
        REQUIRE(busy.receive_framed());
        sleep_for(300);
    }
    CHECK(is_closed(silent));
    CHECK(running.server->totals().tcp.timed_out.value() == 1);
    CHECK(running.server->totals().tcp.open.value() == 1);
    busy.send(framed(query("nur1.example.net. A")));
    CHECK(busy.receive_framed());
}

TEST_CASE("A connection that is always busy ends all the same", "[dnsd][rfc7766][hostile]") {
    TcpLimits limits;
    limits.total = Milliseconds(3'000);
    Running running(with(limits));
    Peer busy(running.endpoint(), SOCK_STREAM);
    for (int each = 0; each < 5; ++each) {
        busy.send(framed(query("nur1.example.net. A")));
        REQUIRE(busy.receive_framed());
        sleep_for(100);
    }
    CHECK(is_closed(busy));  // Long before limits.idle has passed.
    CHECK(running.server->totals().tcp.timed_out.value() == 1);
}

TEST_CASE("Idle connections go sooner when the server is crowded", "[dnsd][rfc7766]") {
    TcpLimits limits;
    limits.connections = 4;
    limits.idle = Milliseconds(60'000);
    limits.idle_when_crowded = Milliseconds(300);
    Running running(with(limits));
    std::vector<std::unique_ptr<Peer>> peers;
    for (int each = 0; each < 4; ++each) {
        peers.push_back(std::make_unique<Peer>(running.endpoint(), SOCK_STREAM));
        peers.back()->send(framed(query("nur1.example.net. A")));
        REQUIRE(peers.back()->receive_framed());
    }
    CHECK(is_closed(*peers[3]));
    CHECK(is_closed(*peers[2]));
    CHECK_FALSE(peers[0]->receive(0));  // It came while there was room: nothing, not even an end.
}

TEST_CASE("A message has a time limit, however it trickles in", "[dnsd][hostile]") {
    TcpLimits limits;
    limits.message = Milliseconds(500);
    Running running(with(limits));
    Peer slow(running.endpoint(), SOCK_STREAM);
    const Octets message = framed(query("nur1.example.net. A"));
    bool closed = false;
    for (std::size_t at = 0; at < message.size() - 1 && !closed; ++at) {
        slow.send(OctetView(message).subspan(at, 1));
        const auto end = slow.receive(150);
        closed = end && end->empty();
    }
    CHECK(closed);
    CHECK(running.server->totals().tcp.timed_out.value() == 1);
}

TEST_CASE("A client that does not read delays nobody and is closed", "[dnsd][rfc9210][hostile]") {
    TcpLimits limits;
    limits.write = Milliseconds(1'500);
    Running running(with(limits));
    Peer greedy(running.endpoint(), SOCK_STREAM, 4'096);
    const Octets questions = pipelined("big.example.net. TXT", 1'000);
    // The server stops reading when its answers are not taken: then the kernel stops taking ours.
    std::size_t taken = 0;
    for (int tries = 0; tries < 50; ++tries) {
        const std::size_t more = greedy.send_some(questions);
        taken += more;
        if (more == 0) sleep_for(10);
    }
    const std::uint64_t answered = running.server->totals().of(Transport::Tcp);
    CHECK(answered * 37 < taken);

    Peer other(running.endpoint(), SOCK_STREAM);
    other.send(framed(query("nur1.example.net. A")));
    CHECK(other.receive_framed());
    Peer udp(running.endpoint(), SOCK_DGRAM);
    udp.send(query("nur1.example.net. A"));
    CHECK(udp.receive());

    for (int tries = 0; tries < 500 && running.server->totals().tcp.timed_out.value() == 0; ++tries)
        sleep_for(10);
    CHECK(running.server->totals().tcp.timed_out.value() == 1);
}

TEST_CASE("A slow reader gets every answer, if it reads at all", "[dnsd]") {
    Running running;
    Peer slow(running.endpoint(), SOCK_STREAM, 4'096);
    std::thread sender([&slow] { slow.send(pipelined("big.example.net. TXT", 1'000)); });
    sleep_for(300);
    for (std::uint16_t id = 0; id < 1'000; ++id) {
        const auto response = slow.receive_framed();
        REQUIRE((response && !response->empty()));
        REQUIRE(zones::read_u16(response->data()) == id);
    }
    sender.join();
}

TEST_CASE("Connections are limited per client and in all", "[dnsd][rfc7766]") {
    TcpLimits limits;
    limits.connections = 5;
    limits.connections_per_client = 3;
    limits.idle = limits.idle_when_crowded = Milliseconds(60'000);
    ServerOptions options = with(limits);
    options.listen = {Endpoint::parse("0.0.0.0:0").value(), Endpoint::parse("[::1]:0").value()};
    Running running(options);
    const Endpoint v4{IpAddress::parse("127.0.0.1").value(), running.endpoint().port};
    const Endpoint v6 = running.server->endpoints()[1];
    std::vector<std::unique_ptr<Peer>> peers;
    const auto serves = [&](const Endpoint& where) -> bool {
        peers.push_back(std::make_unique<Peer>(where, SOCK_STREAM));
        try {
            peers.back()->send(framed(query("nur1.example.net. A")));
            const auto response = peers.back()->receive_framed();
            return response.has_value() && !response->empty();
        } catch (const std::runtime_error&) {
            return false;
        }
    };
    CHECK(serves(v4));
    CHECK(serves(v4));
    CHECK(serves(v4));
    CHECK_FALSE(serves(v4));
    CHECK(serves(v6));
    CHECK(serves(v6));
    CHECK_FALSE(serves(v6));  // The sixth in all.
    CHECK(running.server->totals().tcp.refused.value() == 2);
    peers.clear();  // Room again, once the server has seen them go.
    for (int tries = 0; tries < 500 && running.server->totals().tcp.open.value() > 0; ++tries)
        sleep_for(10);
    CHECK(serves(v4));
}

/// Leaves the process `spare` more descriptors than it has open, for a while.
class FewDescriptors {
public:
    explicit FewDescriptors(rlim_t spare) {
        static_cast<void>(::getrlimit(RLIMIT_NOFILE, &before_));
        const Fd next(::dup(0));
        rlimit few = before_;
        few.rlim_cur = static_cast<rlim_t>(next.get()) + spare;
        static_cast<void>(::setrlimit(RLIMIT_NOFILE, &few));
    }
    ~FewDescriptors() { static_cast<void>(::setrlimit(RLIMIT_NOFILE, &before_)); }
    FewDescriptors(const FewDescriptors&) = delete;
    FewDescriptors& operator=(const FewDescriptors&) = delete;

private:
    rlimit before_{};
};

TEST_CASE("Without descriptors accepting pauses and comes back", "[dnsd]") {
    Running running(with({}));
    Peer udp(running.endpoint(), SOCK_DGRAM);
    std::unique_ptr<Peer> waiting;
    {
        const FewDescriptors one(1);
        waiting = std::make_unique<Peer>(running.endpoint(), SOCK_STREAM);
        waiting->send(framed(query("nur1.example.net. A")));
        CHECK_FALSE(waiting->receive(300));
        CHECK(running.server->totals().tcp.accepted.value() == 0);
        udp.send(query("nur1.example.net. A"));
        CHECK(udp.receive());
    }
    CHECK(message_text(waiting->receive_framed().value()) == kNur1);
}

TEST_CASE("A stopping server waits a little for who still reads", "[dnsd]") {
    TcpLimits limits;
    limits.drain = Milliseconds(6'000);
    Running running(with(limits));
    Peer slow(running.endpoint(), SOCK_STREAM, 4'096);
    Peer gone(running.endpoint(), SOCK_STREAM, 4'096);
    // As much as both buffers hold and a little more, so that the server is left with a rest.
    slow.send(pipelined("big.example.net. TXT", 400));
    for (int tries = 0; tries < 20; ++tries)
        static_cast<void>(gone.send_some(pipelined("big.example.net. TXT", 1'000)));
    sleep_for(200);
    std::thread stopper([&running] { running.server->stop(); });
    std::size_t answers = 0;
    for (auto response = slow.receive_framed(); response && !response->empty();
         response = slow.receive_framed())
        ++answers;
    stopper.join();
    CHECK(answers == 400);
    CHECK(running.server->totals().tcp.open.value() == 0);
}

}  // namespace
}  // namespace hairpin::dnsd::tests
