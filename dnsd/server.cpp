#include "dnsd/server.hpp"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <list>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "core/assert.hpp"
#include "core/crypto.hpp"
#include "core/fd.hpp"
#include "core/signals_blocked.hpp"
#include "dnsd/https_server.hpp"
#include "dnsd/limit_report.hpp"
#include "dnsd/tcp_server.hpp"
#include "dnsd/udp_server.hpp"
#include "dnsd/update_desk.hpp"
#include "net/loop.hpp"
#include "net/socket.hpp"
#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

constexpr std::size_t kMaxNsidOctets = 64;
constexpr std::size_t kMaxTextOctets = 255;  // One character-string (RFC 1035 section 3.3).
constexpr unsigned kMaxWorkers = 1024;
/// Free UDP ports tried for one whose TCP twin is free too.
constexpr int kPortAttempts = 32;

struct Sockets {
    Fd udp;
    Fd tcp;
};

/// Both sockets of one endpoint, on one port.
Result<Sockets> open_sockets(const Endpoint& endpoint, int receive_octets, bool reuse_port) {
    Sockets sockets;
    net::UdpOptions udp;
    udp.reuse_port = reuse_port;
    udp.receive_buffer_octets = receive_octets;
    sockets.udp = TRY(net::bind_udp(endpoint, udp));
    net::ListenOptions tcp;
    tcp.reuse_port = reuse_port;
    const Endpoint bound = TRY(net::local_endpoint(sockets.udp));
    sockets.tcp = TRY(net::listen_tcp(bound, tcp));
    return sockets;
}

Error unwatched(const Endpoint& endpoint) {
    return {ErrorCode::Unavailable, endpoint.text(), "the kernel refuses to watch another socket"};
}

/// The endpoint with its real port, found free of anybody, us included: with SO_REUSEPORT alone a
/// second server of the same user would quietly take half of the queries.
Result<Endpoint> claim(const Endpoint& wanted) {
    for (int attempt = 1;; ++attempt) {
        auto sockets = open_sockets(wanted, 0, false);
        if (sockets) return net::local_endpoint(sockets->udp);
        const bool again = wanted.port == 0 && sockets.error().code == ErrorCode::Conflict;
        if (!again || attempt == kPortAttempts) return fail(std::move(sockets).error());
    }
}

/// The same for a listener without UDP.
Result<Endpoint> claim_stream(const Endpoint& wanted) {
    return net::local_endpoint(TRY(net::listen_tcp(wanted)));
}

Result<void> check(const ServerOptions& options) {
    const auto invalid = [](std::string subject, std::string cause) {
        return fail(Error{ErrorCode::Invalid, std::move(subject), std::move(cause)});
    };
    if (options.listen.empty()) return invalid("dns.listen", "no endpoint to listen on");
    if (options.workers > kMaxWorkers) return invalid("dns.workers", "more than 1024");
    const std::size_t udp_octets = options.identity.udp_octets;
    if (udp_octets < kMinUdpOctets || udp_octets > net::UdpBatch::kReceiveOctets)
        return invalid("dns.udp_octets", "not between 512 and 4096");
    if (options.identity.nsid.size() > kMaxNsidOctets)
        return invalid("dns.nsid", "longer than 64 octets");
    if (options.identity.version.size() > kMaxTextOctets)
        return invalid("dns.version", "longer than 255 octets");
    if (options.identity.server.size() > kMaxTextOctets)
        return invalid("dns.identity", "longer than 255 octets");
    if (options.tcp.connections == 0 || options.tcp.connections_per_client == 0)
        return invalid("dns.tcp", "a limit of 0 connections");
    const TcpLimits& tls = options.tls;
    const bool no_places = tls.connections == 0 || tls.connections_per_client == 0 ||
                           tls.handshakes == 0 || tls.handshakes_per_client == 0 ||
                           tls.handshakes_per_turn == 0;
    if (no_places) return invalid("dns.tls", "a limit of 0 connections or handshakes");
    const bool is_secure = !options.tls_listen.empty() || !options.https_listen.empty();
    if (is_secure && options.certificates == nullptr)
        return invalid("dns.tls_listen", "no certificate to show");
    const TransferLimits& transfers = options.transfers;
    if (transfers.message_octets < kMinUdpOctets || transfers.message_octets > kMaxMessageOctets)
        return invalid("dns.transfer", "messages of another size than 512 to 65535 octets");
    if (options.rate_limits.ipv4_bits > 32 || options.rate_limits.ipv6_bits > 128)
        return invalid("dns.rate_limit", "a prefix longer than an address");
    return {};
}

SipKey random_key() {
    SipKey key{};
    fill_random(key);
    return key;
}

std::uint64_t random_seed() {
    std::array<std::uint8_t, 4> octets{};
    fill_random(octets);
    return std::uint64_t{1} << 32 | zones::read_u32(octets.data());
}

}  // namespace

/// One worker. Its sockets are made before its thread and served by it alone.
class Server::Thread {
public:
    /// `transfers.policy` is not null.
    Thread(const ServerOptions& options, PublishedZones& zones, const TransferSources& transfers,
           TransferSlots& slots, const Clock& clock)
        : reader_(zones),
          keys_(*options.keys),
          policy_reader_(*transfers.policy),
          cookies_(options.cookies),
          limiter_(options.rate_limits, random_key()),
          report_(loop_, limiter_),
          tap_(counters_, random_seed()),
          worker_{loop_,
                  reader_,
                  keys_,
                  options.identity,
                  counters_,
                  clock,
                  cookies_,
                  limiter_,
                  {policy_reader_, transfers.history, slots, options.transfers, transfers.witness,
                   transfers.followers},
                  tap_,
                  nullptr},
          batch_(options.identity.udp_octets),
          tcp_(worker_, options.tcp),
          https_(worker_, options.tls) {
        if (options.updates != nullptr)
            worker_.updates = &updates_.emplace(worker_, *options.updates, options.update_limits);
        if (!options.tls_listen.empty())
            tls_.emplace(worker_, options.tls, options.certificates.get());
        loop_.set_idle_hooks([this] { go_offline(); }, [this] { go_online(); });
    }
    ~Thread() { stop(); }

    [[nodiscard]] bool serve(Sockets sockets) {
        udp_.emplace_back(worker_, batch_, std::move(sockets.udp));
        return udp_.back().is_serving() && tcp_.add_listener(std::move(sockets.tcp));
    }
    [[nodiscard]] bool serve_tls(Fd listener) { return tls_->add_listener(std::move(listener)); }
    void serve_https(Fd listener) { https_.add_listener(std::move(listener)); }
    [[nodiscard]] Result<void> open_https(std::shared_ptr<const net::CertificateSlot> slot) {
        return https_.open(std::move(slot));
    }
    [[nodiscard]] const net::HttpCounters* https_counters() const noexcept {
        return https_.counters();
    }
    [[nodiscard]] Result<void> start(const std::string& name) {
        const SignalsBlocked blocked;
        try {
            thread_ = std::thread([this, name] {
                pthread_setname_np(pthread_self(), name.c_str());
                go_online();
                loop_.run();
                go_offline();
            });
        } catch (const std::system_error& error) {
            return fail(Error{ErrorCode::Unavailable, name, error.what()});
        }
        return {};
    }
    void ask_to_stop() {
        if (!thread_.joinable() || std::exchange(asked_, true)) return;
        loop_.post([this] {
            for (UdpServer& udp : udp_)
                udp.drain();
            open_kinds_ = 2 + (tls_ ? 1 : 0) + (updates_ ? 1 : 0);
            const auto done = [this] {
                if (--open_kinds_ == 0) loop_.stop();
            };
            tcp_.drain(done);
            if (tls_) tls_->drain(done);
            https_.drain(done);
            // Last: who waits for an answer of his is not closed yet.
            if (updates_) updates_->drain(done);
        });
    }
    void stop() {
        ask_to_stop();
        if (thread_.joinable()) thread_.join();
    }
    void guard(const CookiePolicy& cookies, const RateLimits& rate_limits) {
        loop_.post([this, cookies, rate_limits] {
            cookies_ = cookies;
            limiter_.set(rate_limits);
        });
    }
    void watch(const Watch& watch, std::shared_ptr<ExchangeRing> ring) {
        loop_.post([this, watch, ring = std::move(ring)] { tap_.set(watch, ring); });
    }
    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

private:
    void go_online() noexcept {
        reader_.online();
        keys_.online();
        policy_reader_.online();
    }
    void go_offline() noexcept {
        reader_.offline();
        keys_.offline();
        policy_reader_.offline();
    }

    net::Loop loop_;
    PublishedZones::Reader reader_;
    PublishedKeys::Reader keys_;
    PublishedTransferPolicy::Reader policy_reader_;
    Counters counters_;
    CookiePolicy cookies_;
    RateLimiter limiter_;
    LimitReport report_;
    Tap tap_;
    Worker worker_;
    std::optional<UpdateDesk> updates_;
    net::UdpBatch batch_;
    std::list<UdpServer> udp_;
    TcpServer tcp_;
    std::optional<TcpServer> tls_;
    HttpsServer https_;
    int open_kinds_ = 0;  // Of connections, that are not drained yet.
    std::thread thread_;
    bool asked_ = false;  // To stop.
};

Server::Server(Key /*only bind() has one*/, const ServerOptions& options, PublishedZones& zones,
               TransferSources transfers)
    : options_(options), no_keys_(std::make_shared<KeyRing>()), slots_(options.transfers) {
    if (options_.keys == nullptr) options_.keys = &no_keys_;
    if (options_.workers == 0)
        options_.workers = std::clamp(std::thread::hardware_concurrency(), 1u, kMaxWorkers);
    if (transfers.policy == nullptr) transfers.policy = &nobody_;
    for (unsigned each = 0; each < options_.workers; ++each)
        threads_.push_back(std::make_unique<Thread>(options_, zones, transfers, slots_, clock_));
}

Server::~Server() {
    stop();
}

Result<std::unique_ptr<Server>> Server::bind(const ServerOptions& options, PublishedZones& zones,
                                             TransferSources transfers) {
    TRY(check(options));
    auto server = std::make_unique<Server>(Key(), options, zones, transfers);
    for (const Endpoint& endpoint : options.listen)
        TRY(server->bind_endpoint(endpoint));
    for (const Endpoint& endpoint : options.tls_listen)
        TRY(server->bind_secure(endpoint, Transport::Tls));
    for (const Endpoint& endpoint : options.https_listen)
        TRY(server->bind_secure(endpoint, Transport::Https));
    for (const auto& thread : server->threads_)
        TRY(thread->open_https(options.certificates));
    return server;
}

Result<void> Server::bind_endpoint(const Endpoint& wanted) {
    const Endpoint endpoint = TRY(claim(wanted));
    for (const auto& thread : threads_) {
        const int receive_octets = options_.udp_receive_buffer_octets;
        if (!thread->serve(TRY(open_sockets(endpoint, receive_octets, true))))
            return fail(unwatched(endpoint));
    }
    endpoints_.push_back(endpoint);
    return {};
}

Result<void> Server::bind_secure(const Endpoint& wanted, Transport transport) {
    const Endpoint endpoint = TRY(claim_stream(wanted));
    net::ListenOptions shared;
    shared.reuse_port = true;
    for (const auto& thread : threads_) {
        Fd listener = TRY(net::listen_tcp(endpoint, shared));
        if (transport == Transport::Https)
            thread->serve_https(std::move(listener));
        else if (!thread->serve_tls(std::move(listener)))
            return fail(unwatched(endpoint));
    }
    (transport == Transport::Https ? https_endpoints_ : tls_endpoints_).push_back(endpoint);
    return {};
}

Result<void> Server::start() {
    for (std::size_t each = 0; each < threads_.size(); ++each)
        TRY(threads_[each]->start("dns-" + std::to_string(each)));
    return {};
}

void Server::stop() {
    for (const auto& thread : threads_)
        thread->ask_to_stop();
    for (const auto& thread : threads_)
        thread->stop();
}

void Server::guard(const CookiePolicy& cookies, const RateLimits& rate_limits) {
    for (const auto& thread : threads_)
        thread->guard(cookies, rate_limits);
}

void Server::watch(const Watch& watch, const std::vector<std::shared_ptr<ExchangeRing>>& rings) {
    const bool is_off = watch == Watch();
    HAIRPIN_ASSERT(is_off || rings.size() == threads_.size());
    for (std::size_t each = 0; each < threads_.size(); ++each)
        threads_[each]->watch(watch, is_off ? nullptr : rings[each]);
}

std::vector<Counters> Server::by_worker() const {
    std::vector<Counters> all;
    for (const auto& thread : threads_)
        all.push_back(thread->counters());
    return all;
}

void Server::for_each_https(const std::function<void(const net::HttpCounters&)>& visit) const {
    for (const auto& thread : threads_)
        if (const net::HttpCounters* counters = thread->https_counters()) visit(*counters);
}

Counters Server::totals() const {
    Counters sums;
    for (const auto& thread : threads_)
        sums += thread->counters();
    return sums;
}

}  // namespace hairpin::dnsd
