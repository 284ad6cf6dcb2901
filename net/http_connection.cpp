#include "net/http_connection.hpp"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/octets.hpp"
#include "net/h1_codec.hpp"
#include "net/h2_codec.hpp"
#include "net/http_server_state.hpp"
#include "net/socket.hpp"

namespace hairpin::net::detail {
namespace {

constexpr unsigned kReadsPerTurn = 16;

std::unique_ptr<HttpCodec> make_codec(SSL* tls, CodecEnvironment& environment, const Endpoint& peer,
                                      MonotonicTime now) {
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(tls, &protocol, &size);
    if (as_text({protocol, size}) == "h2") return std::make_unique<H2Codec>(environment, peer, now);
    return std::make_unique<H1Codec>(environment, peer, now);
}

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<HttpServerState> server, Fd socket, Endpoint peer,
                               SslHandle tls, std::uint64_t ticket)
    : server_(std::move(server)),
      socket_(std::move(socket)),
      peer_(peer),
      local_(local_endpoint(socket_).value_or(Endpoint())),
      ticket_(ticket),
      tls_(std::move(tls)),
      state_(Handshaking{server_->loop().now() + server_->options().handshake_time}) {}

HttpConnection::~HttpConnection() = default;

bool HttpConnection::start() {
    poll_ = server_->loop().add_poll(socket_.get(), Interest::Read,
                                     [this](PollEvents events) { on_ready(events); });
    if (!poll_) return false;
    settle();
    return true;
}

void HttpConnection::on_ready(PollEvents events) {
    const auto keep = shared_from_this();
    if (std::holds_alternative<Handshaking>(state_)) shake_hands();
    if (auto* serving = std::get_if<Serving>(&state_)) {
        readable_ = readable_ || events.readable;
        if (events.writable) serving->stalled = false;
        reads_left_ = kReadsPerTurn;
        return pump();
    }
    if (std::holds_alternative<Lingering>(state_)) discard();
    settle();
}

void HttpConnection::shake_hands() {
    if (!server_->may_shake_hands()) return;
    ERR_clear_error();
    const int result = SSL_accept(tls_.get());
    if (result == 1) {
        auto& server = *server_;
        state_ = Serving{
            make_codec(tls_.get(), server.environment(), peer_, server.loop().now()), false, {}};
        readable_ = SSL_has_pending(tls_.get()) != 0;
        return server.handshake_over(*this, HttpServerState::Handshake::Done);
    }
    switch (SSL_get_error(tls_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            handshake_interest_ = Interest::Read;
            return;
        case SSL_ERROR_WANT_WRITE:
            handshake_interest_ = Interest::Write;
            return;
        default:
            return close();
    }
}

// Moves octets, requests and responses until nothing moves any more.
void HttpConnection::pump() {
    if (pumping_) return;
    pumping_ = true;
    const auto keep = shared_from_this();
    for (;;) {
        auto* serving = std::get_if<Serving>(&state_);
        if (serving == nullptr || step(*serving) == Step::Rest) break;
    }
    pumping_ = false;
    settle();
}

HttpConnection::Step HttpConnection::step(Serving& serving) {
    auto& codec = *serving.codec;
    const bool delivered = deliver(codec);
    if (!std::holds_alternative<Serving>(state_)) return Step::Rest;
    const bool sent = flush(serving);
    if (!std::holds_alternative<Serving>(state_)) return Step::Rest;
    if (serving.stalled) return Step::Rest;
    if (codec.is_finished()) return linger(), Step::Rest;
    if (!readable_ || !codec.wants_input()) return delivered || sent ? Step::Again : Step::Rest;
    if (reads_left_ == 0) {
        // Others first; TLS may hold octets that the kernel does not know about, so poll alone
        // would not do.
        server_->loop().post([weak = weak_from_this()] {
            const auto self = weak.lock();
            if (self == nullptr) return;
            auto& connection = static_cast<HttpConnection&>(*self);
            connection.reads_left_ = kReadsPerTurn;
            connection.pump();
        });
        return Step::Rest;
    }
    --reads_left_;
    return read(serving) ? Step::Again : Step::Rest;
}

bool HttpConnection::deliver(HttpCodec& codec) {
    bool delivered = false;
    for (;;) {
        auto events = codec.take_events();
        if (events.empty()) return delivered;
        delivered = true;
        for (auto& event : events) {
            std::visit([this](auto& each) { on_event(std::move(each)); }, event);
            if (!std::holds_alternative<Serving>(state_)) return true;
        }
    }
}

void HttpConnection::on_event(RequestReady&& ready) {
    ready.request.local = local_;
    server_->handle(std::move(ready.request),
                    Responder(server_->loop(), weak_from_this(), ready.exchange));
}

void HttpConnection::on_event(ExchangeGone&& gone) {
    finish_exchange(gone.exchange);
}

void HttpConnection::on_event(StreamWritable&& writable) {
    const auto found = callbacks_.find(writable.exchange);
    if (found == callbacks_.end() || !found->second.on_writable) return;
    const auto callback = found->second.on_writable;  // It may replace itself.
    callback();
}

void HttpConnection::finish_exchange(ExchangeId exchange) {
    auto node = callbacks_.extract(exchange);
    if (!node.empty() && node.mapped().on_gone) node.mapped().on_gone();
}

// True if octets left us.
bool HttpConnection::flush(Serving& serving) {
    if (serving.stalled) return false;
    bool sent = false;
    if (!unsent_.empty()) {
        const std::string again = std::exchange(unsent_, {});
        if (!send(serving, as_octets(again))) return false;
        sent = true;
    }
    const auto buffer = server_->buffer();
    for (;;) {
        const std::size_t size = serving.codec->fill_output(buffer, server_->loop().now());
        if (size == 0) return serving.pace.end(), sent;
        sent = true;
        if (!send(serving, buffer.first(size))) return sent;
    }
}

// False if the kernel takes no more for now (the rest is kept) or the connection is closed.
bool HttpConnection::send(Serving& serving, OctetView octets) {
    while (!octets.empty()) {
        ERR_clear_error();
        const int result = SSL_write(tls_.get(), octets.data(), static_cast<int>(octets.size()));
        if (result > 0) {
            const auto size = static_cast<std::size_t>(result);
            HttpCounters::add(server_->counters().octets_sent, size);
            serving.pace.moved(server_->options(), size, server_->loop().now());
            octets = octets.subspan(size);
            continue;
        }
        if (SSL_get_error(tls_.get(), result) != SSL_ERROR_WANT_WRITE) return close(), false;
        unsent_.assign(as_text(octets));
        serving.stalled = true;
        serving.pace.begin(server_->options(), server_->loop().fresh_now());
        return false;
    }
    return true;
}

// True if something was read.
bool HttpConnection::read(Serving& serving) {
    const auto buffer = server_->buffer();
    ERR_clear_error();
    const int result = SSL_read(tls_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (result > 0) {
        const auto size = static_cast<std::size_t>(result);
        HttpCounters::add(server_->counters().octets_received, size);
        // Saves the read() that would only say EAGAIN: poll is level-triggered.
        readable_ = SSL_has_pending(tls_.get()) != 0;
        serving.codec->feed(buffer.first(size), server_->loop().now());
        return true;
    }
    readable_ = false;
    const int error = SSL_get_error(tls_.get(), result);
    if (error != SSL_ERROR_WANT_READ) close();
    return false;
}

void HttpConnection::linger() {
    // Their octets are not decrypted any more. close_notify is a courtesy: if it does not fit, the
    // FIN must do.
    ERR_clear_error();
    static_cast<void>(SSL_shutdown(tls_.get()));
    tls_.reset();
    ::shutdown(socket_.get(), SHUT_WR);
    state_ = Lingering{server_->loop().now() + server_->options().linger_time};
}

void HttpConnection::discard() {
    const auto buffer = server_->buffer();
    for (unsigned turn = 0; turn < kReadsPerTurn; ++turn) {
        const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (size > 0) continue;
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
        return close();
    }
}

void HttpConnection::close() {
    if (std::holds_alternative<Closed>(state_)) return;
    const auto keep = shared_from_this();
    const bool was_handshaking = std::holds_alternative<Handshaking>(state_);
    if (std::holds_alternative<Serving>(state_)) {
        ERR_clear_error();
        static_cast<void>(SSL_shutdown(tls_.get()));
    }
    state_ = Closed{};
    server_->wheel().cancel(*this);
    poll_.reset();
    tls_.reset();
    socket_.reset();
    if (was_handshaking) server_->handshake_over(*this, HttpServerState::Handshake::Failed);
    for (auto& [exchange, callbacks] : std::exchange(callbacks_, {})) {
        if (callbacks.on_gone) callbacks.on_gone();
    }
    server_->forget(*this);
}

void HttpConnection::on_deadline() {
    const auto keep = shared_from_this();
    const auto now = server_->loop().now();
    const auto due = deadline();
    if (!due || *due > now) return settle();
    HttpCounters::add(server_->counters().deadlines_passed);
    auto* serving = std::get_if<Serving>(&state_);
    if (serving == nullptr || serving->stalled) return close();
    serving->codec->on_deadline(now);
    pump();
}

void HttpConnection::drain() {
    if (std::holds_alternative<Handshaking>(state_)) return close();
    if (auto* open = codec()) {
        open->drain();
        pump();
    }
}

// Watches and waits for what the state asks for.
void HttpConnection::settle() {
    if (pumping_ || std::holds_alternative<Closed>(state_)) return;
    poll_.set(interest());
    const auto due = deadline();
    if (!due) {
        server_->wheel().cancel(*this);
    } else if (!is_armed() || WheelNode::deadline() != *due) {
        server_->wheel().arm(*this, *due);
    }
}

Interest HttpConnection::interest() const {
    if (std::holds_alternative<Handshaking>(state_)) return handshake_interest_;
    const auto* serving = std::get_if<Serving>(&state_);
    if (serving == nullptr) return Interest::Read;
    // A peer that does not read its answers is not listened to either.
    if (serving->stalled) return Interest::Write;
    return serving->codec->wants_input() ? Interest::Read : Interest::None;
}

std::optional<MonotonicTime> HttpConnection::deadline() const {
    if (const auto* handshaking = std::get_if<Handshaking>(&state_)) return handshaking->until;
    if (const auto* lingering = std::get_if<Lingering>(&state_)) return lingering->until;
    const auto* serving = std::get_if<Serving>(&state_);
    if (serving == nullptr) return std::nullopt;
    if (serving->stalled) return serving->pace.due();
    return serving->codec->deadline();
}

HttpCodec* HttpConnection::codec() const noexcept {
    const auto* serving = std::get_if<Serving>(&state_);
    return serving == nullptr ? nullptr : serving->codec.get();
}

void HttpConnection::respond(ExchangeId exchange, Response&& response) {
    if (auto* open = codec()) {
        callbacks_.erase(exchange);
        open->respond(exchange, std::move(response));
        pump();
    }
}

void HttpConnection::begin(ExchangeId exchange, Response&& head) {
    if (auto* open = codec()) {
        open->begin(exchange, std::move(head));
        pump();
    }
}

bool HttpConnection::write(ExchangeId exchange, std::string&& chunk) {
    auto* open = codec();
    if (open == nullptr) return false;
    const bool more = open->write(exchange, std::move(chunk));
    pump();
    return more;
}

void HttpConnection::end(ExchangeId exchange) {
    if (auto* open = codec()) {
        callbacks_.erase(exchange);
        open->end(exchange);
        pump();
    }
}

void HttpConnection::abandon(ExchangeId exchange) {
    if (auto* open = codec()) {
        callbacks_.erase(exchange);
        open->abandon(exchange);
        pump();
    }
}

bool HttpConnection::is_open(ExchangeId exchange) const {
    const auto* open = codec();
    return open != nullptr && open->is_open(exchange);
}

void HttpConnection::on_writable(ExchangeId exchange, std::function<void()> callback) {
    if (is_open(exchange)) callbacks_[exchange].on_writable = std::move(callback);
}

void HttpConnection::on_gone(ExchangeId exchange, std::function<void()> callback) {
    if (is_open(exchange)) callbacks_[exchange].on_gone = std::move(callback);
}

}  // namespace hairpin::net::detail
