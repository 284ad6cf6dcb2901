#include "bench/load/tls_connection.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>

#include <array>
#include <cerrno>
#include <charconv>

namespace hairpin::bench {
namespace {

Error broken(std::string_view cause) {
    return {ErrorCode::Protocol, "connection", std::string(cause)};
}

// The number after `name` in a block of header lines, which our server writes in lower case.
std::optional<std::size_t> header_number(std::string_view head, std::string_view name) {
    const std::size_t at = head.find(name);
    if (at == std::string_view::npos) return std::nullopt;
    std::string_view text = head.substr(at + name.size());
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() ? std::optional(number) : std::nullopt;
}

}  // namespace

Result<TlsConnection> TlsConnection::open(const Endpoint& server, SSL_CTX* context) {
    sockaddr_storage address{};
    const socklen_t size = server.to_sockaddr(address);
    Fd socket(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket || connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0)
        return fail(system_error(server.text(), errno));
    const int yes = 1;
    if (setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0)
        return fail(system_error("TCP_NODELAY", errno));
    SslHandle ssl(SSL_new(context));
    if (ssl == nullptr || SSL_set_fd(ssl.get(), socket.get()) != 1 || SSL_connect(ssl.get()) != 1)
        return fail(broken("the TLS handshake failed"));
    const int flags = fcntl(socket.get(), F_GETFL);
    if (flags < 0 || fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0)
        return fail(system_error("O_NONBLOCK", errno));
    return TlsConnection(std::move(socket), std::move(ssl));
}

Result<void> TlsConnection::send(std::string_view request) {
    // A request is far smaller than a socket's buffer: it goes out whole, or the peer is not well.
    const int sent = SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size()));
    if (sent != static_cast<int>(request.size())) return fail(broken("a request was not taken"));
    return {};
}

Result<std::optional<HttpAnswer>> TlsConnection::receive() {
    std::array<char, 16'384> buffer;
    for (;;) {
        const int count = SSL_read(ssl_.get(), buffer.data(), buffer.size());
        if (count > 0) {
            received_.append(buffer.data(), static_cast<std::size_t>(count));
            continue;
        }
        if (SSL_get_error(ssl_.get(), count) != SSL_ERROR_WANT_READ)
            return fail(broken("closed by the server"));
        return take_answer();
    }
}

Result<std::optional<HttpAnswer>> TlsConnection::take_answer() {
    constexpr std::string_view kEnd = "\r\n\r\n";
    const std::size_t end = received_.find(kEnd);
    if (end == std::string::npos) return std::optional<HttpAnswer>();
    const std::string_view head(received_.data(), end + 2);
    const auto status = header_number(head, "HTTP/1.1 ");
    const auto size = header_number(head, "\r\ncontent-length:");
    if (!status || !size) return fail(broken("not an answer: " + std::string(head)));
    const std::size_t whole = end + kEnd.size() + *size;
    if (received_.size() < whole) return std::optional<HttpAnswer>();
    HttpAnswer answer{static_cast<int>(*status), received_.substr(end + kEnd.size(), *size)};
    received_.erase(0, whole);
    return std::optional(std::move(answer));
}

}  // namespace hairpin::bench
