// net/http_connection.hpp - one accepted connection: TLS on its descriptor, a codec behind it, a
// deadline over it.
//
//   Handshaking --TLS done--> Serving --codec finished--> Lingering --peer closed or time--> Closed
//        \--failed, time--> Closed  \--peer closed, write stalled--> Closed
//
// Lingering: we have sent all and our FIN, and read what still comes so that the kernel does not
// answer it with a reset that would destroy our last words (RFC 9112 section 9.6). Used by
// net/http_server only.
//
// Standards RFC 8446 section 6.1 (close_notify), RFC 9112 section 9.6, RFC 7301.
// Threads   The loop's.

#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>

#include "core/fd.hpp"
#include "core/handle.hpp"
#include "core/ip_address.hpp"
#include "net/http.hpp"
#include "net/http_codec.hpp"
#include "net/loop.hpp"
#include "net/timer_wheel.hpp"

namespace hairpin::net::detail {

class HttpServerState;

using SslHandle = Handle<SSL, SSL_free>;

class HttpConnection final : public ResponseSink,
                             public WheelNode,
                             public std::enable_shared_from_this<HttpConnection> {
public:
    HttpConnection(std::shared_ptr<HttpServerState> server, Fd socket, Endpoint peer, SslHandle tls,
                   std::uint64_t ticket);
    ~HttpConnection() override;

    /// Begins the handshake. False if the loop cannot watch the socket.
    [[nodiscard]] bool start();
    /// The armed deadline has passed.
    void on_deadline();
    void drain();
    /// Closes at once and tells the server; handlers that asked learn that the peer has gone.
    void close();

    [[nodiscard]] const Endpoint& peer() const noexcept { return peer_; }
    /// Its place among the server's handshakes.
    [[nodiscard]] std::uint64_t ticket() const noexcept { return ticket_; }

    void respond(ExchangeId exchange, Response&& response) override;
    void begin(ExchangeId exchange, Response&& head) override;
    [[nodiscard]] bool write(ExchangeId exchange, std::string&& chunk) override;
    void end(ExchangeId exchange) override;
    void abandon(ExchangeId exchange) override;
    [[nodiscard]] bool is_open(ExchangeId exchange) const override;
    void on_writable(ExchangeId exchange, std::function<void()> callback) override;
    void on_gone(ExchangeId exchange, std::function<void()> callback) override;

private:
    struct Handshaking {
        MonotonicTime until;
    };
    struct Serving {
        std::unique_ptr<HttpCodec> codec;
        bool stalled = false;  // The kernel takes no more octets.
        SendPace pace;
    };
    struct Lingering {
        MonotonicTime until;
    };
    struct Closed {};
    struct Callbacks {
        std::function<void()> on_writable;
        std::function<void()> on_gone;
    };
    enum class Step : std::uint8_t { Again, Rest };

    void on_ready(PollEvents events);
    void shake_hands();
    void pump();
    [[nodiscard]] Step step(Serving& serving);
    [[nodiscard]] bool deliver(HttpCodec& codec);
    void on_event(RequestReady&& ready);
    void on_event(ExchangeGone&& gone);
    void on_event(StreamWritable&& writable);
    [[nodiscard]] bool flush(Serving& serving);
    [[nodiscard]] bool send(Serving& serving, OctetView octets);
    [[nodiscard]] bool read(Serving& serving);
    void linger();
    void discard();
    void settle();
    [[nodiscard]] HttpCodec* codec() const noexcept;
    [[nodiscard]] Interest interest() const;
    [[nodiscard]] std::optional<MonotonicTime> deadline() const;
    void finish_exchange(ExchangeId exchange);

    std::shared_ptr<HttpServerState> server_;
    Fd socket_;
    Endpoint peer_;
    Endpoint local_;
    std::uint64_t ticket_;
    SslHandle tls_;
    Poll poll_;
    std::variant<Handshaking, Serving, Lingering, Closed> state_;
    Interest handshake_interest_ = Interest::Read;
    bool readable_ = false;  // SSL_read() may give something without waiting.
    bool pumping_ = false;
    unsigned reads_left_ = 0;  // Before other connections get their turn.
    std::string
        unsent_;  // What the kernel did not take; SSL_write() must see the same octets again.
    std::unordered_map<ExchangeId, Callbacks> callbacks_;
};

}  // namespace hairpin::net::detail
