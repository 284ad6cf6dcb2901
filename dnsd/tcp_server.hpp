// dnsd/tcp_server.hpp - all TCP listeners and connections of one worker, or all for TLS.
//
// Accepts within limits, wakes connections that have something to do and closes those whose
// deadline has passed. It does not know what a message is (dnsd/tcp_connection.hpp).
//
// With a certificate every connection begins with a handshake; from its end on nothing differs. Who
// does not finish it holds up nobody: handshakes have places and a time of their own.
//
// Standards RFC 7766 sections 6.2.2 and 6.2.3 (limits, idle time-outs); RFC 7858 section 3; RFC
//           9210 section 4.2.
// Threads   The worker's.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>

#include "core/fd.hpp"
#include "core/ip_address.hpp"
#include "dnsd/counted_address.hpp"
#include "dnsd/tcp_connection.hpp"
#include "dnsd/tcp_limits.hpp"
#include "dnsd/worker.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "net/timer_wheel.hpp"
#include "net/tls.hpp"
#include "net/turn_budget.hpp"

namespace hairpin::dnsd {

class TcpServer {
public:
    /// @param certificates  Null: in clear. They and the worker outlive this.
    TcpServer(const Worker& worker, const TcpLimits& limits,
              const net::CertificateSlot* certificates = nullptr);
    ~TcpServer();
    TcpServer(const TcpServer&) = delete;
    TcpServer& operator=(const TcpServer&) = delete;

    /// Accepts from a listening, non-blocking socket. False when the kernel will not watch it.
    [[nodiscard]] bool add_listener(Fd socket);
    /// Stops accepting, answers what has been received and closes; `done` is called once, when the
    /// last answer has been taken or TcpLimits::drain is over. Call once.
    void drain(std::function<void()> done);

private:
    struct Listener {
        Fd socket;
        net::Poll poll;
    };
    struct Client final : net::WheelNode {
        Client(net::Stream stream, const Endpoint& peer, const Endpoint& local)
            : connection(std::move(stream), peer, local), address(counted_address(peer.address)) {}
        TcpConnection connection;
        IpAddress address;  // What the limit per client counts: IPv4 address or IPv6 /64.
        std::list<Client>::iterator self;
        std::list<Client*>::iterator handshake;  // In handshakes_, while is_handshaking.
        bool is_handshaking = false;
        net::Poll poll;
        MonotonicTime accepted{};
        std::uint64_t phase = 0;   // Of the connection when the deadline was set.
        std::uint64_t ticket = 0;  // In consulting_; 0: none.
        std::uint64_t number = 0;  // In by_number_.
    };

    /// What one address has open.
    struct Share {
        std::size_t connections = 0;  // Never 0.
        std::size_t handshakes = 0;
    };

    void accept_from(const Fd& listener);
    void admit(Fd socket, const sockaddr_storage& peer);
    [[nodiscard]] std::optional<net::Stream> make_stream(Fd socket);
    void begin_handshake(Client& client);
    void end_handshake(Client& client);
    void shake_hands(Client& client);
    void pause_accepting(int error_number);
    void on_ready(Client& client);
    void on_deadline(Client& client);
    void settle(Client& client);
    void set_deadline(Client& client);
    void consult(Client& client);
    void on_history(std::uint64_t ticket, const DifferenceRef& difference);
    void send_late(std::uint64_t number, OctetView answer);
    void close(Client& client);
    void drain_client(Client& client);
    void check_drained();

    const Worker& worker_;
    const TcpLimits limits_;
    const net::CertificateSlot* certificates_;
    ConnectionCounters& counters_;
    std::shared_ptr<const net::ServerTls> tls_;  // The certificate of certificate_generation_.
    std::uint64_t certificate_generation_ = 0;
    net::TurnBudget handshake_budget_;
    TcpScratch scratch_;
    net::TimerWheel wheel_;
    net::Timer tick_;    // Runs while there are connections.
    net::Timer resume_;  // Ends a pause in accepting.
    std::list<Listener> listeners_;
    std::list<Client> clients_;
    std::list<Client*> handshakes_;  // Under way, the oldest first.
    std::map<IpAddress, Share> by_address_;
    std::map<std::uint64_t, Client*> consulting_;  // By ticket: who waits for a history.
    std::uint64_t last_ticket_ = 0;
    std::map<std::uint64_t, Client*> by_number_;  // By the order in which they came.
    std::uint64_t last_number_ = 0;
    MonotonicTime last_warning_{};
    bool draining_ = false;
    std::function<void()> on_drained_;  // Not called yet.
};

}  // namespace hairpin::dnsd
