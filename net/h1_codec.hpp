// net/h1_codec.hpp - the server's side of one HTTP/1.x connection, without I/O.
//
//   Head --head complete--> Body --body complete--> Busy --response sent--> Head
//     \--refused--> Closing <--refused--/              \--Connection: close--> Closing
//
// One request is worked on at a time: what a pipelining peer sends meanwhile waits, up to one
// head's worth, and answers go out in order (RFC 9112 section 9.3.2). What a message may look like
// is net/h1_parser's business.
//
// Standards RFC 9112; RFC 9110 section 10.1.1 (100-continue), 9.3.2 (HEAD).
// Threads   The connection's.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/h1_parser.hpp"
#include "net/http_codec.hpp"

namespace hairpin::net {

class H1Codec final : public HttpCodec {
public:
    /// `environment` outlives the codec.
    H1Codec(CodecEnvironment& environment, Endpoint peer, MonotonicTime now);

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
    enum class Stage : std::uint8_t { Head, Body, Busy, Closing };
    enum class Reply : std::uint8_t { Awaited, Streaming, Complete };
    enum class Framing : std::uint8_t { Length, Chunked, UntilClose };

    [[nodiscard]] bool is_idle() const noexcept;
    [[nodiscard]] std::size_t parse(std::string_view octets);
    [[nodiscard]] std::size_t parse_head(std::string_view octets);
    [[nodiscard]] std::size_t parse_body(std::string_view octets);
    [[nodiscard]] std::size_t find_head_end(std::string_view octets);
    void accept_head(std::string_view head);
    void deliver();
    void refuse(Refusal refusal);
    void finish_exchange();
    void append_head(std::string& out, const Response& response, Framing framing) const;
    void push_chunk(std::string&& chunk);

    CodecEnvironment& environment_;
    Endpoint peer_;
    Stage stage_ = Stage::Head;
    Reply reply_ = Reply::Awaited;
    Framing framing_ = Framing::Length;
    bool keep_alive_ = true;
    bool draining_ = false;
    bool is_head_request_ = false;  // Its answer has no body.
    bool owes_writable_ = false;
    bool broken_ = false;  // The response cannot be completed: only closing tells the peer.
    int version_ = 11;

    std::string input_;             // Received and not parsed.
    std::size_t scanned_ = 0;       // Octets of the head in which no end was found.
    std::size_t line_start_ = 0;    // Where the head's last line begins.
    std::size_t blank_octets_ = 0;  // Of empty lines before the request line.
    std::optional<H1Parser> parser_;
    HeldBody held_;  // Of the request that the handler has.
    OutputQueue output_;
    std::vector<CodecEvent> events_;
    ExchangeId exchange_ = 0;
    MonotonicTime now_;
    MonotonicTime
        since_;  // When the stage began; in Head: when it became idle, then its first octet.
};

}  // namespace hairpin::net
