// The receiving half of net/h2_codec.hpp: streams become requests, within their limits.

#include <charconv>
#include <utility>

#include "net/h2_codec.hpp"
#include "net/h2_stream.hpp"

namespace hairpin::net {
namespace {

// Octets of a refused body that are read after all.
constexpr std::size_t kMaxDiscarded = 1'048'576;
// RFC 9113 section 6.5.2, SETTINGS_MAX_HEADER_LIST_SIZE.
constexpr std::size_t kFieldOverhead = 32;

}  // namespace

void H2Codec::open_stream(std::int32_t id) {
    auto stream = std::make_unique<Stream>(environment_);
    stream->id = id;
    stream->receiving = true;
    stream->request.version = 20;
    stream->request.peer = peer_.address;
    stream->request.peer_port = peer_.port;
    nghttp2_session_set_stream_user_data(session_.get(), id, stream.get());
    streams_.emplace(id, std::move(stream));
    ++receiving_;
}

void H2Codec::add_field(Stream& stream, std::string_view name, std::string_view value) {
    const auto& options = environment_.options;
    if (stream.refusal.status != 0) return;
    stream.head_octets += name.size() + value.size() + kFieldOverhead;
    if (stream.head_octets > options.max_head ||
        stream.request.headers.size() >= options.max_fields) {
        stream.refusal = {431, "the header is too large"};
        return;
    }
    if (name.front() == ':') return add_pseudo_field(stream, name, value);
    if (name == "host" && stream.request.header("host")) {
        stream.refusal = {400, "more than one Host"};
        return;
    }
    // RFC 9113 section 8.2.3: the pieces of a cookie are joined again.
    if (name == "cookie") {
        for (auto& header : stream.request.headers) {
            if (header.name != "cookie") continue;
            header.value.append("; ").append(value);
            return;
        }
    }
    stream.request.headers.push_back({std::string(name), std::string(value)});
}

// nghttp2 has checked that each appears once, in front and with a sound value (RFC 9113
// section 8.3).
void H2Codec::add_pseudo_field(Stream& stream, std::string_view name, std::string_view value) {
    if (name == ":method") stream.request.method_text = value;
    if (name == ":path") stream.path = value;
    if (name == ":authority") stream.authority = value;
}

void H2Codec::finish_head(Stream& stream) {
    stream.head_done = true;
    stream.body_since = now_;
    auto& request = stream.request;
    if (stream.refusal.status != 0) return refuse(stream, stream.refusal);
    if (stream.path.size() > environment_.options.max_target) {
        return refuse(stream, {414, "the request target is too long"});
    }
    const auto method = parse_method(request.method_text);
    if (!method) return refuse(stream, {501, "the method is not implemented"});
    request.method = *method;
    stream.is_head_request = *method == Method::Head;
    if (!set_target(request, stream.path)) {
        return refuse(stream, {400, "the request target is not in origin form"});
    }
    const auto host = request.header("host");
    // RFC 9113 section 8.3.1: a Host that differs from :authority is malformed.
    if (host && !stream.authority.empty() && *host != stream.authority) {
        return refuse(stream, {400, "Host differs from :authority"});
    }
    if (!is_authority(host ? *host : stream.authority)) {
        return refuse(stream, {400, "Host is missing or malformed"});
    }
    if (!host)
        request.headers.insert(request.headers.begin(), {"host", std::move(stream.authority)});
    stream.body_limit = environment_.body_limit(request);
    // nghttp2 has checked that it is a number and holds the body to it.
    const auto length = request.header("content-length");
    std::size_t announced = 0;
    if (length) std::from_chars(length->data(), length->data() + length->size(), announced);
    if (announced > stream.body_limit) return refuse(stream, {413, "the body is too large"});
    if (!stream.held.has_room_for(announced, held_body_)) {
        return refuse(stream, refuse_body(environment_));
    }
    if (request.header("expect") && !stream.ends_with_head) send_continue(stream);
}

// RFC 9110 section 10.1.1. Other expectations do not exist; here nobody is confused by one, unlike
// on HTTP/1.1.
void H2Codec::send_continue(const Stream& stream) {
    std::string name = ":status";
    std::string value = "100";
    nghttp2_nv field{reinterpret_cast<std::uint8_t*>(name.data()),
                     reinterpret_cast<std::uint8_t*>(value.data()), name.size(), value.size(),
                     NGHTTP2_NV_FLAG_NONE};
    nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, stream.id, nullptr, &field, 1,
                           nullptr);
}

void H2Codec::add_body(Stream& stream, std::string_view octets) {
    if (stream.answered) return discard(stream, octets.size());
    if (octets.size() > stream.body_limit - stream.body_octets) {
        return refuse(stream, {413, "the body is too large"});
    }
    const std::size_t others = held_body_ - stream.held.size();
    if (others > 0 && held_body_ + octets.size() > environment_.options.max_body_per_connection) {
        return refuse(stream, {503, "too many large requests at once on this connection"});
    }
    if (!stream.held.has_room_for(octets.size(), others)) {
        return refuse(stream, refuse_body(environment_));
    }
    stream.request.body.append(octets);
    stream.body_octets += octets.size();
    stream.held.add(octets.size());
    held_body_ += octets.size();
}

// The rest of a refused request is on its way. RFC 9113 section 8.1 lets us reset the stream at
// once, but clients that are still sending then (libcurl 7.88) take the reset for a failure and
// never look at the answer.
void H2Codec::discard(Stream& stream, std::size_t octets) {
    stream.discarded += octets;
    if (stream.discarded > kMaxDiscarded) reset(stream, NGHTTP2_NO_ERROR);
}

void H2Codec::reset(Stream& stream, std::uint32_t code) {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id, code);
}

void H2Codec::deliver(Stream& stream) {
    if (!stream.receiving) return;
    stream.receiving = false;
    --receiving_;
    if (!stream.answered) ready_.push_back(stream.id);
}

// One at a time, and none while many octets of earlier answers wait: a peer that asks and does not
// read makes us hold little more than max_output_per_connection.
void H2Codec::hand_over_next() {
    while (!ready_.empty() && queued_ <= environment_.options.max_output_per_connection) {
        const auto found = streams_.find(ready_.front());
        ready_.erase(ready_.begin());
        if (found == streams_.end()) continue;  // Reset while it waited.
        auto& stream = *found->second;
        stream.reported = true;
        HttpCounters::add(environment_.counters.requests_http2);
        events_.push_back(
            RequestReady{static_cast<ExchangeId>(stream.id), std::move(stream.request)});
        return;
    }
}

void H2Codec::refuse(Stream& stream, Refusal refusal) {
    if (stream.answered) return;
    stream.body_since = now_;
    stream.request = {};
    auto response = refusal_response(refusal, environment_.counters);
    submit(stream, response, Length::Known);
    if (!stream.is_head_request) queue(stream, std::move(response.body));
}

}  // namespace hairpin::net
