#include "net/h1_codec.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace hairpin::net {
namespace {

// RFC 9112 section 2.2: "at least one empty line (CRLF) received prior to the request-line" is
// ignored.
constexpr std::size_t kMaxBlankOctets = 4;

void append_number(std::string& out, std::size_t number, int base = 10) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base);
    out.append(digits.data(), end.ptr);
}

}  // namespace

H1Codec::H1Codec(CodecEnvironment& environment, Endpoint peer, MonotonicTime now)
    : environment_(environment), peer_(peer), held_(environment), now_(now), since_(now) {}

bool H1Codec::is_idle() const noexcept {
    return stage_ == Stage::Head && input_.empty();
}

void H1Codec::feed(OctetView octets, MonotonicTime now) {
    now_ = now;
    const auto text = as_text(octets);
    if (text.empty() || stage_ == Stage::Closing) return;
    if (is_idle()) since_ = now;
    if (input_.empty()) {
        const std::size_t used = parse(text);
        input_.assign(text.substr(used));
    } else {
        input_.append(text);
        input_.erase(0, parse(input_));
    }
    if (input_.empty()) input_.shrink_to_fit();  // An idle connection holds nothing.
}

bool H1Codec::wants_input() const {
    return stage_ != Stage::Closing && !broken_ && input_.size() < environment_.options.max_head;
}

std::vector<CodecEvent> H1Codec::take_events() {
    return std::exchange(events_, {});
}

std::size_t H1Codec::parse(std::string_view octets) {
    std::size_t used = 0;
    for (;;) {
        const Stage before = stage_;
        const auto rest = octets.substr(used);
        switch (stage_) {
            case Stage::Head:
                used += parse_head(rest);
                break;
            case Stage::Body:
                used += parse_body(rest);
                break;
            case Stage::Busy:
                return used;
            case Stage::Closing:
                return octets.size();
        }
        if (stage_ == before) return used;
    }
}

// The octets up to and including the empty line that ends the head, 0 while there is none. Refuses
// what no head may contain: bare LF (RFC 9112 section 2.2), folded lines (section 5.2), too much.
std::size_t H1Codec::find_head_end(std::string_view octets) {
    const auto& options = environment_.options;
    for (;;) {
        const auto newline = octets.find('\n', scanned_);
        const std::size_t seen = newline == octets.npos ? octets.size() : newline + 1;
        if (line_start_ == 0 && seen > options.max_target + 32) {
            return refuse({414, "the request target is too long"}), 0;
        }
        if (seen > options.max_head) return refuse({431, "the header is too large"}), 0;
        scanned_ = seen;
        if (line_start_ > 0 && line_start_ < octets.size() &&
            (octets[line_start_] == ' ' || octets[line_start_] == '\t')) {
            return refuse({400, "a header line is folded"}), 0;
        }
        if (newline == octets.npos) return 0;
        if (newline == line_start_ || octets[newline - 1] != '\r') {
            return refuse({400, "a line ends without CR"}), 0;
        }
        if (newline == line_start_ + 1) return seen;
        line_start_ = seen;
    }
}

std::size_t H1Codec::parse_head(std::string_view octets) {
    std::size_t skipped = 0;
    if (scanned_ == 0) {
        while (skipped < octets.size() && (octets[skipped] == '\r' || octets[skipped] == '\n')) {
            if (++blank_octets_ > kMaxBlankOctets) {
                return refuse({400, "empty lines instead of a request"}), skipped;
            }
            ++skipped;
        }
    }
    const auto rest = octets.substr(skipped);
    const std::size_t size = find_head_end(rest);
    if (stage_ != Stage::Head || size == 0) return skipped;
    accept_head(rest.substr(0, size));
    scanned_ = line_start_ = blank_octets_ = 0;
    return skipped + size;
}

void H1Codec::accept_head(std::string_view head) {
    parser_.emplace(environment_);
    auto& request = parser_->request();
    request.peer = peer_.address;
    request.peer_port = peer_.port;
    const auto result = parser_->read_head(head);
    version_ = request.version;
    is_head_request_ = request.method == Method::Head;
    if (!result) return refuse(result.error());
    keep_alive_ = parser_->wants_keep_alive();
    stage_ = Stage::Body;
    since_ = now_;
    if (parser_->is_done()) return deliver();
    if (parser_->expects_continue()) output_.push("HTTP/1.1 100 Continue\r\n\r\n");
}

std::size_t H1Codec::parse_body(std::string_view octets) {
    const auto used = parser_->read_body(octets);
    if (!used) return refuse(used.error()), 0;
    if (parser_->is_done()) deliver();
    return *used;
}

void H1Codec::deliver() {
    stage_ = Stage::Busy;
    reply_ = Reply::Awaited;
    HttpCounters::add(environment_.counters.requests_http1);
    held_ = parser_->take_held_body();
    events_.push_back(RequestReady{++exchange_, std::move(parser_->request())});
    parser_.reset();
}

void H1Codec::refuse(Refusal refusal) {
    keep_alive_ = false;
    parser_.reset();
    const auto response = refusal_response(refusal, environment_.counters);
    std::string out;
    append_head(out, response, Framing::Length);
    if (!is_head_request_) out += response.body;
    output_.push(std::move(out));
    stage_ = Stage::Closing;
}

void H1Codec::append_head(std::string& out, const Response& response, Framing framing) const {
    out += "HTTP/1.1 ";
    append_number(out, static_cast<std::size_t>(response.status));
    out += ' ';
    out += reason_phrase(response.status);
    out += "\r\ndate: ";
    out += environment_.date;
    for (const auto& [name, value] : response.headers) {
        out += "\r\n";
        out += name;
        out += ": ";
        out += value;
    }
    if (framing == Framing::Chunked) out += "\r\ntransfer-encoding: chunked";
    if (framing == Framing::Length && !has_no_content(response.status)) {
        out += "\r\ncontent-length: ";
        append_number(out, response.body.size());
    }
    if (!keep_alive_) {
        out += "\r\nconnection: close";
    } else if (version_ < 11) {
        out += "\r\nconnection: keep-alive";
    }
    out += "\r\n\r\n";
}

void H1Codec::respond(ExchangeId exchange, Response&& response) {
    if (!is_open(exchange) || reply_ != Reply::Awaited) return;
    constexpr std::size_t kSmallBody =
        4096;  // Copied behind the head, so that both leave in one record.
    held_.release();
    normalise(response, environment_.counters);
    keep_alive_ = keep_alive_ && !draining_;
    std::string out;
    const bool with_body = !is_head_request_ && !response.body.empty();
    const bool together = with_body && response.body.size() <= kSmallBody;
    out.reserve(256 + (together ? response.body.size() : 0));
    append_head(out, response, Framing::Length);
    if (together) out += response.body;
    output_.push(std::move(out));
    if (with_body && !together) output_.push(std::move(response.body));
    reply_ = Reply::Complete;
}

void H1Codec::begin(ExchangeId exchange, Response&& head) {
    if (!is_open(exchange) || reply_ != Reply::Awaited) return;
    held_.release();
    normalise(head, environment_.counters);
    if (has_no_content(head.status)) is_head_request_ = true;
    framing_ = version_ < 11 ? Framing::UntilClose : Framing::Chunked;
    keep_alive_ = keep_alive_ && !draining_ && framing_ == Framing::Chunked;
    std::string out;
    append_head(out, head, has_no_content(head.status) ? Framing::Length : framing_);
    output_.push(std::move(out));
    reply_ = Reply::Streaming;
    push_chunk(std::move(head.body));
}

void H1Codec::push_chunk(std::string&& chunk) {
    // RFC 9112 section 7.1: an empty chunk would be the last one.
    if (chunk.empty() || is_head_request_) return;
    if (framing_ == Framing::Chunked) {
        std::string size;
        append_number(size, chunk.size(), 16);
        size += "\r\n";
        output_.push(std::move(size));
        chunk += "\r\n";
    }
    output_.push(std::move(chunk));
}

bool H1Codec::write(ExchangeId exchange, std::string&& chunk) {
    if (!is_open(exchange) || reply_ != Reply::Streaming) return false;
    push_chunk(std::move(chunk));
    const auto& options = environment_.options;
    if (output_.size() > options.max_stream_queue) broken_ = true;
    owes_writable_ = output_.size() >= options.stream_high_water;
    return !owes_writable_;
}

void H1Codec::end(ExchangeId exchange) {
    if (!is_open(exchange) || reply_ != Reply::Streaming) return;
    if (framing_ == Framing::Chunked && !is_head_request_) output_.push("0\r\n\r\n");
    reply_ = Reply::Complete;
}

void H1Codec::abandon(ExchangeId exchange) {
    if (!is_open(exchange)) return;
    if (reply_ == Reply::Awaited) return respond(exchange, problem_response(500));
    broken_ = true;
}

bool H1Codec::is_open(ExchangeId exchange) const {
    return stage_ == Stage::Busy && exchange == exchange_ && reply_ != Reply::Complete && !broken_;
}

std::size_t H1Codec::fill_output(std::span<std::uint8_t> room, MonotonicTime now) {
    now_ = now;
    const std::size_t filled = output_.fill(room);
    if (owes_writable_ && output_.size() < environment_.options.stream_high_water / 2) {
        owes_writable_ = false;
        if (is_open(exchange_)) events_.push_back(StreamWritable{exchange_});
    }
    if (output_.empty() && stage_ == Stage::Busy && reply_ == Reply::Complete) finish_exchange();
    return filled;
}

void H1Codec::finish_exchange() {
    stage_ = keep_alive_ && !draining_ ? Stage::Head : Stage::Closing;
    since_ = now_;
    is_head_request_ = false;
    // The next one of a pipelining peer has been waiting here.
    if (!input_.empty()) input_.erase(0, parse(input_));
}

bool H1Codec::is_finished() const {
    return broken_ || (stage_ == Stage::Closing && output_.empty());
}

std::optional<MonotonicTime> H1Codec::deadline() const {
    const auto& options = environment_.options;
    switch (stage_) {
        case Stage::Head:
            return since_ + (input_.empty() ? options.idle_time : options.head_time);
        case Stage::Body:
            return body_deadline(options, since_, parser_->request().body.size());
        case Stage::Busy:
        case Stage::Closing:
            return std::nullopt;
    }
    return std::nullopt;
}

void H1Codec::on_deadline(MonotonicTime now) {
    const auto due = deadline();
    if (!due || *due > now) return;
    now_ = now;
    if (is_idle()) {
        stage_ = Stage::Closing;  // RFC 9112 section 9.5: a close at any time; there is nothing to
                                  // answer.
    } else {
        refuse({408, "the request did not arrive in time"});
    }
}

void H1Codec::drain() {
    draining_ = true;
    if (is_idle()) stage_ = Stage::Closing;
}

}  // namespace hairpin::net
