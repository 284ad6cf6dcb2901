#include "net/stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace hairpin::net {

Stream::Stream(Fd socket) noexcept : socket_(std::move(socket)) {}

void Stream::FreeTls::operator()(SSL* tls) const noexcept {
    SSL_free(tls);
}

std::optional<Stream> Stream::secure(Fd socket, const ServerTls& tls, Application application) {
    ERR_clear_error();
    Stream stream(std::move(socket));
    stream.tls_.reset(SSL_new(tls.context(application)));
    if (!stream.tls_ || SSL_set_fd(stream.tls_.get(), stream.socket()) != 1) {
        ERR_clear_error();
        return std::nullopt;
    }
    SSL_set_accept_state(stream.tls_.get());
    return stream;
}

Stream::Handshake Stream::shake_hands() noexcept {
    ERR_clear_error();
    const int result = SSL_accept(tls_.get());
    if (result == 1) return Handshake::Done;
    switch (SSL_get_error(tls_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return Handshake::WantsRead;
        case SSL_ERROR_WANT_WRITE:
            return Handshake::WantsWrite;
        default:
            broken_ = true;
            ERR_clear_error();
            return Handshake::Failed;
    }
}

/// What the result of SSL_read() or SSL_write() means, when it is not a number of octets.
Stream::Trouble Stream::trouble(int result) noexcept {
    switch (SSL_get_error(tls_.get(), result)) {
        case SSL_ERROR_NONE:
            return Trouble::None;
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return Trouble::Wait;
        case SSL_ERROR_ZERO_RETURN:  // The peer's close_notify: our side still works.
            return Trouble::Broken;
        default:
            broken_ = true;
            ERR_clear_error();
            return Trouble::Broken;
    }
}

std::optional<std::size_t> Stream::receive(std::span<std::uint8_t> room) noexcept {
    if (is_secure()) {
        ERR_clear_error();
        const int count = SSL_read(tls_.get(), room.data(), static_cast<int>(room.size()));
        if (count > 0) return static_cast<std::size_t>(count);
        if (trouble(count) == Trouble::Wait) return 0;
        return std::nullopt;
    }
    const ssize_t count = ::recv(socket_.get(), room.data(), room.size(), 0);
    if (count > 0) return static_cast<std::size_t>(count);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    return std::nullopt;
}

std::optional<std::size_t> Stream::send(OctetView octets) noexcept {
    std::size_t taken = 0;
    while (taken < octets.size()) {
        const OctetView left = octets.subspan(taken);
        if (is_secure()) {
            ERR_clear_error();
            const int count = SSL_write(tls_.get(), left.data(), static_cast<int>(left.size()));
            if (count <= 0) {
                if (trouble(count) != Trouble::Wait) return std::nullopt;
                break;
            }
            taken += static_cast<std::size_t>(count);  // One record.
            continue;
        }
        const ssize_t count = ::send(socket_.get(), left.data(), left.size(), MSG_NOSIGNAL);
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno == EAGAIN) break;
        if (errno != EINTR) return std::nullopt;
    }
    return taken;
}

void Stream::say_goodbye() noexcept {
    if (!is_secure() || broken_ || SSL_is_init_finished(tls_.get()) == 0) return;
    ERR_clear_error();
    static_cast<void>(SSL_shutdown(tls_.get()));
    ERR_clear_error();
}

bool Stream::is_modern() const noexcept {
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(tls_.get(), &protocol, &size);
    return size > 0 && SSL_version(tls_.get()) >= TLS1_3_VERSION;
}

}  // namespace hairpin::net
