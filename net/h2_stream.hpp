// net/h2_stream.hpp - what the HTTP/2 codec keeps for one stream. Private to h2_codec.cpp and
// h2_requests.cpp.
//
// Standards RFC 9113 section 5.1.
// Threads   The connection's.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "net/h2_codec.hpp"
#include "net/http_codec.hpp"

namespace hairpin::net {

struct H2Codec::Stream {
    explicit Stream(CodecEnvironment& environment) noexcept : held(environment) {}

    std::int32_t id = 0;
    Request request;
    std::string path;
    std::string authority;
    std::size_t head_octets = 0;
    std::size_t body_limit = 0;
    std::size_t body_octets = 0;  // Received.
    HeldBody held;                // Of these, what is not yet answered.
    MonotonicTime body_since{};
    Refusal refusal;            // Set while the head is read, answered at its end.
    std::size_t discarded = 0;  // Octets of the body after it was refused.
    bool head_done = false;
    bool ends_with_head = false;   // There is no body.
    bool is_head_request = false;  // Its answer has no body.
    bool receiving = false;        // The peer has not ended its side.
    bool reported = false;         // The handler has the request.
    bool answered = false;         // A response head was submitted.
    bool streaming = false;        // More response body may come.
    bool deferred = false;         // nghttp2 waits for resume_data.
    bool owes_writable = false;
    OutputQueue output;
};

}  // namespace hairpin::net
