// Peers that take places and give nothing: whoever comes in earnest is served all the same.

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "net/http_server.hpp"
#include "tests/unit/net/server_fixture.hpp"

namespace hairpin::net {
namespace {

using tests::connect_to;
using tests::echo;
using tests::eventually;
using tests::ServerFixture;
using tests::TlsPeer;

std::uint64_t count(const HttpCounters::Count& counter) {
    return counter.load(std::memory_order_relaxed);
}

/// A handshake takes its whole time if nobody ends it, so that only making room helps.
constexpr Milliseconds kHandshakeTime{60'000};

ServerOptions patient_options() {
    ServerOptions options;
    options.handshake_time = kHandshakeTime;
    return options;
}

IpAddress loopback(unsigned number) {
    return IpAddress::v4(
        {127, 0, static_cast<std::uint8_t>(number / 250), static_cast<std::uint8_t>(number % 250)});
}

/// How long the first answer takes on a connection of its own.
Milliseconds time_to_answer(const ServerFixture& server, const IpAddress& from) {
    const auto begin = std::chrono::steady_clock::now();
    TlsPeer peer(connect_to(server.endpoint(), from));
    peer.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(peer.read_until("/healthz 0").find("200 OK") != std::string::npos);
    return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begin);
}

TEST_CASE("300 silent connections from one address hold up nobody", "[net][hostile]") {
    auto options = patient_options();
    options.max_handshakes = GENERATE(64U, 256U, 1024U);
    const ServerFixture server(echo, options);
    std::vector<Fd> silent;
    for (unsigned number = 0; number < 300; ++number)
        silent.push_back(connect_to(server.endpoint(), loopback(1)));

    CHECK(time_to_answer(server, loopback(2)) < kHandshakeTime / 2);
    CHECK(time_to_answer(server, loopback(1)) < kHandshakeTime / 2);  // Nor its own neighbours.
    CHECK(count(server.counters().handshakes_open) <= options.max_per_peer);
}

TEST_CASE("silent connections from 300 addresses hold up nobody", "[net][hostile]") {
    auto options = patient_options();
    const bool is_full = GENERATE(false, true);
    (is_full ? options.max_connections : options.max_handshakes) = 128;
    const ServerFixture server(echo, options);
    std::vector<Fd> silent;
    for (unsigned number = 0; number < 300; ++number)
        silent.push_back(connect_to(server.endpoint(), loopback(10 + number)));

    CHECK(time_to_answer(server, loopback(1)) < kHandshakeTime / 2);
    CHECK(count(server.counters().handshakes_displaced) >= 172);
}

TEST_CASE("a flood from one address costs others no handshake", "[net][hostile]") {
    auto options = patient_options();
    options.max_handshakes = 32;
    const ServerFixture server(echo, options);
    auto early = connect_to(server.endpoint(), loopback(2));
    std::vector<Fd> silent;
    for (unsigned number = 0; number < 200; ++number)
        silent.push_back(connect_to(server.endpoint(), loopback(1)));
    REQUIRE(eventually([&] { return count(server.counters().handshakes_displaced) == 169; }));

    TlsPeer peer(std::move(early));

    CHECK_FALSE(peer.is_closed());
    peer.send("GET /early HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(peer.read_until("/early 0").find("200 OK") != std::string::npos);
}

TEST_CASE("what took us long is not a peer's slowness", "[net]") {
    ServerOptions options;
    options.write_stall_time = Milliseconds(1'500);
    options.min_write_rate = 1'000;
    const ServerFixture server(
        [&](Request&&, Responder responder) {
            std::this_thread::sleep_for(options.write_stall_time * 2);
            responder.send({200, {}, std::string(2'000'000, 'x')});
        },
        options);
    TlsPeer peer(connect_to(server.endpoint(), loopback(1), 16'384));
    peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    std::this_thread::sleep_for(options.write_stall_time * 2 + Milliseconds(500));

    static_cast<void>(peer.read_some());
    CHECK(count(server.counters().deadlines_passed) == 0);
}

/// Asks for a long answer and reads 16 KB of it every tenth of a second, at most for `longest`.
/// How often the server took it for too slow.
std::uint64_t read_slowly(std::size_t min_write_rate, Milliseconds stall_time,
                          Milliseconds longest) {
    ServerOptions options;
    options.write_stall_time = stall_time;
    options.min_write_rate = min_write_rate;
    const ServerFixture server(
        [](Request&&, Responder responder) {
            responder.send({200, {}, std::string(10'000'000, 'x')});
        },
        options);
    TlsPeer peer(connect_to(server.endpoint(), loopback(1), 16'384));
    peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto until = std::chrono::steady_clock::now() + longest;
    while (std::chrono::steady_clock::now() < until && !peer.is_closed()) {
        static_cast<void>(peer.read_some());
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return count(server.counters().deadlines_passed);
}

TEST_CASE("a peer must read its answer at a least rate", "[net][hostile]") {
    CHECK(read_slowly(1'000'000, Milliseconds(600), Milliseconds(30'000)) == 1);
    CHECK(read_slowly(10'000, Milliseconds(2'500), Milliseconds(5'000)) == 0);
}

TEST_CASE("many clients of one address may come at once", "[net]") {
    const ServerFixture server(echo, patient_options());
    std::vector<Fd> sockets;
    for (unsigned number = 0; number < 200; ++number)
        sockets.push_back(connect_to(server.endpoint(), loopback(1)));
    REQUIRE(eventually([&] { return count(server.counters().handshakes_open) == 200; }));

    unsigned served = 0;
    for (auto& socket : sockets)
        served += TlsPeer(std::move(socket)).is_closed() ? 0 : 1;

    CHECK(served == 200);
    CHECK(count(server.counters().handshakes_displaced) == 0);
}

}  // namespace
}  // namespace hairpin::net
