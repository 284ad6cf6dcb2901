// dnsd/server.hpp - the name server: workers that share nothing they write.
//
// Each worker is a thread named "dns-N" with its own loop, its own SO_REUSEPORT sockets for every
// listen endpoint, its own counters and its own place in the publication of the zones. bind() takes
// all sockets, so that privileges may be dropped before start(). It reads zones, never changes
// them. Over TLS and HTTPS the same workers give the same answers.
//
// Standards RFC 1035 section 4.2; RFC 7766 (TCP is not optional); RFC 7858; RFC 8484.
// Threads   bind, start, stop and the destructor on one thread; guard(), watch() and what counts on
//           any.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "dnsd/cookies.hpp"
#include "dnsd/counters.hpp"
#include "dnsd/key_ring.hpp"
#include "dnsd/rate_limit.hpp"
#include "dnsd/response.hpp"
#include "dnsd/tap.hpp"
#include "dnsd/tcp_limits.hpp"
#include "dnsd/transfer_limits.hpp"
#include "dnsd/transfer_policy.hpp"
#include "dnsd/update_desk.hpp"
#include "dnsd/update_request.hpp"
#include "dnsd/worker.hpp"
#include "net/http_server.hpp"
#include "net/tls.hpp"
#include "zones/history.hpp"

namespace hairpin::dnsd {

struct ServerOptions {
    std::vector<Endpoint> listen;  // Each for UDP and TCP. Port 0: a free one, the same for both.
    unsigned workers = 0;          // 0: one per core.
    Identity identity;             // udp_octets 512..4096; nsid at most 64 octets; texts 255.
    TcpLimits tcp;
    std::vector<Endpoint> tls_listen;    // DNS over TLS; empty: none. Port 0 as above.
    std::vector<Endpoint> https_listen;  // DNS over HTTPS, the same.
    TcpLimits tls;                       // Of each of the two.
    /// What both show; needed where one of them listens. A new certificate is for new connections.
    std::shared_ptr<const net::CertificateSlot> certificates;
    PublishedKeys* keys = nullptr;  // Whose signatures are known; outlives the server. Null: none.
    CookiePolicy cookies;           // Off unless said otherwise.
    RateLimits rate_limits;         // Of each worker; off unless said otherwise.
    TransferLimits transfers;
    /// Takes UPDATEs over UDP, TCP and TLS; null: NOTIMP. Outlives the server's threads, and has
    /// called every Done, or never will, before the server is destroyed.
    UpdateSink* updates = nullptr;
    UpdateLimits update_limits;
    int udp_receive_buffer_octets = 1 << 20;  // Per socket: what waits while a worker is busy.
};

/// Where zone transfers come from, and who is told of them; all outlive the server.
struct TransferSources {
    PublishedTransferPolicy* policy = nullptr;  // Null: nobody gets any.
    zones::HistorySource* history = nullptr;    // Null: whole zones only.
    TransferWitness* witness = nullptr;         // Null: nobody is told who asked.
    zones::FollowerSink* followers = nullptr;   // What secondaries hold; null: nobody is told.
};

class Server {
    struct Key {};  // Only bind() makes servers.

public:
    Server(Key, const ServerOptions& options, PublishedZones& zones, TransferSources transfers);
    /// Binds all sockets. `zones` outlives the server.
    /// Errors: Invalid options; Conflict a port is in use; Denied; Io.
    [[nodiscard]] static Result<std::unique_ptr<Server>> bind(const ServerOptions& options,
                                                              PublishedZones& zones,
                                                              TransferSources transfers = {});
    /// Stops, if it is running.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Where it listens, with the real ports, in the order of ServerOptions::listen.
    [[nodiscard]] const std::vector<Endpoint>& endpoints() const noexcept { return endpoints_; }
    [[nodiscard]] const std::vector<Endpoint>& tls_endpoints() const noexcept {
        return tls_endpoints_;
    }
    [[nodiscard]] const std::vector<Endpoint>& https_endpoints() const noexcept {
        return https_endpoints_;
    }

    /// Starts the threads. Call once. Errors: Unavailable the kernel gives no thread.
    [[nodiscard]] Result<void> start();
    /// Answers what was received, closes everything and waits for the threads: at most about
    /// TcpLimits::drain. Safe to call again.
    void stop();

    /// New cookie secrets and limits, a moment later on every worker; the slots stay as they are.
    /// Any thread, before stop().
    void guard(const CookiePolicy& cookies, const RateLimits& rate_limits);
    /// What is watched from a moment later on, and where each worker puts it: a ring for each
    /// worker(). Any thread, before stop().
    void watch(const Watch& watch, const std::vector<std::shared_ptr<ExchangeRing>>& rings);
    [[nodiscard]] std::size_t workers() const noexcept { return threads_.size(); }
    /// Of all workers, at about this moment.
    [[nodiscard]] Counters totals() const;
    /// The same, each worker's alone: an uneven spread shows.
    [[nodiscard]] std::vector<Counters> by_worker() const;
    /// Visits the counters of HTTPS of each worker; none where it is not served.
    void for_each_https(const std::function<void(const net::HttpCounters&)>& visit) const;
    /// Transfers under way.
    [[nodiscard]] std::size_t transfers_running() const { return slots_.running(); }

private:
    class Thread;
    [[nodiscard]] Result<void> bind_endpoint(const Endpoint& wanted);
    [[nodiscard]] Result<void> bind_secure(const Endpoint& wanted, Transport transport);

    ServerOptions options_;
    SystemClock clock_;
    PublishedKeys no_keys_;
    PublishedTransferPolicy nobody_{std::make_shared<const TransferPolicy>()};
    TransferSlots slots_;
    std::vector<Endpoint> endpoints_;
    std::vector<Endpoint> tls_endpoints_;
    std::vector<Endpoint> https_endpoints_;
    std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace hairpin::dnsd
