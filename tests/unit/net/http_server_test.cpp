#include "net/http_server.hpp"

#include <sys/resource.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <mutex>

#include "tests/unit/net/server_fixture.hpp"

namespace hairpin::net {
namespace {

using tests::echo;
using tests::eventually;
using tests::fetch;
using tests::ServerFixture;
using tests::TlsPeer;

ClientRequest request_to(const ServerFixture& server, std::string_view target,
                         HttpVersion version) {
    ClientRequest request;
    request.url = server.url(target);
    request.ca_file = server.ca_file();
    request.version = version;
    return request;
}

std::uint64_t count(const HttpCounters::Count& counter) {
    return counter.load(std::memory_order_relaxed);
}

TEST_CASE("both versions of HTTP answer a GET over TLS", "[net][rfc9112][rfc9113]") {
    const ServerFixture server(echo);
    const auto version = GENERATE(HttpVersion::Http1, HttpVersion::Any);

    const auto answer = fetch(request_to(server, "/v1/whoami?x=1", version));

    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(answer->version == (version == HttpVersion::Http1 ? 11 : 20));
    CHECK(answer->body ==
          (version == HttpVersion::Http1 ? "GET /v1/whoami 0 11" : "GET /v1/whoami 0 20"));
    CHECK(answer->header("content-type") == "text/plain");
    CHECK(answer->header("date").value_or("").size() == 29);
}

TEST_CASE("a body of 60 KB arrives whole", "[net][rfc9112][rfc9113]") {
    const ServerFixture server(echo);
    const auto version = GENERATE(HttpVersion::Http1, HttpVersion::Any);
    auto request = request_to(server, "/upload", version);
    request.method = "POST";
    request.body = std::string(60'000, 'x');
    // Without a length libcurl sends chunks on HTTP/1.1 and bare DATA frames on HTTP/2.
    if (GENERATE(true, false)) request.headers.push_back({"Transfer-Encoding", "chunked"});

    const auto answer = fetch(request);

    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(answer->body.substr(0, 19) == "POST /upload 60000 ");
}

TEST_CASE("a body over the route's limit is refused and the connection ends well",
          "[net][rfc9110]") {
    ServerOptions options;
    options.body_limit = [](const Request& head) -> std::size_t {
        return head.path == "/large" ? 1'000'000 : 100;
    };
    const ServerFixture server(echo, options);
    const auto version = GENERATE(HttpVersion::Http1, HttpVersion::Any);
    auto request = request_to(server, "/small", version);
    request.method = "POST";
    request.body = std::string(500'000, 'x');

    const auto refused = fetch(request);
    request.url = server.url("/large");
    const auto taken = fetch(request);

    INFO((refused ? "" : refused.error().text()));
    REQUIRE(refused);
    CHECK(refused->status == 413);
    CHECK(refused->header("content-type") == "application/problem+json");
    REQUIRE(taken);
    CHECK(taken->status == 200);
}

TEST_CASE("a large response arrives whole", "[net]") {
    const std::string large(5'000'000, 'y');
    const ServerFixture server([&](Request&&, Responder responder) {
        responder.send({200, {}, large});
    });
    const auto version = GENERATE(HttpVersion::Http1, HttpVersion::Any);
    ClientOptions options;
    options.max_response = 6'000'000;

    const auto answer = fetch(request_to(server, "/", version), options);

    REQUIRE(answer);
    CHECK(answer->body == large);
}

TEST_CASE("a streamed response honours back-pressure and arrives whole", "[net]") {
    struct Stream {
        Responder responder;
        int left = 300;
        static void more(const std::shared_ptr<Stream>& self) {
            while (self->left > 0) {
                --self->left;
                if (!self->responder.write(std::string(10'000, 'z'))) return;
            }
            self->responder.end();
        }
    };
    const ServerFixture server([](Request&&, Responder responder) {
        const auto stream = std::make_shared<Stream>(Stream{std::move(responder)});
        stream->responder.begin({200, {}, "start"});
        stream->responder.on_writable(
            [weak = std::weak_ptr(stream), stream] { Stream::more(stream); });
        Stream::more(stream);
    });
    const auto version = GENERATE(HttpVersion::Http1, HttpVersion::Any);
    ClientOptions options;
    options.max_response = 6'000'000;

    const auto answer = fetch(request_to(server, "/", version), options);

    REQUIRE(answer);
    CHECK(answer->body.size() == 5 + 300 * 10'000);
}

TEST_CASE("a responder may be kept, answered from the loop later, or dropped", "[net]") {
    const ServerFixture server([](Request&& request, Responder responder) {
        if (request.path == "/dropped") return;
        auto& loop = responder.loop();
        auto kept = std::make_shared<Responder>(std::move(responder));
        std::thread([&loop, kept] {
            loop.post([kept] { kept->send({202, {}, "later"}); });
        }).detach();
    });
    const auto version = GENERATE(HttpVersion::Http1, HttpVersion::Any);

    const auto later = fetch(request_to(server, "/later", version));
    const auto dropped = fetch(request_to(server, "/dropped", version));

    REQUIRE(later);
    CHECK(later->status == 202);
    REQUIRE(dropped);
    CHECK(dropped->status == 500);
}

TEST_CASE("a handler learns that its peer has gone", "[net]") {
    std::atomic<bool> arrived{false};
    std::atomic<bool> gone{false};
    std::shared_ptr<Responder> kept;
    ServerFixture server([&](Request&&, Responder responder) {
        responder.on_gone([&] { gone = true; });
        kept = std::make_shared<Responder>(std::move(responder));
        arrived = true;
    });

    TlsPeer peer(server.endpoint());
    peer.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    REQUIRE(eventually([&] { return arrived.load(); }));
    CHECK_FALSE(gone);
    peer.close();

    CHECK(eventually([&] { return gone.load(); }));
    server.on_loop([&](HttpServer&) {
        CHECK_FALSE(kept->is_open());
        kept.reset();
    });
}

TEST_CASE("pipelined requests are answered in order", "[net][rfc9112]") {
    const ServerFixture server(echo);
    TlsPeer peer(server.endpoint());

    peer.send(
        "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: "
        "3\r\n\r\nabc"
        "HEAD /3 HTTP/1.1\r\nHost: x\r\n\r\nGET /4 HTTP/1.1\r\nHost: x\r\nConnection: "
        "close\r\n\r\n");
    const auto answers = peer.read_all();

    CHECK(peer.is_closed());
    const auto first = answers.find("GET /1 0 11");
    const auto second = answers.find("POST /2 3 11");
    const auto fourth = answers.find("GET /4 0 11");
    CHECK(first < second);
    CHECK(second < fourth);
    CHECK(fourth != std::string::npos);
    CHECK(answers.find("HEAD /3") == std::string::npos);  // No body for HEAD.
}

TEST_CASE("ALPN chooses the protocol; an unknown one ends the handshake", "[net][rfc7301]") {
    const ServerFixture server(echo);
    CHECK(TlsPeer(server.endpoint(), "h2").alpn() == "h2");
    CHECK(TlsPeer(server.endpoint(), "http/1.1").alpn() == "http/1.1");
    CHECK(TlsPeer(server.endpoint(), "").alpn().empty());
    CHECK(TlsPeer(server.endpoint(), "spdy/3").is_closed());
    CHECK(eventually([&] { return count(server.counters().handshakes_failed) == 1; }));
}

struct Slow {
    const char* what;
    std::string sends;
    const char* status;
};

TEST_CASE("a slow peer meets its deadline", "[net][hostile]") {
    ServerOptions options;
    options.head_time = options.body_time = options.idle_time = Milliseconds(1000);
    const ServerFixture server(echo, options);
    const auto slow = GENERATE(values<Slow>({
        {"half a head", "GET / HTTP/1.1\r\nHost:", "HTTP/1.1 408 "},
        {"half a body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
         "HTTP/1.1 408 "},
        {"nothing", "", ""},
        {"idle after a request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 "},
    }));
    INFO(slow.what);
    TlsPeer peer(server.endpoint());

    if (!slow.sends.empty()) peer.send(slow.sends);
    const auto answer = peer.read_all();

    CHECK(answer.substr(0, 13) == slow.status);
    CHECK(peer.is_closed());
    CHECK(count(server.counters().deadlines_passed) >= 1);
}

TEST_CASE("a peer that never shakes hands is closed", "[net][hostile]") {
    ServerOptions options;
    options.handshake_time = Milliseconds(300);
    const ServerFixture server(echo, options);

    const auto socket = tests::connect_to(server.endpoint());
    char octet = 0;

    CHECK(::recv(socket.get(), &octet, 1, 0) == 0);
    CHECK(eventually([&] { return count(server.counters().handshakes_failed) == 1; }));
}

TEST_CASE("a peer that does not read its answer is closed", "[net][hostile]") {
    ServerOptions options;
    options.write_stall_time = Milliseconds(400);
    const ServerFixture server(
        [](Request&&, Responder responder) {
            responder.send({200, {}, std::string(50'000'000, 'x')});
        },
        options);
    TlsPeer peer(server.endpoint());

    peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");

    CHECK(eventually([&] { return count(server.counters().deadlines_passed) == 1; }));
    CHECK(eventually([&] { return count(server.counters().connections_open) == 0; }));
}

TEST_CASE("one peer cannot take more than its share of connections", "[net][hostile]") {
    ServerOptions options;
    options.max_per_peer = 2;
    const ServerFixture server(echo, options);
    TlsPeer first(server.endpoint());
    TlsPeer second(server.endpoint());

    const TlsPeer third(server.endpoint());
    CHECK(third.is_closed());
    CHECK(count(server.counters().connections_refused) == 1);

    second.close();
    REQUIRE(eventually([&] { return count(server.counters().connections_open) == 1; }));
    CHECK_FALSE(TlsPeer(server.endpoint()).is_closed());
}

TEST_CASE("connections over the limit wait until there is room", "[net]") {
    ServerOptions options;
    options.max_connections = 1;
    const ServerFixture server(echo, options);
    auto first = std::make_unique<TlsPeer>(server.endpoint());
    // One whose handshake is not over would have to give way.
    REQUIRE(eventually([&] { return count(server.counters().handshakes_open) == 0; }));
    auto second =
        std::async(std::launch::async, [&] { return TlsPeer(server.endpoint()).is_closed(); });

    CHECK(second.wait_for(std::chrono::milliseconds(300)) == std::future_status::timeout);
    first->close();

    CHECK_FALSE(second.get());
}

TEST_CASE("running out of descriptors delays new peers and spares those inside", "[net][hostile]") {
    const ServerFixture server(echo);
    TlsPeer inside(server.endpoint());
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    auto outside = tests::connect_to(
        server.endpoint());  // A descriptor of ours, so that none is missing below.
    REQUIRE(eventually([&] { return count(server.counters().connections_open) == 2; }));
    const auto waiting = tests::connect_to(server.endpoint());
    REQUIRE(eventually([&] { return count(server.counters().connections_open) == 3; }));

    // A socket for the newcomer, none for accept(): the lowest free number is the limit.
    Fd newcomer(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const Fd probe(::dup(newcomer.get()));
    const rlimit low{static_cast<rlim_t>(probe.get()), before.rlim_max};
    const_cast<Fd&>(probe).reset();
    REQUIRE(setrlimit(RLIMIT_NOFILE, &low) == 0);
    sockaddr_storage storage{};
    const auto size = server.endpoint().to_sockaddr(storage);
    REQUIRE(::connect(newcomer.get(), reinterpret_cast<const sockaddr*>(&storage), size) == 0);
    CHECK(eventually([&] { return count(server.counters().accept_failures) > 0; }));
    inside.send("GET /inside HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(inside.read_until("/inside 0").find("200 OK") != std::string::npos);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);

    CHECK(eventually([&] { return count(server.counters().connections_open) == 4; }));
}

TEST_CASE("draining finishes what runs and closes the rest", "[net]") {
    std::atomic<bool> arrived{false};
    std::shared_ptr<Responder> kept;
    ServerFixture server([&](Request&& request, Responder responder) {
        if (request.path != "/wait") return echo(std::move(request), std::move(responder));
        kept = std::make_shared<Responder>(std::move(responder));
        arrived = true;
    });
    TlsPeer idle(server.endpoint());
    TlsPeer busy(server.endpoint());
    auto multiplexed = std::async(
        std::launch::async, [&] { return fetch(request_to(server, "/h2", HttpVersion::Any)); });
    REQUIRE(multiplexed.get());
    busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    REQUIRE(eventually([&] { return arrived.load(); }));

    std::atomic<bool> drained{false};
    server.on_loop(
        [&](HttpServer& http) { http.drain(Milliseconds(5000), [&] { drained = true; }); });
    CHECK(idle.read_all().empty());
    CHECK(idle.is_closed());
    idle.close();
    CHECK_FALSE(drained);
    server.on_loop([&](HttpServer&) {
        kept->send({200, {}, "finished"});
        kept.reset();
    });
    const auto answer = busy.read_all();
    busy.close();

    CHECK(answer.find("connection: close") != std::string::npos);
    CHECK(answer.find("finished") != std::string::npos);
    CHECK(eventually([&] { return drained.load(); }));
}

TEST_CASE("draining gives up at its limit", "[net]") {
    std::shared_ptr<Responder> kept;
    std::atomic<bool> arrived{false};
    ServerFixture server([&](Request&&, Responder responder) {
        kept = std::make_shared<Responder>(std::move(responder));
        arrived = true;
    });
    TlsPeer busy(server.endpoint());
    busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    REQUIRE(eventually([&] { return arrived.load(); }));

    std::atomic<bool> drained{false};
    server.on_loop(
        [&](HttpServer& http) { http.drain(Milliseconds(100), [&] { drained = true; }); });

    CHECK(eventually([&] { return drained.load(); }));
    server.on_loop([&](HttpServer&) { kept.reset(); });
}

TEST_CASE("a new certificate is served at once and keeps HTTP/2", "[net][rfc7301]") {
    ServerFixture server(echo);
    TlsPeer old(server.endpoint());
    const auto pair = make_self_signed({"next.example"});
    REQUIRE(pair);
    const auto next = ServerTls::from_pem(pair->certificate, pair->key);
    REQUIRE(next);

    server.certificates().replace(*next);
    const TlsPeer fresh(server.endpoint(), "h2");

    CHECK(fresh.fingerprint() == (*next)->fingerprint());
    CHECK(fresh.alpn() == "h2");
    CHECK(old.fingerprint() != fresh.fingerprint());
    old.send("GET /old HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(old.read_until("/old 0").find("200 OK") != std::string::npos);
}

TEST_CASE("the counters tell what happened", "[net]") {
    const ServerFixture server(echo);
    REQUIRE(fetch(request_to(server, "/", HttpVersion::Http1)));
    REQUIRE(fetch(request_to(server, "/", HttpVersion::Any)));
    TlsPeer(server.endpoint()).send("nonsense\r\n\r\n");

    const auto& counters = server.counters();
    CHECK(eventually([&] { return count(counters.responses[4]) == 1; }));
    CHECK(count(counters.responses[2]) == 2);
    CHECK(count(counters.requests_http1) == 1);
    CHECK(count(counters.requests_http2) == 1);
    CHECK(count(counters.connections_total) == 3);
    CHECK(count(counters.octets_received) > 0);
    CHECK(count(counters.octets_sent) > 0);
    CHECK(eventually([&] { return count(counters.connections_open) == 0; }));
}

}  // namespace
}  // namespace hairpin::net
