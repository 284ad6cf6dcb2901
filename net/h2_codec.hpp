// net/h2_codec.hpp - the server's side of one HTTP/2 connection, without I/O.
//
// nghttp2 does frames, HPACK, flow control and the flood limits (resets: CVE-2023-44487;
// CONTINUATION: CVE-2024-28182; SETTINGS and PING acknowledgements); this file makes requests of
// streams, bounds what they hold and answers. A stream is an exchange, its id the stream's.
//
// Standards RFC 9113; RFC 9110. Server push and priorities are not used (RFC 9113
// sections 5.3.2, 8.4). Threads   The connection's.

#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/handle.hpp"
#include "net/http_codec.hpp"

namespace hairpin::net {

class H2Codec final : public HttpCodec {
public:
    /// `environment` outlives the codec.
    H2Codec(CodecEnvironment& environment, Endpoint peer, MonotonicTime now);
    ~H2Codec() override;

    void feed(OctetView octets, MonotonicTime now) override;
    [[nodiscard]] bool wants_input() const override;
    [[nodiscard]] std::vector<CodecEvent> take_events() override;
    [[nodiscard]] std::size_t fill_output(std::span<std::uint8_t> room, MonotonicTime now) override;
    [[nodiscard]] bool is_finished() const override;
    [[nodiscard]] std::optional<MonotonicTime> deadline() const override;
    void on_deadline(MonotonicTime now) override;
    void drain() override;

    void respond(ExchangeId exchange, Response&& response) override;
    void begin(ExchangeId exchange, Response&& head) override;
    [[nodiscard]] bool write(ExchangeId exchange, std::string&& chunk) override;
    void end(ExchangeId exchange) override;
    void abandon(ExchangeId exchange) override;
    [[nodiscard]] bool is_open(ExchangeId exchange) const override;

private:
    struct Stream;
    struct Callbacks;  // What nghttp2 calls; they find the codec through its user pointer.
    using SessionHandle = Handle<nghttp2_session, nghttp2_session_del>;
    using StreamMap = std::unordered_map<std::int32_t, std::unique_ptr<Stream>>;

    enum class Length : std::uint8_t { Known, Unknown };

    [[nodiscard]] Stream* find(ExchangeId exchange) const;
    [[nodiscard]] Stream* find_unanswered(ExchangeId exchange) const;
    void open_stream(std::int32_t id);
    void add_field(Stream& stream, std::string_view name, std::string_view value);
    void add_pseudo_field(Stream& stream, std::string_view name, std::string_view value);
    void finish_head(Stream& stream);
    void send_continue(const Stream& stream);
    void add_body(Stream& stream, std::string_view octets);
    void discard(Stream& stream, std::size_t octets);
    void reset(Stream& stream, std::uint32_t code);
    void deliver(Stream& stream);
    void hand_over_next();
    void close_stream(std::int32_t id);
    void refuse(Stream& stream, Refusal refusal);
    void submit(Stream& stream, const Response& response, Length length_is);
    void queue(Stream& stream, std::string&& chunk);
    [[nodiscard]] std::ptrdiff_t read_body(Stream& stream, std::span<std::uint8_t> room,
                                           std::uint32_t& flags);
    [[nodiscard]] MonotonicTime body_due(const Stream& stream) const;
    void refuse_late_bodies(MonotonicTime now);

    CodecEnvironment& environment_;
    Endpoint peer_;
    SessionHandle session_;
    StreamMap streams_;
    std::vector<CodecEvent> events_;
    std::vector<std::int32_t>
        ready_;                       // Streams with a whole request that the handler has not seen.
    std::vector<nghttp2_nv> fields_;  // Reused from response to response.
    OctetView frame_;            // Not yet taken; nghttp2 keeps it until the next one is asked for.
    std::size_t receiving_ = 0;  // Streams whose body is still coming.
    std::size_t held_body_ = 0;  // Octets in the HeldBody of all streams.
    std::size_t queued_ = 0;     // Octets of response bodies in all streams.
    bool in_head_ = false;       // A header block has begun and not ended.
    bool broken_ = false;
    MonotonicTime now_;
    MonotonicTime idle_since_;
    MonotonicTime head_since_;
    SendPace pace_;  // Of response octets through the peer's flow-control windows.
};

}  // namespace hairpin::net
