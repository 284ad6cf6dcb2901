#include "dnsd/server.hpp"

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/support/tsig.hpp"
#include "tests/unit/dnsd/running.hpp"

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::message_text;

Endpoint endpoint(std::string_view text) {
    return Endpoint::parse(text).value();
}

TEST_CASE("A server answers over UDP and TCP, IPv4 and IPv6, at one port", "[dnsd][rfc7766]") {
    ServerOptions options;
    options.listen = {endpoint("127.0.0.1:0"), endpoint("[::1]:0")};
    Running running(options);
    REQUIRE(running.server->endpoints().size() == 2);
    for (const Endpoint& where : running.server->endpoints()) {
        INFO(where.text());
        REQUIRE(where.port != 0);
        Peer udp(where, SOCK_DGRAM);
        udp.send(query("nur1.example.net. A"));
        CHECK(message_text(udp.receive().value()) == kNur1);
        Peer tcp(where, SOCK_STREAM);
        tcp.send(framed(query("nur1.example.net. A")));
        CHECK(message_text(tcp.receive_framed().value()) == kNur1);
    }
}

TEST_CASE("A wildcard listener answers from the address that was asked", "[dnsd][rfc2181]") {
    ServerOptions options;
    options.listen = {endpoint("0.0.0.0:0"), endpoint("[::]:0")};
    // Addresses of the whole 127/8 are local: the kernel alone would answer from 127.0.0.1, which a
    // connected socket does not take.
    Running running(options);
    for (const char* address : {"127.0.0.1", "127.0.0.2", "127.1.2.3"}) {
        INFO(address);
        Peer udp({IpAddress::parse(address).value(), running.server->endpoints()[0].port},
                 SOCK_DGRAM);
        udp.send(query("nur1.example.net. A"));
        CHECK(message_text(udp.receive().value()) == kNur1);
    }
    Peer udp({IpAddress::parse("::1").value(), running.server->endpoints()[1].port}, SOCK_DGRAM);
    udp.send(query("nur1.example.net. A"));
    CHECK(message_text(udp.receive().value()) == kNur1);
}

TEST_CASE("Every query of a burst is answered by some worker", "[dnsd]") {
    Running running;
    std::set<std::uint16_t> missing;
    Peer udp(running.server->endpoints()[0], SOCK_DGRAM);
    for (std::uint16_t id = 0; id < 200; ++id) {
        udp.send(query("nur1.example.net. A", id));
        missing.insert(id);
    }
    while (!missing.empty()) {
        const auto response = udp.receive();
        REQUIRE(response);
        CHECK(missing.erase(zones::read_u16(response->data())) == 1);
    }
    CHECK(running.server->totals().of(Transport::Udp) == 200);
    CHECK(running.server->totals().of(Rcode::NoError) == 200);
}

TEST_CASE("A datagram larger than our buffer is dropped", "[dnsd][hostile]") {
    Running running;
    Peer udp(running.server->endpoints()[0], SOCK_DGRAM);
    Octets large = query("nur1.example.net. A");
    large.resize(5'000);
    udp.send(large);
    udp.send(Octets{});
    udp.send(query("nur1.example.net. A"));
    CHECK(message_text(udp.receive().value()) == kNur1);
    CHECK(running.server->totals().of(Silence::Oversized) == 1);
}

TEST_CASE("Published zones are answered from at once", "[dnsd]") {
    Running running;
    Peer udp(running.server->endpoints()[0], SOCK_DGRAM);
    zones::ZoneTable next = *running.zones.snapshot();
    next.put(hairpin::tests::zone("example.com.", "www 60 IN A 192.0.2.200\n"));
    udp.send(query("www.example.com. A"));
    CHECK(message_text(udp.receive().value()) == "REFUSED\n");
    running.zones.publish(std::make_shared<const zones::ZoneTable>(std::move(next)));
    udp.send(query("www.example.com. A"));
    CHECK(message_text(udp.receive().value()) ==
          "NOERROR aa\nanswer: www.example.com. 60 IN A 192.0.2.200\n");
}

TEST_CASE("Published keys are known at once, over UDP and TCP", "[dnsd][rfc8945]") {
    PublishedKeys keys(std::make_shared<KeyRing>());
    ServerOptions options;
    options.keys = &keys;
    Running running(options);
    const auto ask = [&](int type) {
        TsigStream stream(make_key("key."));
        const auto now = static_cast<TsigTime>(to_unix_seconds(SystemClock().now()));
        const Octets message = sign(stream, query("nur1.example.net. A"), now);
        Peer peer(running.endpoint(), type);
        peer.send(type == SOCK_STREAM ? framed(message) : message);
        const auto response = type == SOCK_STREAM ? peer.receive_framed() : peer.receive();
        REQUIRE(response);
        TsigVerifier verifier(make_key("key."), stream.mac());
        return verifier.verify(*response, now);
    };
    for (const int type : {SOCK_DGRAM, SOCK_STREAM})
        CHECK(ask(type) == TsigVerdict::PeerError);
    KeyRing ring;
    ring.put(make_key("key."));
    keys.publish(std::make_shared<const KeyRing>(ring));
    for (const int type : {SOCK_DGRAM, SOCK_STREAM})
        CHECK(ask(type) == TsigVerdict::Ok);
    CHECK(running.server->totals().of(TsigOutcome::BadKey) == 2);
    CHECK(running.server->totals().of(TsigOutcome::Ok) == 2);
}

TEST_CASE("An idle worker does not keep old zones alive", "[dnsd]") {
    Running running;
    Peer udp(running.server->endpoints()[0], SOCK_DGRAM);
    std::weak_ptr<const zones::ZoneTable> old = running.zones.snapshot();
    udp.send(query("nur1.example.net. A"));
    REQUIRE(udp.receive());
    running.zones.publish(std::make_shared<const zones::ZoneTable>());
    for (int tries = 0; tries < 100 && !old.expired(); ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        running.zones.reclaim();
    }
    CHECK(old.expired());
}

TEST_CASE("A port in use is an error that names it", "[dnsd]") {
    Running running;
    ServerOptions options;
    options.listen = running.server->endpoints();
    for (const unsigned workers : {1u, 2u}) {
        options.workers = workers;
        const auto second = Server::bind(options, running.zones);
        REQUIRE_FALSE(second);
        CHECK(second.error().code == ErrorCode::Conflict);
        CHECK(second.error().subject == options.listen[0].text());
    }
}

TEST_CASE("Options out of range are refused", "[dnsd]") {
    PublishedZones zones(std::make_shared<zones::ZoneTable>());
    struct Case {
        const char* subject;
        void (*spoil)(ServerOptions&);
    };
    const auto each = GENERATE(values<Case>({
        {"dns.listen", [](ServerOptions& options) { options.listen.clear(); }},
        {"dns.workers", [](ServerOptions& options) { options.workers = 5'000; }},
        {"dns.udp_octets", [](ServerOptions& options) { options.identity.udp_octets = 511; }},
        {"dns.udp_octets", [](ServerOptions& options) { options.identity.udp_octets = 4097; }},
        {"dns.version", [](ServerOptions& options) { options.identity.version.resize(256); }},
        {"dns.identity", [](ServerOptions& options) { options.identity.server.resize(256); }},
        {"dns.nsid", [](ServerOptions& options) { options.identity.nsid.resize(65); }},
        {"dns.tcp", [](ServerOptions& options) { options.tcp.connections = 0; }},
    }));
    ServerOptions options;
    options.listen = {endpoint("127.0.0.1:0")};
    each.spoil(options);
    const auto server = Server::bind(options, zones);
    REQUIRE_FALSE(server);
    CHECK(server.error().code == ErrorCode::Invalid);
    CHECK(server.error().subject == each.subject);
}

TEST_CASE("A stopped server has answered what it had received and is gone", "[dnsd]") {
    Running running;
    const Endpoint where = running.server->endpoints()[0];
    Peer udp(where, SOCK_DGRAM);
    Peer tcp(where, SOCK_STREAM);
    tcp.send(framed(query("nur1.example.net. A")));
    REQUIRE(tcp.receive_framed());
    tcp.send(framed(query("www.example.net. TXT")));
    udp.send(query("nur1.example.net. A"));
    running.server->stop();
    CHECK(udp.receive(0));
    CHECK(tcp.receive_framed(0));
    CHECK(tcp.receive_framed(0).value().empty());
    running.server->stop();
    ServerOptions options;
    options.listen = {where};
    CHECK(Server::bind(options, running.zones));
}

TEST_CASE("Queries and thousands of published changes go on side by side", "[dnsd][threads]") {
    Running running;
    std::atomic<bool> done{false};
    std::atomic<int> answered{0};
    std::atomic<bool> failed{false};
    const auto ask = [&](int type) {
        Peer peer(running.server->endpoints()[0], type);
        while (!done) {
            const Octets message = query("moving.example.com. A");
            peer.send(type == SOCK_STREAM ? framed(message) : message);
            const auto response = type == SOCK_STREAM ? peer.receive_framed() : peer.receive();
            if (!response || response->size() < 12) {
                failed = true;
                return;
            }
            ++answered;
        }
    };
    std::thread udp(ask, SOCK_DGRAM);
    std::thread tcp(ask, SOCK_STREAM);
    auto zone = hairpin::tests::zone("example.com.", "moving 60 IN A 192.0.2.0\n");
    for (int each = 1; each <= 3'000; ++each) {
        const std::string address = "192.0.2." + std::to_string(each % 250);
        const auto change = hairpin::tests::change(
            "example.com.",
            {hairpin::tests::edit(zones::EditKind::ReplaceRRset, "moving.example.com.",
                                  zones::RType::A, {address})});
        auto edited = zones::apply(zone, change, {1'795'000'000 + each, {}}, {});
        REQUIRE(edited);
        zone = edited->zone;
        auto table = std::make_shared<zones::ZoneTable>(*running.zones.snapshot());
        table->put(zone);
        running.zones.publish(std::move(table));
        if (each % 100 == 0) std::this_thread::yield();
    }
    // At least a few answers must have come while the zones moved and after.
    const int before = answered;
    while (answered < before + 20 && !failed)
        std::this_thread::yield();
    done = true;
    udp.join();
    tcp.join();
    CHECK_FALSE(failed);
    Peer last(running.server->endpoints()[0], SOCK_DGRAM);
    last.send(query("moving.example.com. A"));
    CHECK(message_text(last.receive().value()) ==
          "NOERROR aa\nanswer: moving.example.com. 60 IN A 192.0.2.0\n");
    running.zones.reclaim();
    CHECK(running.zones.retired() <= 2);
}

}  // namespace
}  // namespace hairpin::dnsd::tests
