// net/h1_parser.hpp - one HTTP/1.x request, read strictly.
//
// Boost.Beast's parser with the gaps closed that request smuggling lives from: exactly one Host,
// Transfer-Encoding exactly "chunked" and only on 1.1, one Content-Length and not both, no line
// folding, origin-form targets. It sees whole heads (net/h1_codec finds their end) and reads bodies
// as they come. The only file that knows Beast is h1_parser.cpp.
//
// Standards RFC 9112 sections 2, 3, 5, 6, 7; RFC 9110 sections 7.2 (Host), 10.1.1 (Expect).
// Threads   A value of one connection.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "core/result.hpp"
#include "net/http.hpp"
#include "net/http_codec.hpp"

namespace hairpin::net {

class H1Parser {
public:
    /// `environment` outlives the parser.
    explicit H1Parser(CodecEnvironment& environment);
    ~H1Parser();
    H1Parser(H1Parser&&) noexcept;
    H1Parser& operator=(H1Parser&&) noexcept;

    /// Reads a head: request line, fields and the empty line, all of it and nothing more. Once per
    /// parser.
    [[nodiscard]] Result<void, Refusal> read_head(std::string_view head);
    /// Reads of the body what is there. Returns the octets used, 0 if more are needed to go on.
    [[nodiscard]] Result<std::size_t, Refusal> read_body(std::string_view octets);

    /// The whole request has been read.
    [[nodiscard]] bool is_done() const noexcept;
    /// After read_head: what the peer wants for the connection (RFC 9112 section 9.3).
    [[nodiscard]] bool wants_keep_alive() const noexcept;
    /// After read_head: "Expect: 100-continue" of an HTTP/1.1 request.
    [[nodiscard]] bool expects_continue() const noexcept;
    /// The request as far as it has been read.
    [[nodiscard]] Request& request() noexcept;
    [[nodiscard]] const Request& request() const noexcept;
    /// What its body counts for; goes on counting for as long as the result is kept.
    [[nodiscard]] HeldBody take_held_body() noexcept;

private:
    class Strict;
    std::unique_ptr<Strict> strict_;
    bool is_in_line_ = false;  // The last read_body() ended inside a chunk-size line or a trailer.
};

}  // namespace hairpin::net
