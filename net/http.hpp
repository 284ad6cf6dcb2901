// net/http.hpp - what an HTTP handler sees: a whole request, and a Responder to answer it with.
//
// The same for HTTP/1.1 and HTTP/2. No routing, no JSON, no authentication (admin/), no sockets
// (http_server.hpp) and no wire format (h1_codec.hpp, h2_codec.hpp).
//
// Standards RFC 9110 (semantics), RFC 3986 section 2.1 (percent-encoding), RFC 9457 (problem
// documents). Threads   Request and Response are values. A Responder is used on its loop's thread;
// it may be moved and dropped
//           anywhere. From another thread: `auto& loop = responder.loop(); loop.post(..)`.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ip_address.hpp"
#include "net/loop.hpp"

namespace hairpin::net {

/// The methods we implement; the server itself answers 501 to any other.
enum class Method : std::uint8_t { Get, Head, Post, Put, Patch, Delete, Options };

/// Case-sensitive (RFC 9110 section 9.1); nullopt for a method that we do not implement.
[[nodiscard]] std::optional<Method> parse_method(std::string_view text) noexcept;
[[nodiscard]] std::string_view to_string(Method method) noexcept;

struct Header {
    std::string name;  // Lower case.
    std::string value;
    friend bool operator==(const Header&, const Header&) = default;
};

/// A request with its whole body.
struct Request {
    Method method = Method::Get;
    std::string method_text;
    std::string target;  // Origin form as received: "/v1/zones?limit=10".
    std::string path;    // Before the "?", not percent-decoded, so that %2F is not a separator.
    std::string query;   // After the "?", not decoded.
    std::vector<Header> headers;  // In the order received. HTTP/2's :authority stands as "host".
    std::string body;
    IpAddress peer;
    std::uint16_t peer_port = 0;
    Endpoint local;    // Where the connection came to.
    int version = 11;  // 10, 11 or 20.

    /// The first header of that (lower-case) name. The view lives as long as the request.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
    /// The first parameter of that name in the query, decoded ("+" is a space). Nullopt: it is
    /// absent, or its percent-encoding is broken.
    [[nodiscard]] std::optional<std::string> query_parameter(std::string_view name) const;
};

/// Decodes %XX; nullopt where a "%" is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// Splits an origin-form target into the request's target, path and query.
/// False if it does not begin with "/", or holds a fragment, white space, control or non-ASCII
/// octets.
[[nodiscard]] bool set_target(Request& request, std::string_view target);

struct Response {
    int status = 200;
    /// Any case of the name; content-length, date and connection are the server's own and dropped
    /// here.
    std::vector<Header> headers;
    std::string body;
};

/// "Not Found" for 404; empty for a status without a registered phrase.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

/// An RFC 9457 document of type about:blank:
/// {"type":"about:blank","title":..,"status":..,"detail":..}.
[[nodiscard]] Response problem_response(int status, std::string_view detail = {});

/// Names one exchange (a request and its response) of a connection.
using ExchangeId = std::uint64_t;

/// Where a Responder's calls go: a connection, or a test (tests/support/captured_response.hpp).
/// Calls about an exchange that is over, or never was, have no effect.
class ResponseSink {
public:
    virtual ~ResponseSink() = default;
    virtual void respond(ExchangeId exchange, Response&& response) = 0;
    virtual void begin(ExchangeId exchange, Response&& head) = 0;
    [[nodiscard]] virtual bool write(ExchangeId exchange, std::string&& chunk) = 0;
    virtual void end(ExchangeId exchange) = 0;
    /// The handler has let go of it: 500 before begin(), a broken-off stream after.
    virtual void abandon(ExchangeId exchange) = 0;
    [[nodiscard]] virtual bool is_open(ExchangeId exchange) const = 0;
    virtual void on_writable(ExchangeId exchange, std::function<void()> callback) = 0;
    virtual void on_gone(ExchangeId exchange, std::function<void()> callback) = 0;
};

/// The right to answer one request, once, now or later. Dropped unsent it answers 500.
///
/// Either send(), or begin(), any number of write(), end().
class [[nodiscard]] Responder {
public:
    Responder(Loop& loop, std::weak_ptr<ResponseSink> sink, ExchangeId exchange) noexcept
        : loop_(&loop), sink_(std::move(sink)), exchange_(exchange) {}
    Responder(Responder&& other) noexcept;
    Responder& operator=(Responder&& other) noexcept;
    Responder(const Responder&) = delete;
    Responder& operator=(const Responder&) = delete;
    ~Responder() { drop(); }

    /// Answers. Nothing happens if the peer has gone, or if it was answered already.
    void send(Response response);

    /// Starts a response of unknown length; `head.body`, if any, is its first chunk.
    void begin(Response head);
    /// Queues a chunk. False: enough is queued (ServerOptions::stream_high_water); write again
    /// after on_writable's callback. Far above that mark the server gives up on the peer.
    bool write(std::string chunk);
    void end();
    /// Called each time the queue has fallen below half the mark after a write() that returned
    /// false.
    void on_writable(std::function<void()> callback);
    /// Called once if the peer goes away before the response is complete.
    void on_gone(std::function<void()> callback);

    /// Whether the peer still waits for this answer.
    [[nodiscard]] bool is_open() const;
    [[nodiscard]] Loop& loop() const noexcept { return *loop_; }

private:
    enum class State : std::uint8_t { Unsent, Streaming, Done };
    void drop() noexcept;

    Loop* loop_;  // Outlives every responder: the daemon stops its servers before its loops.
    std::weak_ptr<ResponseSink> sink_;
    ExchangeId exchange_;
    State state_ = State::Unsent;
};

/// Called on the loop's thread for each complete request. It must not block.
using Handler = std::function<void(Request&&, Responder)>;

}  // namespace hairpin::net
