// net/socket.hpp - listening and datagram sockets, opened the way servers want them.
//
// All are non-blocking and close-on-exec. Errors name the endpoint and say what to do about a port
// in use or a missing right. It does not accept, receive or send.
//
// Standards RFC 3542 section 6.1 (IPV6_RECVPKTINFO), ip(7) IP_PKTINFO.
// Threads   Pure functions.

#pragma once

#include "core/fd.hpp"
#include "core/ip_address.hpp"
#include "core/result.hpp"

namespace hairpin::net {

struct ListenOptions {
    bool reuse_port = false;  // SO_REUSEPORT: several loops listen on one endpoint.
    int backlog = 1024;       // Connections; the kernel caps it at net.core.somaxconn.
    bool v6only = true;       // [::] does not take IPv4 as well.
};

/// A listening TCP socket.
/// Errors: Conflict the port is in use; Denied a port below 1024 without the right; Io anything
/// else.
[[nodiscard]] Result<Fd> listen_tcp(const Endpoint& endpoint, const ListenOptions& options = {});

struct UdpOptions {
    bool reuse_port = true;
    bool v6only = true;
    int receive_buffer_octets =
        0;                       // 0: the system's default; SO_RCVBUF, capped by net.core.rmem_max.
    int send_buffer_octets = 0;  // The same with SO_SNDBUF.
};

/// A bound UDP socket. On a wildcard address each datagram carries its destination (IP_PKTINFO or
/// IPV6_RECVPKTINFO). Path MTU discovery is off, so that a forged ICMP message cannot make us
/// fragment. Errors: as listen_tcp.
[[nodiscard]] Result<Fd> bind_udp(const Endpoint& endpoint, const UdpOptions& options = {});

/// Where a socket is bound: the real port after binding to port 0.
/// Errors: Io.
[[nodiscard]] Result<Endpoint> local_endpoint(const Fd& socket);

/// Whether the address is 0.0.0.0 or [::].
[[nodiscard]] bool is_wildcard(const IpAddress& address) noexcept;

}  // namespace hairpin::net
