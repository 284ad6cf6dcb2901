#include "net/http.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace hairpin::net {
namespace {

constexpr std::array<std::pair<std::string_view, Method>, 7> kMethods{
    {{"GET", Method::Get},
     {"HEAD", Method::Head},
     {"POST", Method::Post},
     {"PUT", Method::Put},
     {"PATCH", Method::Patch},
     {"DELETE", Method::Delete},
     {"OPTIONS", Method::Options}}};

int hex_digit(char digit) noexcept {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

enum class Plus : std::uint8_t { IsPlus, IsSpace };

std::optional<std::string> decode(std::string_view text, Plus plus) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '+' && plus == Plus::IsSpace) {
            decoded += ' ';
            continue;
        }
        if (text[at] != '%') {
            decoded += text[at];
            continue;
        }
        if (text.size() - at < 3) return std::nullopt;
        const int high = hex_digit(text[at + 1]);
        const int low = hex_digit(text[at + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        decoded += static_cast<char>(high << 4 | low);
        at += 2;
    }
    return decoded;
}

// RFC 8259 section 7: the quotation mark, the reverse solidus and control characters are escaped.
void append_json_string(std::string& json, std::string_view text) {
    json += '"';
    for (const char octet : text) {
        if (octet == '"' || octet == '\\') {
            json += '\\';
            json += octet;
        } else if (static_cast<unsigned char>(octet) < 0x20) {
            std::array<char, 8> escaped{};
            static_cast<void>(std::snprintf(escaped.data(), escaped.size(), "\\u%04x",
                                            static_cast<unsigned>(octet)));
            json += escaped.data();
        } else {
            json += octet;
        }
    }
    json += '"';
}

}  // namespace

std::optional<Method> parse_method(std::string_view text) noexcept {
    for (const auto& [name, method] : kMethods) {
        if (name == text) return method;
    }
    return std::nullopt;
}

std::string_view to_string(Method method) noexcept {
    for (const auto& [name, each] : kMethods) {
        if (each == method) return name;
    }
    return {};
}

std::optional<std::string_view> Request::header(std::string_view name) const noexcept {
    for (const auto& each : headers) {
        if (each.name == name) return each.value;
    }
    return std::nullopt;
}

std::optional<std::string> Request::query_parameter(std::string_view name) const {
    std::string_view rest = query;
    while (!rest.empty()) {
        const auto pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
        const auto equals = std::min(pair.find('='), pair.size());
        if (decode(pair.substr(0, equals), Plus::IsSpace) != name) continue;
        return decode(pair.substr(std::min(equals + 1, pair.size())), Plus::IsSpace);
    }
    return std::nullopt;
}

std::optional<std::string> percent_decode(std::string_view text) {
    return decode(text, Plus::IsPlus);
}

bool set_target(Request& request, std::string_view target) {
    const auto is_fine = [](char octet) { return octet > 0x20 && octet < 0x7F && octet != '#'; };
    if (target.empty() || target.front() != '/') return false;
    if (!std::all_of(target.begin(), target.end(), is_fine)) return false;
    const auto mark = std::min(target.find('?'), target.size());
    request.target = target;
    request.path = target.substr(0, mark);
    request.query = target.substr(std::min(mark + 1, target.size()));
    return true;
}

std::string_view reason_phrase(int status) noexcept {
    struct Phrase {
        int status;
        std::string_view text;
    };
    // RFC 9110 section 15, RFC 6585 (428, 429, 431), RFC 8297 (103).
    static constexpr std::array kPhrases = std::to_array<Phrase>({
        {100, "Continue"},
        {103, "Early Hints"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {425, "Too Early"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    });
    for (const auto& phrase : kPhrases) {
        if (phrase.status == status) return phrase.text;
    }
    return {};
}

Response problem_response(int status, std::string_view detail) {
    Response response{status, {{"content-type", "application/problem+json"}}, {}};
    auto& json = response.body;
    json = R"({"type":"about:blank","title":)";
    append_json_string(json, reason_phrase(status));
    json += ",\"status\":" + std::to_string(status);
    if (!detail.empty()) {
        json += ",\"detail\":";
        append_json_string(json, detail);
    }
    json += "}\n";
    return response;
}

Responder::Responder(Responder&& other) noexcept
    : loop_(other.loop_),
      sink_(std::move(other.sink_)),
      exchange_(other.exchange_),
      state_(std::exchange(other.state_, State::Done)) {}

Responder& Responder::operator=(Responder&& other) noexcept {
    if (this == &other) return *this;
    drop();
    loop_ = other.loop_;
    sink_ = std::move(other.sink_);
    exchange_ = other.exchange_;
    state_ = std::exchange(other.state_, State::Done);
    return *this;
}

void Responder::send(Response response) {
    if (std::exchange(state_, State::Done) != State::Unsent) return;
    if (const auto sink = sink_.lock()) sink->respond(exchange_, std::move(response));
}

void Responder::begin(Response head) {
    if (state_ != State::Unsent) return;
    state_ = State::Streaming;
    if (const auto sink = sink_.lock()) sink->begin(exchange_, std::move(head));
}

bool Responder::write(std::string chunk) {
    if (state_ != State::Streaming) return false;
    const auto sink = sink_.lock();
    return sink != nullptr && sink->write(exchange_, std::move(chunk));
}

void Responder::end() {
    if (state_ != State::Streaming) return;
    state_ = State::Done;
    if (const auto sink = sink_.lock()) sink->end(exchange_);
}

void Responder::on_writable(std::function<void()> callback) {
    if (const auto sink = sink_.lock()) sink->on_writable(exchange_, std::move(callback));
}

void Responder::on_gone(std::function<void()> callback) {
    if (const auto sink = sink_.lock()) sink->on_gone(exchange_, std::move(callback));
}

bool Responder::is_open() const {
    if (state_ == State::Done) return false;
    const auto sink = sink_.lock();
    return sink != nullptr && sink->is_open(exchange_);
}

void Responder::drop() noexcept {
    if (std::exchange(state_, State::Done) == State::Done) return;
    if (sink_.expired()) return;
    // A job that dies on another thread drops its responder there; the connection is the loop's.
    const auto abandon = [sink = std::move(sink_), exchange = exchange_] {
        if (const auto alive = sink.lock()) alive->abandon(exchange);
    };
    if (loop_->is_current()) {
        abandon();
    } else {
        loop_->post(abandon);
    }
}

}  // namespace hairpin::net
