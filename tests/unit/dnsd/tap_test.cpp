#include "dnsd/tap.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/dnsd/running.hpp"

namespace hairpin::dnsd::tests {
namespace {

constexpr std::size_t kRingOctets = 512 * 1024;

/// An exchange with octets of its own.
struct Kept {
    Exchange facts;
    Octets query;
    Octets response;
};

/// What `rings` hold once there are `wanted` in all; fewer after five seconds.
std::vector<Kept> seen(const std::vector<std::shared_ptr<ExchangeRing>>& rings,
                       std::size_t wanted) {
    std::vector<Kept> all;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (all.size() < wanted && std::chrono::steady_clock::now() < deadline) {
        for (const auto& ring : rings)
            ring->drain([&](const Exchange& each, Audience) {
                all.push_back({each, Octets(each.query.begin(), each.query.end()),
                               Octets(each.response.begin(), each.response.end())});
            });
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return all;
}

/// A server of one worker whose exchanges are watched.
struct Watched : Running {
    explicit Watched(ServerOptions options = {}, Watch watch = {true, 0})
        : Running([&options] {
              options.workers = 1;
              return options;
          }()),
          rings{std::make_shared<ExchangeRing>(kRingOctets)} {
        server->watch(watch, rings);
    }
    std::vector<std::shared_ptr<ExchangeRing>> rings;
};

TEST_CASE("A closed tap opens with a watch of something, and closes with one of nothing",
          "[dnsd][observer]") {
    Counters counters;
    Tap tap(counters, 1);
    const auto ring = std::make_shared<ExchangeRing>(kRingOctets);
    CHECK_FALSE(tap.is_open());
    tap.set({}, ring);
    CHECK_FALSE(tap.is_open());
    tap.set({true, 0}, ring);
    CHECK(tap.is_open());
    tap.set({false, 10}, ring);
    CHECK(tap.is_open());
    tap.set({}, nullptr);
    CHECK_FALSE(tap.is_open());
}

TEST_CASE("A sample is one in so many, and not every so many", "[dnsd][observer]") {
    const auto sample = GENERATE(1u, 2u, 10u, 1000u);
    constexpr unsigned kExchanges = 200'000;
    Counters counters;
    Tap tap(counters, 12'345);
    const auto ring = std::make_shared<ExchangeRing>(kRingOctets);
    tap.set({false, sample}, ring);
    unsigned chosen = 0;
    unsigned even = 0;
    for (unsigned each = 0; each < kExchanges; ++each) {
        tap.see({});
        ring->drain([&](const Exchange&, Audience audience) {
            CHECK_FALSE(audience.everything);
            if (audience.sample) ++chosen;
            if (each % 2 == 0) ++even;
        });
    }
    INFO("1 in " << sample);
    CHECK(chosen > kExchanges / sample * 8 / 10);
    CHECK(chosen < kExchanges / sample * 12 / 10 + 1);
    CHECK(even > chosen * 3 / 10);
    CHECK(even < chosen * 7 / 10);
    CHECK(counters.observed.value() == chosen);
}

TEST_CASE("What CAs ask is told from everything else, whatever the octets",
          "[dnsd][observer][hostile]") {
    const auto asks = [](const char* question) { return asks_for_challenge(query(question)); };
    CHECK(asks("_acme-challenge.nur1.example.net. TXT"));
    CHECK(asks("_ACME-Challenge.nur1.example.net. A"));
    CHECK(asks("nur1.example.net. CAA"));
    CHECK(asks(". CAA"));
    CHECK_FALSE(asks("nur1.example.net. TXT"));
    CHECK_FALSE(asks("acme-challenge.nur1.example.net. TXT"));
    CHECK_FALSE(asks("_acme-challenges.nur1.example.net. TXT"));
    CHECK_FALSE(asks("x._acme-challenge.nur1.example.net. TXT"));
    const Octets whole = query("_acme-challenge.nur1.example.net. TXT");
    const Octets caa = query("nur1.example.net. CAA");
    for (std::size_t size = 0; size < 12 + 16; ++size)
        CHECK_FALSE(asks_for_challenge(OctetView(whole).first(size)));
    for (std::size_t size = 0; size < 12 + 18 + 2; ++size)
        CHECK_FALSE(asks_for_challenge(OctetView(caa).first(size)));
}

TEST_CASE("Of challenges alone nothing else is put into the ring", "[dnsd][observer]") {
    Counters counters;
    Tap tap(counters, 1);
    const auto ring = std::make_shared<ExchangeRing>(kRingOctets);
    tap.set({false, 0, true}, ring);
    CHECK(tap.is_open());
    const Octets wanted = query("_acme-challenge.nur1.example.net. TXT");
    const Octets other = query("nur1.example.net. A");
    for (const Octets* each : {&other, &wanted, &other}) {
        Exchange exchange;
        exchange.query = *each;
        tap.see(exchange);
    }
    CHECK(counters.observed.value() == 1);
    ring->drain([&](const Exchange& exchange, Audience audience) {
        CHECK(audience.challenge);
        CHECK(Octets(exchange.query.begin(), exchange.query.end()) == wanted);
    });
}

TEST_CASE("What the ring has no room for is counted", "[dnsd][observer]") {
    Counters counters;
    Tap tap(counters, 1);
    tap.set({true, 0}, std::make_shared<ExchangeRing>(kRingOctets));
    const Octets message(1'000);
    Exchange exchange;
    exchange.query = message;
    for (int each = 0; each < 1'000; ++each)
        tap.see(exchange);
    CHECK(counters.observed.value() == 1'000);
    CHECK(counters.observed_dropped.value() > 400);
    CHECK(counters.observed_dropped.value() < 600);
}

TEST_CASE("A query over UDP is seen with its response, addresses and times", "[dnsd][observer]") {
    Watched watched;
    const Octets asked = query("nur1.example.net. A");
    Peer peer(watched.endpoint(), SOCK_DGRAM);
    const ExactTime before = exact_now();
    peer.send(asked);
    const auto answered = peer.receive();
    REQUIRE(answered);

    const auto all = seen(watched.rings, 1);
    REQUIRE(all.size() == 1);
    CHECK(all[0].query == asked);
    CHECK(all[0].response == *answered);
    CHECK(all[0].facts.transport == Transport::Udp);
    CHECK(all[0].facts.server == watched.endpoint());
    CHECK(all[0].facts.client.address.text() == "127.0.0.1");
    CHECK(all[0].facts.client.port != 0);
    CHECK(all[0].facts.received >= before);
    CHECK(all[0].facts.sent >= all[0].facts.received);
    CHECK(all[0].facts.sent <= exact_now());
}

TEST_CASE("On a wildcard socket the address that was asked is seen", "[dnsd][observer]") {
    const auto wildcard = GENERATE(as<std::string>{}, "0.0.0.0:0", "[::]:0");
    const std::string asked = wildcard.front() == '[' ? "::1" : "127.0.0.2";
    ServerOptions options;
    options.listen = {Endpoint::parse(wildcard).value()};
    Watched watched(options);
    const Endpoint address{IpAddress::parse(asked).value(), watched.endpoint().port};
    Peer peer(address, SOCK_DGRAM);
    peer.send(query("nur1.example.net. A"));
    REQUIRE(peer.receive());
    const auto all = seen(watched.rings, 1);
    REQUIRE(all.size() == 1);
    CHECK(all[0].facts.server == address);
}

TEST_CASE("Queries without an answer are seen without a response, each in its place",
          "[dnsd][observer]") {
    Watched watched;
    Peer peer(watched.endpoint(), SOCK_DGRAM);
    const std::vector<Octets> messages = {
        query("nur1.example.net. A", 1),
        Octets{0xff},  // Too short.
        query("missing.example.net. A", 2),
        Octets{0, 3, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0},  // A response.
        query("www.example.com. A", 4),
    };
    for (const Octets& each : messages)
        peer.send(each);

    const std::vector<Kept> all = seen(watched.rings, messages.size());
    REQUIRE(all.size() == messages.size());
    for (std::size_t each = 0; each < all.size(); ++each) {
        const Kept& one = all[each];
        INFO(each);
        CHECK(one.query == messages[each]);
        CHECK(one.response.empty() == (one.query.size() <= 12));
        if (one.response.empty())
            CHECK(one.facts.sent == one.facts.received);
        else
            CHECK(one.response[1] == one.query[1]);  // The ID.
    }
}

TEST_CASE("Nothing is seen after the tap was closed", "[dnsd][observer]") {
    Watched watched;
    watched.server->watch({}, {});
    // What is posted to the worker runs before it looks at its sockets again.
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    Peer peer(watched.endpoint(), SOCK_DGRAM);
    peer.send(query("nur1.example.net. A"));
    REQUIRE(peer.receive());
    watched.server->stop();
    CHECK(watched.rings[0]->drain([](const Exchange&, Audience) {}) == 0);
    CHECK(watched.server->totals().observed.value() == 0);
}

}  // namespace
}  // namespace hairpin::dnsd::tests
