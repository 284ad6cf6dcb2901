// bench/load/tls_connection.hpp - one kept HTTPS connection that sends a request and reads its
// answer, without blocking.
//
// Knows as much of HTTP/1.1 as our own server uses: a status line, Content-Length, a body. Not for
// anything but measuring it.
//
// Threads   One.

#pragma once

#include <openssl/ssl.h>

#include <optional>
#include <string>
#include <string_view>

#include "core/fd.hpp"
#include "core/handle.hpp"
#include "core/ip_address.hpp"
#include "core/result.hpp"

namespace hairpin::bench {

struct HttpAnswer {
    int status = 0;
    std::string body;
};

class TlsConnection {
public:
    /// Connects and shakes hands, waiting for both. Errors: Io, Protocol.
    [[nodiscard]] static Result<TlsConnection> open(const Endpoint& server, SSL_CTX* context);

    [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }
    /// Begins a request; the one before must have been answered.
    [[nodiscard]] Result<void> send(std::string_view request);
    /// Reads what is there; the answer once it is whole. Errors: Protocol, also for a closed end.
    [[nodiscard]] Result<std::optional<HttpAnswer>> receive();

private:
    using SslHandle = Handle<SSL, SSL_free>;
    TlsConnection(Fd socket, SslHandle ssl) : socket_(std::move(socket)), ssl_(std::move(ssl)) {}
    [[nodiscard]] Result<std::optional<HttpAnswer>> take_answer();

    Fd socket_;
    SslHandle ssl_;
    std::string received_;
};

}  // namespace hairpin::bench
