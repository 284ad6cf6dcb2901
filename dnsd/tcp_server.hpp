// dnsd/tcp_server.hpp - all TCP listeners and connections of one worker.
//
// Accepts within limits, wakes connections that have something to do and closes those whose
// deadline has passed. It does not know what a message is (dnsd/tcp_connection.hpp).
//
// Standards RFC 7766 sections 6.2.2 and 6.2.3 (limits, idle time-outs); RFC 9210 section 4.2.
// Threads   The worker's.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <vector>

#include "core/fd.hpp"
#include "core/ip_address.hpp"
#include "dnsd/tcp_connection.hpp"
#include "dnsd/tcp_limits.hpp"
#include "dnsd/worker.hpp"
#include "net/loop.hpp"
#include "net/timer_wheel.hpp"

namespace hairpin::dnsd {

class TcpServer {
public:
    /// The worker outlives this.
    TcpServer(const Worker& worker, const TcpLimits& limits);
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
        Client(Fd socket, const IpAddress& peer, const IpAddress& counted)
            : connection(std::move(socket), peer), address(counted) {}
        TcpConnection connection;
        IpAddress address;  // What the limit per client counts: IPv4 address or IPv6 /64.
        std::list<Client>::iterator self;
        net::Poll poll;
        MonotonicTime accepted{};
        std::uint64_t phase = 0;  // Of the connection when the deadline was set.
    };

    void accept_from(const Fd& listener);
    void admit(Fd socket, const sockaddr_storage& peer);
    void pause_accepting(int error_number);
    void on_ready(Client& client);
    void set_deadline(Client& client);
    void close(Client& client);
    void drain_client(Client& client);
    void check_drained();

    const Worker& worker_;
    const TcpLimits limits_;
    TcpScratch scratch_;
    net::TimerWheel wheel_;
    net::Timer tick_;    // Runs while there are connections.
    net::Timer resume_;  // Ends a pause in accepting.
    std::list<Listener> listeners_;
    std::list<Client> clients_;
    std::map<IpAddress, std::size_t> by_address_;  // Connections, never 0.
    MonotonicTime last_warning_{};
    bool draining_ = false;
    std::function<void()> on_drained_;  // Not called yet.
};

}  // namespace hairpin::dnsd
