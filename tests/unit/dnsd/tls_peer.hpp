// tests/unit/dnsd/tls_peer.hpp - clients of DNS over TLS, blocking, with a time limit; and the
// certificates that servers show them.
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "core/crypto.hpp"
#include "core/fd.hpp"
#include "core/handle.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "net/tls.hpp"
#include "tests/unit/dnsd/message_stream.hpp"

namespace hairpin::dnsd::tests {

inline std::shared_ptr<const net::ServerTls> new_certificate() {
    const auto pair = net::make_self_signed({"localhost"});
    if (!pair) throw std::runtime_error(pair.error().text());
    return net::ServerTls::from_pem(pair->certificate, pair->key).value();
}

struct TlsPeerOptions {
    std::string_view alpn = "dot";  // Empty: none.
    int version = TLS1_3_VERSION;   // The highest.
    int receive_buffer_octets = 0;  // 0: the system's.
};

class TlsPeer {
public:
    explicit TlsPeer(const Endpoint& server, const TlsPeerOptions& options = {})
        : socket_(
              ::socket(server.address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)),
          context_(SSL_CTX_new(TLS_client_method())) {
        const timeval patience{5, 0};
        static_cast<void>(
            ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience));
        if (options.receive_buffer_octets > 0)
            static_cast<void>(::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF,
                                           &options.receive_buffer_octets,
                                           sizeof options.receive_buffer_octets));
        sockaddr_storage storage{};
        const socklen_t size = server.to_sockaddr(storage);
        if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0)
            throw std::runtime_error("connect");
        SSL_CTX_set_max_proto_version(context_.get(), options.version);
        tls_.reset(SSL_new(context_.get()));
        Octets list{static_cast<std::uint8_t>(options.alpn.size())};
        list.insert(list.end(), options.alpn.begin(), options.alpn.end());
        if (!options.alpn.empty())
            SSL_set_alpn_protos(tls_.get(), list.data(), static_cast<unsigned>(list.size()));
        SSL_set_fd(tls_.get(), socket_.get());
        is_open_ = SSL_connect(tls_.get()) == 1;
    }

    /// Whether the handshake was done and the server has not ended the connection since.
    [[nodiscard]] bool is_open() const { return is_open_; }
    /// In one TLS record, if it is small enough for one.
    void send(OctetView octets) {
        if (SSL_write(tls_.get(), octets.data(), static_cast<int>(octets.size())) <= 0)
            is_open_ = false;
    }
    /// The next message; empty: the end; nullopt: not whole in time.
    std::optional<Octets> receive_framed() {
        for (;;) {
            if (auto message = stream_.next()) return message;
            std::array<std::uint8_t, 16'384> piece{};
            const int count = SSL_read(tls_.get(), piece.data(), static_cast<int>(piece.size()));
            if (count <= 0) {
                if (SSL_get_error(tls_.get(), count) == SSL_ERROR_WANT_READ) return std::nullopt;
                is_open_ = false;
                return Octets();
            }
            stream_.put(OctetView(piece).first(static_cast<std::size_t>(count)));
        }
    }
    [[nodiscard]] std::string alpn() const {
        const unsigned char* protocol = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(tls_.get(), &protocol, &size);
        return std::string(as_text({protocol, size}));
    }
    /// SHA-256 of the server's certificate, in hexadecimal.
    [[nodiscard]] std::string fingerprint() const {
        const Handle<X509, X509_free> certificate(SSL_get1_peer_certificate(tls_.get()));
        Sha256 digest{};
        X509_digest(certificate.get(), EVP_sha256(), digest.data(), nullptr);
        return to_hex(digest);
    }
    [[nodiscard]] bool knows_close_notify() const {
        return (SSL_get_shutdown(tls_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
    }
    /// Changes its keys and asks the server to do the same (RFC 8446 section 4.6.3).
    void change_keys() {
        SSL_key_update(tls_.get(), SSL_KEY_UPDATE_REQUESTED);
        SSL_do_handshake(tls_.get());
    }

private:
    Fd socket_;
    Handle<SSL_CTX, SSL_CTX_free> context_;
    Handle<SSL, SSL_free> tls_;
    MessageStream stream_;
    bool is_open_ = false;
};

}  // namespace hairpin::dnsd::tests
