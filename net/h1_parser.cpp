#include "net/h1_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>
#include <utility>

namespace hairpin::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using BeastView = boost::beast::string_view;

// The largest chunk-size line with its extensions that we look at.
constexpr std::size_t kMaxChunkLine = 1024;
// Octets set aside for a body that was announced; more only when they come.
constexpr std::size_t kFirstReserve = 16'384;
// "0\r\n\r\n". Beast asserts that it has so much when it looks at an unfinished last chunk again;
// every chunk-size line is followed by at least as much, so waiting for it holds nobody up.
constexpr std::size_t kShortestLastChunk = 5;

std::string_view view(BeastView text) noexcept {
    return {text.data(), text.size()};
}

std::string to_lower(BeastView text) {
    std::string lower(text.data(), text.size());
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

bool has_bare_newline(std::string_view text) noexcept {
    for (auto at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) {
        if (at == 0 || text[at - 1] != '\r') return true;
    }
    return false;
}

Refusal refusal_of(const error_code& error) noexcept {
    if (error == http::error::header_limit) return {431, "the header is too large"};
    if (error == http::error::bad_method) return {400, "the method is malformed"};
    if (error == http::error::bad_target) return {400, "the request target is malformed"};
    if (error == http::error::bad_version) return {400, "the HTTP version is malformed"};
    if (error == http::error::bad_field) return {400, "a field name is malformed"};
    if (error == http::error::bad_value) return {400, "a field value is malformed"};
    if (error == http::error::bad_content_length || error == http::error::multiple_content_length) {
        return {400, "Content-Length is malformed or not alone"};
    }
    if (error == http::error::bad_transfer_encoding) {
        return {400, "Transfer-Encoding is malformed or stands beside Content-Length"};
    }
    if (error == http::error::bad_chunk || error == http::error::bad_chunk_extension) {
        return {400, "the chunked body is malformed"};
    }
    return {400, "the request is malformed"};
}

// Beast calls every version but 1.0 and 1.1 malformed; a well-formed other one deserves 505 (RFC
// 9110 section 15.6.6).
bool asks_for_other_version(std::string_view head) noexcept {
    const auto line = head.substr(0, head.find('\r'));
    if (line.size() < 9) return false;
    const auto version = line.substr(line.size() - 9);
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return version.substr(0, 6) == " HTTP/" && is_digit(version[6]) && version[7] == '.' &&
           is_digit(version[8]);
}

}  // namespace

class H1Parser::Strict final : public http::basic_parser<true> {
public:
    explicit Strict(CodecEnvironment& environment) : held(environment), environment_(environment) {
        // Our caller bounds heads, and we bound bodies, because the limit depends on the head.
        header_limit(std::numeric_limits<std::uint32_t>::max());
        body_limit(boost::none);
        eager(true);
    }

    [[nodiscard]] Refusal take_refusal(const error_code& error) const noexcept {
        return refusal_.status != 0 ? refusal_ : refusal_of(error);
    }

    Request request;
    HeldBody held;
    bool expects_continue = false;

private:
    void refuse(Refusal refusal, error_code& error) noexcept {
        refusal_ = refusal;
        error = http::error::bad_value;
    }

    void on_request_impl(http::verb /*verb*/, BeastView method, BeastView target, int version,
                         error_code& error) override {
        const auto known = net::parse_method(view(method));
        if (!known) return refuse({501, "the method is not implemented"}, error);
        if (target.size() > environment_.options.max_target) {
            return refuse({414, "the request target is too long"}, error);
        }
        if (!set_target(request, view(target))) {
            return refuse({400, "the request target is not in origin form"}, error);
        }
        request.method = *known;
        request.method_text = view(method);
        request.version = version;
    }

    void on_field_impl(http::field field, BeastView name, BeastView value,
                       error_code& error) override {
        if (head_done_) {
            // RFC 9110 section 6.5.1: trailers may be ignored; the parser has checked their form.
            if (++trailers_ > environment_.options.max_fields)
                refuse({431, "too many trailers"}, error);
            return;
        }
        if (request.headers.size() >= environment_.options.max_fields) {
            return refuse({431, "too many header fields"}, error);
        }
        request.headers.push_back({to_lower(name), std::string(view(value))});
        const std::string_view kept = request.headers.back().value;
        if (field == http::field::host) return check_host(kept, error);
        if (field == http::field::transfer_encoding) return check_transfer_encoding(value, error);
        if (field == http::field::content_length) {
            // Beast has read the number; a list of equal ones (RFC 9112 section 6.3) is not worth
            // the risk.
            const bool is_alone = ++lengths_ == 1 && kept.find(',') == kept.npos;
            if (!is_alone) refuse({400, "more than one Content-Length"}, error);
        }
        if (field == http::field::expect) {
            expects_continue = to_lower(value) == "100-continue";
            if (!expects_continue) refuse({417, "only Expect: 100-continue is understood"}, error);
        }
    }

    void check_host(std::string_view host, error_code& error) {
        if (++hosts_ > 1) return refuse({400, "more than one Host"}, error);
        if (!is_authority(host)) refuse({400, "Host is malformed"}, error);
    }

    void check_transfer_encoding(BeastView value, error_code& error) {
        if (++codings_ > 1) return refuse({400, "more than one Transfer-Encoding"}, error);
        // RFC 9112 section 6.1: faulty framing on 1.0, and 501 for a coding that is not understood.
        if (request.version < 11) return refuse({400, "Transfer-Encoding on HTTP/1.0"}, error);
        if (to_lower(value) != "chunked") {
            return refuse({501, "only Transfer-Encoding: chunked is implemented"}, error);
        }
    }

    void on_header_impl(error_code& error) override {
        head_done_ = true;
        if (request.version == 11 && hosts_ == 0) return refuse({400, "Host is missing"}, error);
        if (request.version < 11) expects_continue = false;
        limit_ = environment_.body_limit(request);
        const auto length = content_length();
        if (length && *length > limit_) return refuse({413, "the body is too large"}, error);
        if (length && !held.has_room_for(*length)) return refuse(refuse_body(environment_), error);
        if (length) request.body.reserve(std::min<std::size_t>(*length, kFirstReserve));
    }

    std::size_t append(BeastView body, error_code& error) {
        if (body.size() > limit_ - request.body.size()) {
            refuse({413, "the body is too large"}, error);
            return 0;
        }
        if (!held.has_room_for(body.size())) {
            refuse(refuse_body(environment_), error);
            return 0;
        }
        held.add(body.size());
        request.body.append(body.data(), body.size());
        return body.size();
    }

    void on_response_impl(int, BeastView, int, error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(BeastView body, error_code& error) override {
        return append(body, error);
    }
    void on_chunk_header_impl(std::uint64_t, BeastView extensions, error_code& error) override {
        if (extensions.size() > kMaxChunkLine)
            refuse({400, "a chunk's extensions are too long"}, error);
    }
    std::size_t on_chunk_body_impl(std::uint64_t, BeastView body, error_code& error) override {
        return append(body, error);
    }
    void on_finish_impl(error_code&) override {}

    CodecEnvironment& environment_;
    Refusal refusal_;
    std::size_t limit_ = 0;
    std::size_t trailers_ = 0;
    unsigned hosts_ = 0;
    unsigned lengths_ = 0;
    unsigned codings_ = 0;
    bool head_done_ = false;
};

H1Parser::H1Parser(CodecEnvironment& environment)
    : strict_(std::make_unique<Strict>(environment)) {}
H1Parser::~H1Parser() = default;
H1Parser::H1Parser(H1Parser&&) noexcept = default;
H1Parser& H1Parser::operator=(H1Parser&&) noexcept = default;

Result<void, Refusal> H1Parser::read_head(std::string_view head) {
    std::size_t used = 0;
    while (used < head.size() && !strict_->is_header_done()) {
        error_code error;
        const auto rest = head.substr(used);
        const std::size_t step = strict_->put(boost::asio::buffer(rest.data(), rest.size()), error);
        if (error == http::error::need_more && step > 0) error = {};
        if (error == http::error::bad_version && asks_for_other_version(head)) {
            return fail(Refusal{505, "only HTTP/1.0, HTTP/1.1 and HTTP/2 are spoken here"});
        }
        if (error) return fail(strict_->take_refusal(error));
        used += step;
    }
    if (!strict_->is_header_done()) return fail(Refusal{400, "the request is malformed"});
    return {};
}

Result<std::size_t, Refusal> H1Parser::read_body(std::string_view octets) {
    std::size_t used = 0;
    while (used < octets.size() && !strict_->is_done()) {
        const auto rest = octets.substr(used);
        if (is_in_line_ && rest.size() < kShortestLastChunk) break;
        error_code error;
        const std::size_t step = strict_->put(boost::asio::buffer(rest.data(), rest.size()), error);
        used += step;
        is_in_line_ = error == http::error::need_more;
        if (!error) continue;
        if (!is_in_line_) return fail(strict_->take_refusal(error));
        // What is left is the beginning of a chunk-size line or of a trailer.
        const auto line = rest.substr(step);
        if (has_bare_newline(line)) return fail(Refusal{400, "a line ends without CR"});
        if (line.size() > kMaxChunkLine) {
            return fail(Refusal{400, "a line of the chunked body is too long"});
        }
        break;
    }
    return used;
}

bool H1Parser::is_done() const noexcept {
    return strict_->is_done();
}
bool H1Parser::wants_keep_alive() const noexcept {
    return strict_->keep_alive();
}
bool H1Parser::expects_continue() const noexcept {
    return strict_->expects_continue;
}
Request& H1Parser::request() noexcept {
    return strict_->request;
}
const Request& H1Parser::request() const noexcept {
    return strict_->request;
}
HeldBody H1Parser::take_held_body() noexcept {
    return std::move(strict_->held);
}

}  // namespace hairpin::net
