#include "net/h2_codec.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "core/assert.hpp"
#include "net/h2_stream.hpp"

namespace hairpin::net {
namespace {

constexpr std::uint32_t kStreamWindow = 256 * 1024;
constexpr std::int32_t kConnectionWindow = 1024 * 1024;
constexpr std::size_t kMaxSettings = 32;
constexpr std::uint64_t kResetBurst = 500;  // RST_STREAM frames from a peer at once,
constexpr std::uint64_t kResetRate = 50;    // and per second.
constexpr std::size_t kMaxContinuations = 8;

std::string_view view(const std::uint8_t* octets, std::size_t size) noexcept {
    return as_text({octets, size});
}

}  // namespace

struct H2Codec::Callbacks {
    using TableHandle = Handle<nghttp2_session_callbacks, nghttp2_session_callbacks_del>;
    using OptionHandle = Handle<nghttp2_option, nghttp2_option_del>;

    TableHandle table;
    OptionHandle option;

    Callbacks() {
        nghttp2_session_callbacks* made = nullptr;
        nghttp2_option* made_option = nullptr;
        HAIRPIN_ASSERT(nghttp2_session_callbacks_new(&made) == 0);
        HAIRPIN_ASSERT(nghttp2_option_new(&made_option) == 0);
        table.reset(made);
        option.reset(made_option);
        nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(made, on_header);
        nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_chunk);
        nghttp2_session_callbacks_set_on_stream_close_callback(made, on_close);
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, on_invalid);
        nghttp2_option_set_max_settings(made_option, kMaxSettings);
        nghttp2_option_set_stream_reset_rate_limit(made_option, kResetBurst, kResetRate);
        nghttp2_option_set_max_continuations(made_option, kMaxContinuations);
        nghttp2_option_set_server_fallback_rfc7540_priorities(made_option, 0);
        nghttp2_option_set_no_closed_streams(made_option, 1);
    }

    static H2Codec& codec(void* user) { return *static_cast<H2Codec*>(user); }
    static Stream* stream(nghttp2_session* session, std::int32_t id) {
        return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
    }

    static int on_begin_headers(nghttp2_session* /*session*/, const nghttp2_frame* frame,
                                void* user) {
        auto& self = codec(user);
        self.in_head_ = true;
        self.head_since_ = self.now_;
        if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) self.open_stream(frame->hd.stream_id);
        return 0;
    }

    static int on_header(nghttp2_session* session, const nghttp2_frame* frame,
                         const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                         std::size_t value_size, std::uint8_t /*flags*/, void* user) {
        auto* found = stream(session, frame->hd.stream_id);
        // RFC 9110 section 6.5.1: trailers may be ignored.
        if (found == nullptr || found->head_done) return 0;
        codec(user).add_field(*found, view(name, name_size), view(value, value_size));
        return 0;
    }

    static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
        auto& self = codec(user);
        if (frame->hd.type == NGHTTP2_HEADERS) self.in_head_ = false;
        if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
        auto* found = stream(session, frame->hd.stream_id);
        if (found == nullptr) return 0;
        if (!found->head_done) {
            found->ends_with_head = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
            self.finish_head(*found);
        }
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) self.deliver(*found);
        return 0;
    }

    static int on_chunk(nghttp2_session* session, std::uint8_t /*flags*/, std::int32_t id,
                        const std::uint8_t* octets, std::size_t size, void* user) {
        if (auto* found = stream(session, id)) codec(user).add_body(*found, view(octets, size));
        return 0;
    }

    // nghttp2 resets the stream or ends the connection; in either case the header block is over.
    static int on_invalid(nghttp2_session* /*session*/, const nghttp2_frame* /*frame*/,
                          int /*code*/, void* user) {
        codec(user).in_head_ = false;
        return 0;
    }

    static int on_close(nghttp2_session* /*session*/, std::int32_t id, std::uint32_t /*code*/,
                        void* user) {
        codec(user).close_stream(id);
        return 0;
    }

    static ssize_t on_read(nghttp2_session* /*session*/, std::int32_t /*id*/, std::uint8_t* room,
                           std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                           void* user) {
        return codec(user).read_body(*static_cast<Stream*>(source->ptr), {room, size}, *flags);
    }
};

H2Codec::H2Codec(CodecEnvironment& environment, Endpoint peer, MonotonicTime now)
    : environment_(environment), peer_(peer), now_(now), idle_since_(now), head_since_(now) {
    static const Callbacks callbacks;  // Immutable, the same for every connection.
    nghttp2_session* made = nullptr;
    HAIRPIN_ASSERT(nghttp2_session_server_new2(&made, callbacks.table.get(), this,
                                               callbacks.option.get()) == 0);
    session_.reset(made);
    const auto& options = environment_.options;
    const std::array<nghttp2_settings_entry, 4> settings{{
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.max_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(options.max_head)},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    }};
    nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

H2Codec::~H2Codec() = default;

void H2Codec::feed(OctetView octets, MonotonicTime now) {
    now_ = now;
    if (broken_ || octets.empty()) return;
    // A negative result is a peer that floods us or does not speak HTTP/2 at all; protocol errors
    // are answered with GOAWAY by nghttp2 itself.
    if (nghttp2_session_mem_recv(session_.get(), octets.data(), octets.size()) < 0) broken_ = true;
}

// Also while answers wait: it is by reading that we learn of the peer's windows. What comes then is
// bounded by max_streams, and waits (hand_over_next).
bool H2Codec::wants_input() const {
    return !broken_ && nghttp2_session_want_read(session_.get()) != 0;
}

std::vector<CodecEvent> H2Codec::take_events() {
    hand_over_next();
    return std::exchange(events_, {});
}

void H2Codec::close_stream(std::int32_t id) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    auto& stream = *found->second;
    if (!stream.head_done) in_head_ = false;
    if (stream.receiving) --receiving_;
    held_body_ -= stream.held.size();
    queued_ -= stream.output.size();
    if (stream.reported && (!stream.answered || stream.streaming)) {
        events_.push_back(ExchangeGone{static_cast<ExchangeId>(id)});
    }
    streams_.erase(found);
    if (streams_.empty()) idle_since_ = now_;
}

void H2Codec::submit(Stream& stream, const Response& response, Length length_is) {
    const bool length_known = length_is == Length::Known;
    std::array<char, 8> status{};
    std::array<char, 24> length{};
    const auto field = [this](std::string_view name, std::string_view value) {
        // nghttp2's struct is not const-correct; it copies both.
        const auto octets = [](std::string_view text) {
            return const_cast<std::uint8_t*>(as_octets(text).data());
        };
        fields_.push_back(
            {octets(name), octets(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    };
    const auto digits = [](auto& room, std::size_t number) {
        const auto end = std::to_chars(room.data(), room.data() + room.size(), number);
        return std::string_view(room.data(), static_cast<std::size_t>(end.ptr - room.data()));
    };
    fields_.clear();
    field(":status", digits(status, static_cast<std::size_t>(response.status)));
    field("date", environment_.date);
    for (const auto& [name, value] : response.headers)
        field(name, value);
    if (length_known && !has_no_content(response.status)) {
        field("content-length", digits(length, response.body.size()));
    }
    stream.answered = true;
    held_body_ -= stream.held.size();
    stream.held.release();
    const bool bodiless = stream.is_head_request || has_no_content(response.status) ||
                          (length_known && response.body.empty());
    nghttp2_data_provider provider{};
    provider.source.ptr = &stream;
    provider.read_callback = Callbacks::on_read;
    const int result = nghttp2_submit_response(session_.get(), stream.id, fields_.data(),
                                               fields_.size(), bodiless ? nullptr : &provider);
    if (result != 0) broken_ = true;
}

void H2Codec::queue(Stream& stream, std::string&& chunk) {
    if (chunk.empty()) return;
    queued_ += chunk.size();
    stream.output.push(std::move(chunk));
    if (std::exchange(stream.deferred, false))
        nghttp2_session_resume_data(session_.get(), stream.id);
}

std::ptrdiff_t H2Codec::read_body(Stream& stream, std::span<std::uint8_t> room,
                                  std::uint32_t& flags) {
    const std::size_t filled = stream.output.fill(room);
    queued_ -= filled;
    pace_.moved(environment_.options, filled, now_);
    if (stream.owes_writable && stream.output.size() < environment_.options.stream_high_water / 2) {
        stream.owes_writable = false;
        events_.push_back(StreamWritable{static_cast<ExchangeId>(stream.id)});
    }
    if (stream.output.empty() && !stream.streaming) {
        flags |= NGHTTP2_DATA_FLAG_EOF;
    } else if (filled == 0) {
        stream.deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<std::ptrdiff_t>(filled);
}

std::size_t H2Codec::fill_output(std::span<std::uint8_t> room, MonotonicTime now) {
    now_ = now;
    if (queued_ > 0) pace_.begin(environment_.options, now);
    std::size_t filled = 0;
    while (filled < room.size() && !broken_) {
        if (frame_.empty()) {
            const std::uint8_t* octets = nullptr;
            const auto size = nghttp2_session_mem_send(session_.get(), &octets);
            if (size < 0) broken_ = true;
            if (size <= 0) break;
            frame_ = {octets, static_cast<std::size_t>(size)};
        }
        const std::size_t step = std::min(room.size() - filled, frame_.size());
        std::memcpy(room.data() + filled, frame_.data(), step);
        frame_ = frame_.subspan(step);
        filled += step;
    }
    if (queued_ == 0) pace_.end();
    return filled;
}

bool H2Codec::is_finished() const {
    if (broken_) return true;
    return frame_.empty() && nghttp2_session_want_read(session_.get()) == 0 &&
           nghttp2_session_want_write(session_.get()) == 0;
}

H2Codec::Stream* H2Codec::find(ExchangeId exchange) const {
    const auto found = streams_.find(static_cast<std::int32_t>(exchange));
    if (found == streams_.end() || !found->second->reported || broken_) return nullptr;
    return found->second.get();
}

H2Codec::Stream* H2Codec::find_unanswered(ExchangeId exchange) const {
    auto* stream = find(exchange);
    return stream != nullptr && !stream->answered ? stream : nullptr;
}

void H2Codec::respond(ExchangeId exchange, Response&& response) {
    auto* stream = find_unanswered(exchange);
    if (stream == nullptr) return;
    normalise(response, environment_.counters);
    submit(*stream, response, Length::Known);
    if (!stream->is_head_request) queue(*stream, std::move(response.body));
}

void H2Codec::begin(ExchangeId exchange, Response&& head) {
    auto* stream = find_unanswered(exchange);
    if (stream == nullptr) return;
    normalise(head, environment_.counters);
    submit(*stream, head, Length::Unknown);
    stream->streaming = !stream->is_head_request && !has_no_content(head.status);
    if (stream->streaming) queue(*stream, std::move(head.body));
}

bool H2Codec::write(ExchangeId exchange, std::string&& chunk) {
    auto* stream = find(exchange);
    if (stream == nullptr || !stream->streaming) return false;
    const auto& options = environment_.options;
    queue(*stream, std::move(chunk));
    if (stream->output.size() > options.max_stream_queue) {
        abandon(exchange);
        return false;
    }
    stream->owes_writable = stream->output.size() >= options.stream_high_water;
    return !stream->owes_writable;
}

void H2Codec::end(ExchangeId exchange) {
    auto* stream = find(exchange);
    if (stream == nullptr || !stream->streaming) return;
    stream->streaming = false;
    if (std::exchange(stream->deferred, false))
        nghttp2_session_resume_data(session_.get(), stream->id);
}

void H2Codec::abandon(ExchangeId exchange) {
    if (find_unanswered(exchange) != nullptr) return respond(exchange, problem_response(500));
    auto* stream = find(exchange);
    if (stream == nullptr || !stream->streaming) return;
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream->id,
                              NGHTTP2_INTERNAL_ERROR);
}

bool H2Codec::is_open(ExchangeId exchange) const {
    const auto* stream = find(exchange);
    return stream != nullptr && (!stream->answered || stream->streaming);
}

std::optional<MonotonicTime> H2Codec::deadline() const {
    const auto& options = environment_.options;
    if (streams_.empty()) return idle_since_ + options.idle_time;
    std::optional<MonotonicTime> earliest;
    const auto consider = [&earliest](MonotonicTime time) {
        if (!earliest || time < *earliest) earliest = time;
    };
    if (in_head_) consider(head_since_ + options.head_time);
    // A peer that opens no flow-control window would make us hold its responses for ever.
    if (pace_.due()) consider(*pace_.due());
    if (receiving_ == 0) return earliest;
    for (const auto& [id, stream] : streams_) {
        if (stream->receiving && stream->head_done) consider(body_due(*stream));
    }
    return earliest;
}

void H2Codec::on_deadline(MonotonicTime now) {
    const auto due = deadline();
    if (!due || *due > now) return;
    now_ = now;
    const auto& options = environment_.options;
    if (pace_.due() && *pace_.due() <= now) {
        broken_ = true;
    } else if (streams_.empty() || (in_head_ && head_since_ + options.head_time <= now)) {
        nghttp2_session_terminate_session(session_.get(), NGHTTP2_NO_ERROR);
    } else {
        refuse_late_bodies(now);
    }
}

MonotonicTime H2Codec::body_due(const Stream& stream) const {
    const auto& options = environment_.options;
    if (stream.answered) return stream.body_since + options.linger_time;
    return body_deadline(options, stream.body_since, stream.body_octets);
}

void H2Codec::refuse_late_bodies(MonotonicTime now) {
    for (const auto& [id, stream] : streams_) {
        if (!stream->receiving || !stream->head_done || body_due(*stream) > now) continue;
        if (stream->answered) {
            stream->body_since = now;
            reset(*stream, NGHTTP2_NO_ERROR);
        } else {
            refuse(*stream, {408, "the request did not arrive in time"});
        }
    }
}

void H2Codec::drain() {
    // RFC 9113 section 6.8: streams up to this one are finished, later ones can be safely sent
    // elsewhere.
    nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(session_.get()), NGHTTP2_NO_ERROR,
                          nullptr, 0);
}

}  // namespace hairpin::net
