// net/http_codec.hpp - what HTTP/1.1 and HTTP/2 have in common for a connection: octets in,
// requests out.
//
// A codec does no I/O and reads no clock: it is fed octets and the time, reports events, and is
// asked for the octets to send. So that unit tests and fuzzers drive it in memory. Used by
// net/http_connection only.
//
// Standards RFC 9110.
// Threads   The connection's.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "net/http.hpp"
#include "net/http_server.hpp"

namespace hairpin::net {

/// What the codecs of one server share. It outlives them.
struct CodecEnvironment {
    ServerOptions options;
    HttpCounters counters;
    std::string date;  // IMF-fixdate (RFC 9110 section 5.6.7), refreshed by the server each second.
    std::size_t bodies_in_flight = 0;  // Octets, in all HeldBody of the server.

    [[nodiscard]] std::size_t body_limit(const Request& head) const {
        return options.body_limit ? options.body_limit(head) : options.max_body;
    }
};

/// A whole request: the handler's turn.
struct RequestReady {
    ExchangeId exchange;
    Request request;
};
/// The peer gave up an exchange whose request had been reported and whose response was not
/// complete.
struct ExchangeGone {
    ExchangeId exchange;
};
/// A stream that was told to wait may write again.
struct StreamWritable {
    ExchangeId exchange;
};
using CodecEvent = std::variant<RequestReady, ExchangeGone, StreamWritable>;

/// Why the server itself refuses a request: the status, and a sentence that outlives everything (a
/// literal).
struct Refusal {
    int status = 0;
    std::string_view detail;
};

/// The server's own answer to a refused request, fit to be sent. A 503 says when to come back.
[[nodiscard]] Response refusal_response(Refusal refusal, HttpCounters& counters);

/// The share of one request body in ServerOptions::max_bodies_in_flight, from its first octet until
/// the request is answered or gone. The octets themselves are elsewhere.
class HeldBody {
public:
    /// `environment` outlives it.
    explicit HeldBody(CodecEnvironment& environment) noexcept : environment_(&environment) {}
    HeldBody(HeldBody&& other) noexcept;
    HeldBody& operator=(HeldBody&& other) noexcept;
    HeldBody(const HeldBody&) = delete;
    HeldBody& operator=(const HeldBody&) = delete;
    ~HeldBody() { release(); }

    /// Whether so much more may be read.
    /// @param others  Octets that other requests of the same connection hold.
    [[nodiscard]] bool has_room_for(std::size_t octets, std::size_t others = 0) const noexcept;
    void add(std::size_t octets) noexcept;
    void release() noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    CodecEnvironment* environment_;
    std::size_t size_ = 0;
};

/// What a body is refused with for which HeldBody has no room; counts it.
[[nodiscard]] Refusal refuse_body(CodecEnvironment& environment) noexcept;

class HttpCodec {
public:
    virtual ~HttpCodec() = default;

    /// Takes all of `octets`. Errors are answered or end the connection; nothing is returned.
    virtual void feed(OctetView octets, MonotonicTime now) = 0;
    /// Whether more octets are welcome; false while too much waits to be handled.
    [[nodiscard]] virtual bool wants_input() const = 0;
    /// What has happened since the last call, at most one request; until it returns nothing there
    /// may be more. feed(), fill_output() and on_deadline() can cause events.
    [[nodiscard]] virtual std::vector<CodecEvent> take_events() = 0;
    /// Writes the next octets to send; 0 if there are none for now.
    [[nodiscard]] virtual std::size_t fill_output(std::span<std::uint8_t> room,
                                                  MonotonicTime now) = 0;
    /// Nothing will be sent or read any more: close.
    [[nodiscard]] virtual bool is_finished() const = 0;

    /// When on_deadline() wants to be called; nullopt while only the handler is awaited.
    [[nodiscard]] virtual std::optional<MonotonicTime> deadline() const = 0;
    virtual void on_deadline(MonotonicTime now) = 0;
    /// Finish what runs, begin nothing new.
    virtual void drain() = 0;

    // The handler's side; see ResponseSink.
    virtual void respond(ExchangeId exchange, Response&& response) = 0;
    virtual void begin(ExchangeId exchange, Response&& head) = 0;
    [[nodiscard]] virtual bool write(ExchangeId exchange, std::string&& chunk) = 0;
    virtual void end(ExchangeId exchange) = 0;
    virtual void abandon(ExchangeId exchange) = 0;
    [[nodiscard]] virtual bool is_open(ExchangeId exchange) const = 0;
};

/// Octets on their way out, without copying the chunks that come in.
class OutputQueue {
public:
    void push(std::string&& chunk);
    /// Moves up to `room.size()` octets out.
    [[nodiscard]] std::size_t fill(std::span<std::uint8_t> room) noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    void clear() noexcept;

private:
    std::vector<std::string> chunks_;
    std::size_t front_ = 0;   // Index of the first chunk that is not done.
    std::size_t offset_ = 0;  // Octets of it that are done.
    std::size_t size_ = 0;
};

/// Whether a peer takes its answers fast enough: it has write_stall_time, and wins back a second of
/// it with each min_write_rate octets. So a peer that takes nothing is given up as soon as one that
/// takes an octet now and then.
class SendPace {
public:
    /// Octets begin to wait for the peer, unless some have been waiting already.
    void begin(const ServerOptions& options, MonotonicTime now) noexcept;
    /// The peer took some of them.
    void moved(const ServerOptions& options, std::size_t octets, MonotonicTime now) noexcept;
    /// None wait any more.
    void end() noexcept { due_.reset(); }
    /// When the peer is too slow; nullopt while nothing waits for it.
    [[nodiscard]] std::optional<MonotonicTime> due() const noexcept { return due_; }

private:
    std::optional<MonotonicTime> due_;
};

/// Makes a handler's response fit to be sent: names in lower case, the server's own fields
/// (content-length, date, connection and its like) dropped, the body dropped for 204 and 304. A
/// status outside 200..599 or a field that is not one (RFC 9110 section 5.5: CR, LF or NUL in it)
/// makes the whole response a 500, counted like any other.
void normalise(Response& response, HttpCounters& counters);

/// Whether a response of that status has no content at all (RFC 9110 section 6.4.1).
[[nodiscard]] constexpr bool has_no_content(int status) noexcept {
    return status == 204 || status == 304;
}

/// Whether this can stand in a Host field or :authority: no user, path, list or white space; not
/// empty.
[[nodiscard]] bool is_authority(std::string_view text) noexcept;

/// IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT".
[[nodiscard]] std::string to_http_date(WallTime time);

/// When a body that began at `since` and of which `received` octets have come must be complete.
[[nodiscard]] MonotonicTime body_deadline(const ServerOptions& options, MonotonicTime since,
                                          std::size_t received) noexcept;

}  // namespace hairpin::net
