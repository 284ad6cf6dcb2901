// net/http_server_state.hpp - what HttpServer and its connections share.
//
// Threads   The loop's.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "core/fd.hpp"
#include "core/ip_address.hpp"
#include "net/http.hpp"
#include "net/http_codec.hpp"
#include "net/http_connection.hpp"
#include "net/http_server.hpp"
#include "net/loop.hpp"
#include "net/timer_wheel.hpp"
#include "net/tls.hpp"
#include "net/turn_budget.hpp"

namespace hairpin::net::detail {

class HttpServerState final : public std::enable_shared_from_this<HttpServerState> {
public:
    /// One TLS record's worth; read into and written from by one connection at a time.
    static constexpr std::size_t kBufferOctets = 16'384;

    HttpServerState(Loop& loop, std::shared_ptr<const CertificateSlot> certificates,
                    ServerOptions options, Handler handler);

    /// Errors: Unavailable the loop cannot watch a listener.
    [[nodiscard]] Result<void> listen(std::vector<Fd> listeners);
    void drain(Milliseconds limit, std::function<void()> on_done);
    void close_all();
    /// Closes everything and calls nobody back.
    void shut_down();

    [[nodiscard]] Loop& loop() noexcept { return loop_; }
    [[nodiscard]] CodecEnvironment& environment() noexcept { return environment_; }
    [[nodiscard]] const ServerOptions& options() const noexcept { return environment_.options; }
    [[nodiscard]] HttpCounters& counters() noexcept { return environment_.counters; }
    [[nodiscard]] TimerWheel& wheel() noexcept { return wheel_; }
    [[nodiscard]] std::span<std::uint8_t> buffer() noexcept { return buffer_; }
    [[nodiscard]] bool is_draining() const noexcept { return draining_; }
    void handle(Request&& request, Responder responder);

    /// Whether a handshake may go on in this turn; else poll says again that it is ready.
    [[nodiscard]] bool may_shake_hands() noexcept { return handshake_budget_.take(); }

    enum class Handshake : std::uint8_t { Done, Failed };
    /// A connection is through its handshake, or gave up; there is room for another.
    void handshake_over(const HttpConnection& connection, Handshake how);
    /// The last word of a connection.
    void forget(HttpConnection& connection);

private:
    struct Listener {
        Fd socket;
        Poll poll;
    };
    struct PeerHash {
        std::size_t operator()(const IpAddress& address) const noexcept;
    };

    /// What one peer has open.
    struct Peer {
        std::size_t connections = 0;
        std::size_t handshakes = 0;
    };
    struct HandshakePlace {
        HttpConnection* connection;
        Peer* peer;  // Its node in per_peer_, which stays where it is.
    };

    struct FloodWarning {
        MonotonicTime at{};
        std::uint64_t count = 0;
    };

    void tick();
    void accept_some(const Listener& listener);
    void admit(Fd socket, const Endpoint& peer);
    void pause_accepting(const char* reason);
    void resume_accepting();
    [[nodiscard]] bool has_room() const noexcept;
    [[nodiscard]] bool make_room(const IpAddress& newcomer);
    void displace(const Peer* whose);
    [[nodiscard]] SslHandle make_tls(int socket);
    void warn_of_floods();
    /// How often it happened since the last warning, 0 if it is not yet time for another.
    [[nodiscard]] std::uint64_t news(FloodWarning& last, const HttpCounters::Count& count) const;
    void finish_drain_if_empty();

    Loop& loop_;
    std::shared_ptr<const CertificateSlot> certificates_;
    CodecEnvironment environment_;
    Handler handler_;
    TimerWheel wheel_;
    Timer ticks_;
    Timer drain_limit_;
    SystemClock clock_;
    WallTime dated_{};
    std::vector<Listener> listeners_;
    std::vector<std::uint8_t> buffer_;
    std::unordered_map<HttpConnection*, std::shared_ptr<HttpConnection>> connections_;
    std::unordered_map<IpAddress, Peer, PeerHash> per_peer_;
    std::map<std::uint64_t, HandshakePlace> handshakes_;  // In progress, by ticket: oldest first.
    std::uint64_t next_ticket_ = 0;
    TurnBudget handshake_budget_;
    std::shared_ptr<const ServerTls> tls_;
    std::uint64_t tls_generation_ = 0;
    MonotonicTime accept_again_{};  // No accept before; after running out of descriptors.
    MonotonicTime warned_{};        // Of running out of descriptors.
    FloodWarning displaced_warned_;
    FloodWarning bodies_warned_;
    bool paused_ = false;
    bool draining_ = false;
    std::function<void()> on_drained_;
};

}  // namespace hairpin::net::detail
