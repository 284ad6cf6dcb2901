// net/http_server.hpp - HTTP/1.1 and HTTP/2 over TLS on one loop.
//
// Accepts on its listeners, speaks TLS on the descriptor, gives whole requests to a handler. A
// vendor runs one per HTTP loop, each with its own SO_REUSEPORT listeners and all with one
// CertificateSlot. Everything a stranger can make us hold is bounded (ServerOptions), everything a
// stranger can make us wait for has a deadline. Nothing is served in clear.
//
//   accept -> Handshaking -> Serving(h1 | h2 by ALPN) -> Lingering -> closed
//
// Standards RFC 9110, RFC 9112 (HTTP/1.1), RFC 9113 (HTTP/2), RFC 9457 (the server's own error
// answers). Threads   The loop's thread, except counters(), which any thread may read.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"
#include "net/http.hpp"
#include "net/loop.hpp"
#include "net/tls.hpp"

namespace hairpin::net {

struct ServerOptions {
    // How many. A newcomer that finds no place (max_connections, max_per_peer of its own peer,
    // max_handshakes) takes that of the oldest handshake, so that connections that say nothing hold
    // up nobody. Where none is in progress it waits in the kernel's backlog (max_connections) or is
    // closed (max_per_peer). A peer is an IPv4 address or an IPv6 /64.
    std::size_t max_connections = 16'384;
    std::size_t max_per_peer = 256;
    std::size_t max_handshakes = 1'024;
    // Handshakes of one peer that are left alone while a peer with more of them can give way: a
    // flood from one address costs nobody else a handshake.
    std::size_t max_handshakes_per_peer = 16;
    // Steps of handshakes in one turn of the loop. One costs as much as a hundred small requests;
    // what else the loop serves waits for no more than these.
    unsigned handshakes_per_turn = 16;
    std::uint32_t max_streams = 100;  // Concurrent requests of one HTTP/2 connection.

    // How large, in octets.
    std::size_t max_head = 16'384;  // Request line and header fields together.
    std::size_t max_target = 8'192;
    std::size_t max_fields = 128;  // Header fields, a number.
    std::size_t max_body = 65'536;
    std::size_t max_body_per_connection =
        16'777'216;  // All HTTP/2 streams of a connection together.
    // All connections of a server together. When so much is held, a connection may hold
    // kSmallBodies octets and is refused more: 503 with Retry-After.
    std::size_t max_bodies_in_flight = 268'435'456;
    static constexpr std::size_t kSmallBodies = 65'536;
    std::size_t stream_high_water = 262'144;   // When Responder::write() says wait.
    std::size_t max_stream_queue = 8'388'608;  // When it gives up on the peer.
    // Octets of answers that wait for a peer: while there are more, the handler gets no further
    // request of that connection.
    std::size_t max_output_per_connection = 1'048'576;

    // How long.
    Milliseconds handshake_time{5'000};
    Milliseconds head_time{5'000};
    Milliseconds body_time{10'000};     // Plus one second for each min_body_rate octets received.
    std::size_t min_body_rate = 4'096;  // Octets per second.
    Milliseconds idle_time{75'000};
    // How far a peer may fall behind in taking its answers, at min_write_rate. At a slower rate it
    // is closed in the end, however steadily it reads or opens its HTTP/2 windows.
    Milliseconds write_stall_time{15'000};
    std::size_t min_write_rate = 4'096;  // Octets per second.
    Milliseconds linger_time{2'000};

    /// The body limit of one request, asked when its head is complete and before any of its body is
    /// read; max_body where it is empty. It sees everything but the body (route, peer,
    /// authorization), so that a stranger may be given less than a client that says who it is.
    std::function<std::size_t(const Request& head)> body_limit;
};

/// Written by the loop's thread alone; read by anyone with relaxed loads.
struct HttpCounters {
    using Count = std::atomic<std::uint64_t>;
    Count connections_open{0};
    Count connections_total{0};
    Count connections_refused{0};  // Over max_per_peer.
    Count accept_failures{0};      // Out of descriptors or memory.
    Count handshakes_open{0};
    Count handshakes_failed{0};
    Count handshakes_displaced{0};  // Closed for a newcomer; failed as well.
    Count deadlines_passed{0};
    Count requests_http1{0};
    Count requests_http2{0};
    Count bodies_refused{0};           // By max_bodies_in_flight.
    std::array<Count, 6> responses{};  // By status class: [2] counts 2xx; [0] is unused.
    Count octets_received{0};          // Before encryption.
    Count octets_sent{0};

    static void add(Count& count, std::uint64_t by = 1) noexcept {
        count.store(count.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    }
    static void subtract(Count& count) noexcept {
        count.store(count.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    }
};

namespace detail {
class HttpServerState;
}

class HttpServer {
public:
    /// Starts to accept.
    /// @param listeners  Listening TCP sockets (net/socket.hpp); at least one.
    /// Errors: Unavailable the loop cannot watch a listener.
    [[nodiscard]] static Result<std::unique_ptr<HttpServer>> create(
        Loop& loop, std::vector<Fd> listeners, std::shared_ptr<const CertificateSlot> certificates,
        ServerOptions options, Handler handler);
    /// Closes everything at once; Responders that are left answer nobody.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Stops accepting, tells peers (GOAWAY; Connection: close), lets running requests finish.
    /// `on_done` is called once on the loop, at the latest after `limit`, when the last connection
    /// is closed.
    void drain(Milliseconds limit, std::function<void()> on_done);

    /// Any thread, while the server lives.
    [[nodiscard]] const HttpCounters& counters() const noexcept;

private:
    explicit HttpServer(std::shared_ptr<detail::HttpServerState> state) noexcept;
    std::shared_ptr<detail::HttpServerState> state_;
};

}  // namespace hairpin::net
