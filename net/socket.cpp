#include "net/socket.hpp"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace hairpin::net {
namespace {

Result<void> set_option(const Fd& socket, const Endpoint& endpoint, int level, int name,
                        int value) {
    if (::setsockopt(socket.get(), level, name, &value, sizeof value) == 0) return {};
    return fail(system_error(endpoint.text(), errno));
}

Error bind_error(const Endpoint& endpoint, int error_number) {
    if (error_number == EADDRINUSE) {
        return {ErrorCode::Conflict, endpoint.text(),
                "port in use: another program listens there (see: ss -lntup)"};
    }
    if (error_number == EACCES) {
        return {ErrorCode::Denied, endpoint.text(),
                "ports below 1024 need CAP_NET_BIND_SERVICE or root"};
    }
    if (error_number == EADDRNOTAVAIL) {
        return {ErrorCode::Invalid, endpoint.text(),
                "no interface of this machine has that address"};
    }
    return system_error(endpoint.text(), error_number);
}

Result<Fd> open_socket(const Endpoint& endpoint, int type, bool reuse_port, bool v6only) {
    const int family = endpoint.address.is_v4() ? AF_INET : AF_INET6;
    Fd socket(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return fail(system_error(endpoint.text(), errno));
    if (reuse_port) TRY(set_option(socket, endpoint, SOL_SOCKET, SO_REUSEPORT, 1));
    if (family == AF_INET6) {
        TRY(set_option(socket, endpoint, IPPROTO_IPV6, IPV6_V6ONLY, v6only ? 1 : 0));
    }
    return socket;
}

Result<void> bind_to(const Fd& socket, const Endpoint& endpoint) {
    sockaddr_storage storage{};
    const socklen_t size = endpoint.to_sockaddr(storage);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&storage), size) == 0) return {};
    return fail(bind_error(endpoint, errno));
}

Result<void> prepare_udp(const Fd& socket, const Endpoint& endpoint) {
    const bool wildcard = is_wildcard(endpoint.address);
    if (endpoint.address.is_v4()) {
        if (wildcard) TRY(set_option(socket, endpoint, IPPROTO_IP, IP_PKTINFO, 1));
        return set_option(socket, endpoint, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
    }
    if (wildcard) TRY(set_option(socket, endpoint, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
    return set_option(socket, endpoint, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
}

}  // namespace

Result<Fd> listen_tcp(const Endpoint& endpoint, const ListenOptions& options) {
    Fd socket = TRY(open_socket(endpoint, SOCK_STREAM, options.reuse_port, options.v6only));
    // Connections of the process before us, in TIME_WAIT, do not keep the port from us.
    TRY(set_option(socket, endpoint, SOL_SOCKET, SO_REUSEADDR, 1));
    TRY(bind_to(socket, endpoint));
    if (::listen(socket.get(), options.backlog) != 0) return fail(bind_error(endpoint, errno));
    return socket;
}

Result<Fd> bind_udp(const Endpoint& endpoint, const UdpOptions& options) {
    Fd socket = TRY(open_socket(endpoint, SOCK_DGRAM, options.reuse_port, options.v6only));
    TRY(prepare_udp(socket, endpoint));
    if (options.receive_buffer_octets > 0) {
        TRY(set_option(socket, endpoint, SOL_SOCKET, SO_RCVBUF, options.receive_buffer_octets));
    }
    if (options.send_buffer_octets > 0) {
        TRY(set_option(socket, endpoint, SOL_SOCKET, SO_SNDBUF, options.send_buffer_octets));
    }
    TRY(bind_to(socket, endpoint));
    return socket;
}

Result<Endpoint> local_endpoint(const Fd& socket) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    auto* address = reinterpret_cast<sockaddr*>(&storage);
    if (::getsockname(socket.get(), address, &size) != 0) {
        return fail(system_error("getsockname", errno));
    }
    const auto endpoint = Endpoint::from_sockaddr(address);
    if (!endpoint) return fail(Error{ErrorCode::Invalid, "socket", "it is not an IP socket"});
    return *endpoint;
}

bool is_wildcard(const IpAddress& address) noexcept {
    const auto octets = address.octets();
    return std::all_of(octets.begin(), octets.end(), [](std::uint8_t octet) { return octet == 0; });
}

}  // namespace hairpin::net
