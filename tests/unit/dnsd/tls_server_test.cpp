#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/transfers.hpp"
#include "tests/unit/dnsd/running.hpp"
#include "tests/unit/dnsd/tls_peer.hpp"

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::answer_lines;
using hairpin::tests::lines_of;
using hairpin::tests::message_text;
using hairpin::tests::MessageBuilder;
using hairpin::tests::transfer_query;
using hairpin::tests::whole_zone;

/// A server with one worker that also listens for TLS; loopback may transfer zones.
struct Secure {
    explicit Secure(const TcpLimits& limits = {})
        : slot(std::make_shared<net::CertificateSlot>(new_certificate())) {
        allow(false);
        zones.publish(std::make_shared<const zones::ZoneTable>(make_world()));
        ServerOptions options;
        options.workers = 1;
        options.listen = options.tls_listen = {Endpoint::parse("127.0.0.1:0").value()};
        options.tls = limits;
        options.certificates = slot;
        server = Server::bind(options, zones, {&policy, nullptr}).value();
        REQUIRE(server->start());
    }
    void allow(bool only_over_tls) {
        auto next = std::make_shared<TransferPolicy>();
        next->allow({Prefix::parse("127.0.0.0/8").value(), {}});
        if (only_over_tls) next->require_tls();
        policy.publish(next);
    }
    [[nodiscard]] const Endpoint& endpoint() const { return server->tls_endpoints().front(); }
    [[nodiscard]] const Endpoint& clear() const { return server->endpoints().front(); }
    [[nodiscard]] ConnectionCounters counted() const { return server->totals().tls; }

    std::shared_ptr<net::CertificateSlot> slot;
    PublishedZones zones{std::make_shared<const zones::ZoneTable>()};
    PublishedTransferPolicy policy{std::make_shared<const TransferPolicy>()};
    std::unique_ptr<Server> server;
};

bool comes_true(const std::function<bool()>& holds) {
    for (int tries = 0; tries < 800 && !holds(); ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return holds();
}

Octets asked_in_a_row(const std::string& question, std::uint16_t count) {
    Octets all;
    for (std::uint16_t id = 0; id < count; ++id) {
        const Octets one = framed(query(question, id));
        all.insert(all.end(), one.begin(), one.end());
    }
    return all;
}

/// The answer to one question over that connection.
std::string ask(TlsPeer& peer) {
    peer.send(framed(query("nur1.example.net. A")));
    const auto response = peer.receive_framed();
    return response ? message_text(*response) : "nothing in time";
}

TEST_CASE("Over TLS everything is answered as over TCP, in order", "[dnsd][rfc7858]") {
    Secure secure;
    TlsPeer peer(secure.endpoint());
    std::thread sender([&peer] { peer.send(asked_in_a_row("big.example.net. TXT", 500)); });
    sender.join();
    for (std::uint16_t id = 0; id < 500; ++id) {
        const auto response = peer.receive_framed();
        REQUIRE((response && response->size() > 2'000));
        REQUIRE(zones::read_u16(response->data()) == id);
    }
    CHECK(ask(peer) == kNur1);
    CHECK(secure.server->totals().of(Transport::Tls) == 501);
    CHECK(secure.server->totals().of(Transport::Tcp) == 0);
    CHECK(secure.counted().open.value() == 1);
}

TEST_CASE("A message may be cut into TLS records anywhere", "[dnsd][rfc7858]") {
    Secure secure;
    const Octets stream = asked_in_a_row("nur1.example.net. A", 5);
    for (const std::size_t piece : {1u, 2u, 37u, 38u, 39u, 100u}) {
        INFO("records of " << piece);
        TlsPeer peer(secure.endpoint());
        for (std::size_t at = 0; at < stream.size(); at += piece)
            peer.send(OctetView(stream).subspan(at, std::min(piece, stream.size() - at)));
        for (std::uint16_t id = 0; id < 5; ++id) {
            const auto response = peer.receive_framed();
            REQUIRE(response);
            CHECK(message_text(*response) == kNur1);
        }
    }
}

TEST_CASE("The largest message is read through TLS", "[dnsd][rfc7858]") {
    Secure secure;
    const Octets largest = largest_query("nur1.example.net. A");
    TlsPeer peer(secure.endpoint());
    for (int each = 0; each < 3; ++each) {
        peer.send(framed(largest));
        CHECK(message_text(peer.receive_framed().value()) == std::string(kNur1) + "opt: 1232\n");
    }
}

TEST_CASE("ALPN dot is agreed, none at all is accepted, anything else is refused",
          "[dnsd][rfc7858][rfc7301]") {
    Secure secure;
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsPeer dot(secure.endpoint(), {"dot", version});
        CHECK(dot.alpn() == "dot");
        CHECK(ask(dot) == kNur1);
        TlsPeer none(secure.endpoint(), {"", version});
        CHECK(none.alpn().empty());
        CHECK(ask(none) == kNur1);
        CHECK_FALSE(TlsPeer(secure.endpoint(), {"h2", version}).is_open());
    }
    CHECK_FALSE(TlsPeer(secure.endpoint(), {"dot", TLS1_1_VERSION}).is_open());
    CHECK(comes_true([&] { return secure.counted().handshakes_failed.value() == 3; }));
}

TEST_CASE("New keys in the middle of a connection disturb nothing", "[dnsd][rfc8446]") {
    Secure secure;
    TlsPeer peer(secure.endpoint());
    for (int each = 0; each < 5; ++each) {
        peer.change_keys();
        CHECK(ask(peer) == kNur1);
    }
}

TEST_CASE("A new certificate is for new connections; those that are open go on",
          "[dnsd][rfc7858]") {
    Secure secure;
    TlsPeer before(secure.endpoint());
    const std::string first = before.fingerprint();
    CHECK(first == secure.slot->current()->fingerprint());
    secure.slot->replace(new_certificate());
    TlsPeer after(secure.endpoint());
    CHECK(after.fingerprint() == secure.slot->current()->fingerprint());
    CHECK(after.fingerprint() != first);
    CHECK(ask(before) == kNur1);
    CHECK(ask(after) == kNur1);
}

TEST_CASE("What is no ClientHello ends its connection and no other", "[dnsd][rfc7858][hostile]") {
    Secure secure;
    TlsPeer other(secure.endpoint());
    for (const Octets& nonsense :
         {framed(query("nur1.example.net. A")), Octets(300, 0xff), Octets{'G', 'E', 'T', ' ', '/'},
          // The head of a record of 65,535 octets, more than TLS allows.
          Octets{0x16, 0x03, 0x01, 0xff, 0xff, 0x01, 0, 0}}) {
        Peer peer(secure.endpoint(), SOCK_STREAM);
        peer.send(nonsense);
        peer.shut_down_sending();
        for (auto end = peer.receive(); end && !end->empty();)  // An alert, and the end.
            end = peer.receive();
        CHECK(ask(other) == kNur1);
    }
    CHECK(comes_true([&] { return secure.counted().handshakes_failed.value() == 4; }));
    CHECK(comes_true([&] { return secure.counted().open.value() == 1; }));
}

TEST_CASE("A handshake has a time limit, and delays nobody meanwhile", "[dnsd][rfc7858][hostile]") {
    TcpLimits limits;
    limits.handshake = Milliseconds(1'500);
    Secure secure(limits);
    Peer silent(secure.endpoint(), SOCK_STREAM);
    Peer half(secure.endpoint(), SOCK_STREAM);
    half.send(Octets{0x16, 0x03, 0x01, 0x02, 0x00, 0x01});  // The beginning of a ClientHello.
    TlsPeer other(secure.endpoint());
    CHECK(ask(other) == kNur1);
    Peer udp(secure.clear(), SOCK_DGRAM);
    udp.send(query("nur1.example.net. A"));
    CHECK(udp.receive());
    CHECK(silent.receive().value_or(Octets{1}).empty());
    CHECK(half.receive().value_or(Octets{1}).empty());
    CHECK(secure.counted().timed_out.value() == 2);
    CHECK(ask(other) == kNur1);
}

TEST_CASE("Handshakes have places of their own, and a newcomer takes the oldest's",
          "[dnsd][rfc7858][hostile]") {
    TcpLimits limits;
    limits.handshakes = 3;
    limits.handshake = Milliseconds(60'000);
    Secure secure(limits);
    std::vector<std::unique_ptr<Peer>> silent;
    for (int each = 0; each < 10; ++each)
        silent.push_back(std::make_unique<Peer>(secure.endpoint(), SOCK_STREAM));
    TlsPeer other(secure.endpoint());
    CHECK(ask(other) == kNur1);
    CHECK(silent[0]->receive().value_or(Octets{1}).empty());
    CHECK_FALSE(silent[9]->receive(0));
    CHECK(secure.counted().handshakes_failed.value() == 8);
    CHECK(secure.counted().open.value() == 3);
}

TEST_CASE("One client has only so many handshakes, and so many connections",
          "[dnsd][rfc7858][hostile]") {
    TcpLimits limits;
    limits.handshakes_per_client = 2;
    limits.connections_per_client = 4;
    limits.handshake = limits.idle = Milliseconds(60'000);
    Secure secure(limits);
    TlsPeer one(secure.endpoint());
    TlsPeer two(secure.endpoint());
    REQUIRE((one.is_open() && two.is_open()));
    Peer silent(secure.endpoint(), SOCK_STREAM);
    REQUIRE(comes_true([&] { return secure.counted().open.value() == 3; }));
    TlsPeer three(secure.endpoint());
    CHECK(three.is_open());
    CHECK_FALSE(TlsPeer(secure.endpoint()).is_open());  // The fifth.
    CHECK(secure.counted().refused.value() == 1);
    Peer tcp(secure.clear(), SOCK_STREAM);  // TCP has places of its own.
    tcp.send(framed(query("nur1.example.net. A")));
    CHECK(tcp.receive_framed());
}

TEST_CASE("More handshakes than one turn allows are all done in the end", "[dnsd][rfc7858]") {
    TcpLimits limits;
    limits.handshakes_per_turn = 1;
    limits.handshakes_per_client = limits.connections_per_client = 50;
    Secure secure(limits);
    std::vector<std::thread> clients;
    std::atomic<int> answered{0};
    for (int each = 0; each < 20; ++each)
        clients.emplace_back([&] {
            TlsPeer peer(secure.endpoint());
            if (ask(peer) == kNur1) ++answered;
        });
    for (std::thread& each : clients)
        each.join();
    CHECK(answered == 20);
}

TEST_CASE("A TLS client that does not read delays nobody and is closed",
          "[dnsd][rfc7858][hostile]") {
    TcpLimits limits;
    limits.write = Milliseconds(1'500);
    Secure secure(limits);
    TlsPeerOptions small;
    small.receive_buffer_octets = 4'096;
    TlsPeer greedy(secure.endpoint(), small);
    // 12 kB of questions, 8 MB of answers: more than both kernels keep.
    greedy.send(asked_in_a_row("big.example.net. TXT", 4'000));
    TlsPeer other(secure.endpoint());
    CHECK(ask(other) == kNur1);
    CHECK(comes_true([&] { return secure.counted().timed_out.value() == 1; }));
    CHECK(ask(other) == kNur1);
}

TEST_CASE("An idle TLS connection is closed with a close_notify", "[dnsd][rfc7858]") {
    TcpLimits limits;
    limits.idle = Milliseconds(500);
    Secure secure(limits);
    TlsPeer peer(secure.endpoint());
    CHECK(ask(peer) == kNur1);
    CHECK(peer.receive_framed().value_or(Octets{1}).empty());
    CHECK(peer.knows_close_notify());
    CHECK(secure.counted().timed_out.value() == 1);
}

TEST_CASE("A zone is transferred through TLS 1.3 with ALPN dot, and not otherwise",
          "[dnsd][rfc9103]") {
    struct Case {
        const char* why;
        TlsPeerOptions how;
        bool given;
    };
    const std::vector<Case> cases = {
        {"as RFC 9103 wants it", {"dot", TLS1_3_VERSION}, true},
        {"without ALPN", {"", TLS1_3_VERSION}, false},
        {"TLS 1.2", {"dot", TLS1_2_VERSION}, false},
    };
    Secure secure;
    const auto zone = secure.zones.snapshot()->share(hairpin::tests::name("example.net."));
    for (const Case& each : cases) {
        INFO(each.why);
        TlsPeer peer(secure.endpoint(), each.how);
        peer.send(framed(transfer_query("example.net. AXFR")));
        const auto first = peer.receive_framed();
        REQUIRE(first);
        if (!each.given) {
            CHECK(message_text(*first) == "REFUSED\n");
            continue;
        }
        CHECK(whole_zone(answer_lines({&*first, 1})) == lines_of(*zone));
        CHECK(ask(peer) == kNur1);
    }
    CHECK(secure.server->totals().transfers_whole.value() == 1);
    CHECK(secure.server->totals().transfers_refused.value() == 2);
}

TEST_CASE("Where transfers need TLS, nobody gets a zone in clear", "[dnsd][rfc9103]") {
    Secure secure;
    secure.allow(true);
    Peer tcp(secure.clear(), SOCK_STREAM);
    tcp.send(framed(transfer_query("example.net. AXFR")));
    CHECK(message_text(tcp.receive_framed().value()) == "REFUSED\n");
    Peer udp(secure.clear(), SOCK_DGRAM);
    udp.send(transfer_query("example.net. IXFR", 1));
    CHECK(message_text(udp.receive().value()) == "REFUSED\n");
    TlsPeer tls(secure.endpoint());
    tls.send(framed(transfer_query("example.net. AXFR")));
    CHECK(message_text(tls.receive_framed().value()).starts_with("NOERROR aa\n"));
}

TEST_CASE("A server that stops answers what came through TLS and says goodbye", "[dnsd]") {
    Secure secure;
    TlsPeer peer(secure.endpoint());
    CHECK(ask(peer) == kNur1);
    Peer half(secure.endpoint(), SOCK_STREAM);
    secure.server->stop();
    CHECK(peer.receive_framed().value_or(Octets{1}).empty());
    CHECK(peer.knows_close_notify());
    CHECK(half.receive().value_or(Octets{1}).empty());
    CHECK(secure.counted().open.value() == 0);
}

}  // namespace
}  // namespace hairpin::dnsd::tests
