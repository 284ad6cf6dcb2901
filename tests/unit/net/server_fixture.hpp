// tests/unit/net/server_fixture.hpp - a real HttpServer on loopback, and peers to talk to it.
#pragma once

#include <openssl/ssl.h>

#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/fd.hpp"
#include "core/handle.hpp"
#include "core/ip_address.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/loop.hpp"
#include "net/tls.hpp"

namespace hairpin::net::tests {

/// Serves on 127.0.0.1 from a loop of its own, with a self-signed certificate, until it is
/// destroyed.
class ServerFixture {
public:
    explicit ServerFixture(Handler handler, ServerOptions options = {});
    ~ServerFixture();

    [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
    [[nodiscard]] std::string url(std::string_view target) const;
    /// A file with the certificate that the server began with.
    [[nodiscard]] std::string ca_file() const { return ca_file_; }
    [[nodiscard]] CertificateSlot& certificates() { return *slot_; }
    [[nodiscard]] const HttpCounters& counters() const { return server_->counters(); }
    /// Runs `work` on the server's loop and waits for it.
    void on_loop(const std::function<void(HttpServer&)>& work);
    [[nodiscard]] Loop& loop() { return loop_; }

private:
    Loop loop_;
    std::string ca_file_;
    std::shared_ptr<CertificateSlot> slot_;
    Endpoint endpoint_;
    std::unique_ptr<HttpServer> server_;
    std::thread thread_;
};

/// One request through HttpClient, on a loop of the caller's thread.
[[nodiscard]] Result<ClientResponse> fetch(ClientRequest request, ClientOptions options = {});

/// A blocking TLS connection whose octets the test writes itself. Gives up after five seconds of
/// silence.
class TlsPeer {
public:
    explicit TlsPeer(const Endpoint& server, std::string_view alpn = "http/1.1");
    /// Over a connected socket.
    explicit TlsPeer(Fd socket, std::string_view alpn = "http/1.1");
    void send(std::string_view octets);
    /// What comes until `mark` has been seen, the peer closes or nothing comes any more.
    [[nodiscard]] std::string read_until(std::string_view mark);
    /// What comes next, one TLS record at most.
    [[nodiscard]] std::string read_some();
    /// What comes until the peer closes.
    [[nodiscard]] std::string read_all() { return read_until({}); }
    [[nodiscard]] bool is_closed() const { return closed_; }
    [[nodiscard]] std::string alpn() const;
    /// SHA-256 of the server's certificate, in hexadecimal.
    [[nodiscard]] std::string fingerprint() const;
    [[nodiscard]] int version() const { return SSL_version(tls_.get()); }
    void close();

private:
    Fd socket_;
    Handle<SSL_CTX, SSL_CTX_free> context_;
    Handle<SSL, SSL_free> tls_;
    bool closed_ = false;
};

/// A connected, blocking TCP socket, from any address or that one; with a receive buffer of so many
/// octets, or (0) of the system's size.
[[nodiscard]] Fd connect_to(const Endpoint& server, std::optional<IpAddress> from = std::nullopt,
                            int receive_buffer_octets = 0);

/// Waits up to five seconds until `condition` holds.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

/// 200 with the body "method path length-of-body version".
void echo(Request&& request, Responder responder);

}  // namespace hairpin::net::tests
