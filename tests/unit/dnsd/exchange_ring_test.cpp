#include "dnsd/exchange_ring.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <random>
#include <thread>
#include <utility>

#include <catch2/catch.hpp>

namespace hairpin::dnsd {
namespace {

constexpr std::size_t kSmall = 512 * 1024;

Octets filled(std::size_t octets, std::uint8_t with) {
    return Octets(octets, with);
}

Exchange exchange_of(const Octets& query, const Octets& response) {
    Exchange exchange;
    exchange.query = query;
    exchange.response = response;
    return exchange;
}

bool holds_only(OctetView octets, std::uint8_t wanted) {
    return std::all_of(octets.begin(), octets.end(),
                       [wanted](std::uint8_t each) { return each == wanted; });
}

TEST_CASE("A ring gives back what was put in, with all of its facts", "[dnsd][observer]") {
    ExchangeRing ring(kSmall);
    const Octets query = filled(31, 1);
    const Octets response = filled(77, 2);
    Exchange exchange = exchange_of(query, response);
    exchange.transport = Transport::Https;
    exchange.client = Endpoint::parse("[2001:db8::1]:4321").value();
    exchange.server = Endpoint::parse("192.0.2.53:53").value();
    exchange.received = ExactTime(std::chrono::nanoseconds(1'795'000'000'123'456'789));
    exchange.sent = exchange.received + std::chrono::microseconds(42);
    REQUIRE(ring.put(exchange, {false, true}));

    std::size_t seen = 0;
    CHECK(ring.drain([&](const Exchange& each, Audience audience) {
        ++seen;
        CHECK(each.transport == Transport::Https);
        CHECK(each.client == exchange.client);
        CHECK(each.server == exchange.server);
        CHECK(each.received == exchange.received);
        CHECK(each.sent == exchange.sent);
        CHECK(Octets(each.query.begin(), each.query.end()) == query);
        CHECK(Octets(each.response.begin(), each.response.end()) == response);
        CHECK_FALSE(audience.everything);
        CHECK(audience.sample);
    }) == 1);
    CHECK(seen == 1);
    CHECK(ring.drain([](const Exchange&, Audience) { FAIL("there is nothing more"); }) == 0);
}

TEST_CASE("A full ring takes nothing more, and goes on where it is drained", "[dnsd][observer]") {
    ExchangeRing ring(kSmall);
    const Octets query = filled(400, 3);
    std::size_t taken = 0;
    while (ring.put(exchange_of(query, query), {true, false}))
        ++taken;
    CHECK(taken > kSmall / 1000);
    CHECK(taken <= kSmall / 800);
    CHECK_FALSE(ring.put(exchange_of(query, query), {true, false}));
    CHECK(ring.drain([&](const Exchange& each, Audience) {
        if (!holds_only(each.query, 3) || each.query.size() != 400) FAIL("another query");
    }) == taken);
    CHECK(ring.put(exchange_of(query, query), {true, false}));
}

TEST_CASE("The largest exchanges fit, one after the other, wherever the ring stands",
          "[dnsd][observer]") {
    ExchangeRing ring(kSmall);
    const Octets largest = filled(65'535, 4);
    const Octets small = filled(13, 5);
    for (int each = 0; each < 100; ++each) {
        REQUIRE(ring.put(exchange_of(small, {}), {true, false}));
        REQUIRE(ring.put(exchange_of(largest, largest), {true, false}));
        std::size_t octets = 0;
        CHECK(ring.drain([&](const Exchange& one, Audience) {
            octets += one.query.size() + one.response.size();
        }) == 2);
        CHECK(octets == 13 + 2 * 65'535);
    }
}

TEST_CASE("What any order of puts and drains takes comes out whole and in order",
          "[dnsd][observer]") {
    std::mt19937 random(7);
    ExchangeRing ring(kSmall);
    std::deque<std::pair<std::size_t, std::size_t>> inside;
    for (int step = 0; step < 20'000; ++step) {
        const std::size_t query = random() % (random() % 50 == 0 ? 65'536 : 300);
        const std::size_t response = random() % (random() % 50 == 0 ? 65'536 : 1'300);
        const auto mark = static_cast<std::uint8_t>(query + response);
        if (ring.put(exchange_of(filled(query, mark), filled(response, mark)), {}))
            inside.emplace_back(query, response);
        if (random() % 40 != 0) continue;
        ring.drain([&](const Exchange& each, Audience) {
            REQUIRE_FALSE(inside.empty());
            const auto [its_query, its_response] = inside.front();
            inside.pop_front();
            REQUIRE(each.query.size() == its_query);
            REQUIRE(each.response.size() == its_response);
            const auto its_mark = static_cast<std::uint8_t>(its_query + its_response);
            if (!holds_only(each.query, its_mark) || !holds_only(each.response, its_mark))
                FAIL("octets of another exchange");
        });
        CHECK(inside.empty());
    }
}

TEST_CASE("One thread puts while another drains: nothing is torn, nothing comes twice",
          "[dnsd][observer]") {
    constexpr std::uint64_t kExchanges = 200'000;
    ExchangeRing ring(kSmall);
    std::uint64_t dropped = 0;
    std::thread worker([&] {
        Octets query(8);
        for (std::uint64_t each = 1; each <= kExchanges; ++each) {
            query.assign(8 + each % 90, static_cast<std::uint8_t>(each));
            Exchange exchange = exchange_of(query, query);
            exchange.received = ExactTime(std::chrono::nanoseconds(each));
            if (!ring.put(exchange, {true, false})) ++dropped;
        }
    });
    std::uint64_t seen = 0;
    std::int64_t last = 0;
    bool whole = true;
    const auto visit = [&](const Exchange& each, Audience) {
        ++seen;
        const std::int64_t number = each.received.time_since_epoch().count();
        whole &= number > last && holds_only(each.query, static_cast<std::uint8_t>(number)) &&
                 holds_only(each.response, static_cast<std::uint8_t>(number));
        last = number;
    };
    while (last < static_cast<std::int64_t>(kExchanges / 2))
        ring.drain(visit);
    worker.join();
    ring.drain(visit);
    CHECK(whole);
    CHECK(seen + dropped == kExchanges);
}

}  // namespace
}  // namespace hairpin::dnsd
