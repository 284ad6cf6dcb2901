// dnsd/https_server.hpp - DNS over HTTPS on one worker's loop.
//
// The API's HTTP server (net/http_server.hpp) on listeners of its own, with limits that fit small
// questions. What a request means is dnsd/https_answer.hpp's.
//
// Standards RFC 8484; RFC 9113 (HTTP/2, RFC 8484 section 5.2), RFC 9112.
// Threads   The worker's; before its loop runs, who makes it. counters(): any.

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "dnsd/tcp_limits.hpp"
#include "dnsd/worker.hpp"
#include "net/http_server.hpp"
#include "net/tls.hpp"

namespace hairpin::dnsd {

class HttpsServer {
public:
    /// @param limits  Connections, handshakes and times as over TLS. The worker outlives this.
    HttpsServer(const Worker& worker, const TcpLimits& limits);

    /// Before open().
    void add_listener(Fd socket) { listeners_.push_back(std::move(socket)); }
    /// Begins to accept; without listeners it does nothing.
    /// Errors: Unavailable the loop cannot watch a listener.
    [[nodiscard]] Result<void> open(std::shared_ptr<const net::CertificateSlot> certificates);
    /// Stops accepting and ends what is open; `done` is called once. Call once.
    void drain(std::function<void()> done);

    /// Null: not open.
    [[nodiscard]] const net::HttpCounters* counters() const noexcept {
        return server_ ? &server_->counters() : nullptr;
    }

private:
    [[nodiscard]] net::ServerOptions options() const;
    void show(const net::Request& request, std::size_t octets, const Stopwatch& since_receipt);

    const Worker& worker_;
    const TcpLimits limits_;
    std::vector<Fd> listeners_;
    Octets room_;  // For one answer.
    std::unique_ptr<net::HttpServer> server_;
};

}  // namespace hairpin::dnsd
