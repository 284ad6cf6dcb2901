#include "cli/dns_stream.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "core/handle.hpp"
#include "core/ip_address.hpp"
#include "zones/wire.hpp"

namespace hairpin::cli {
namespace {

constexpr std::uint16_t kDnsPort = 53;
constexpr std::size_t kLengthOctets = 2;

Error unavailable(const std::string& peer, std::string cause) {
    return {ErrorCode::Unavailable, peer, std::move(cause)};
}

MonotonicTime monotonic() {
    return SystemClock().monotonic();
}

struct HostAndPort {
    std::string host;
    std::uint16_t port = kDnsPort;
};

std::optional<HostAndPort> split(std::string_view server) {
    HostAndPort parts;
    const auto colon = server.find(':');
    parts.host = server.substr(0, colon);
    if (parts.host.empty()) return std::nullopt;
    if (colon == server.npos) return parts;
    const std::string_view port = server.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), parts.port);
    const bool is_port = error == std::errc() && end == port.data() + port.size();
    return is_port && parts.port != 0 ? std::optional(std::move(parts)) : std::nullopt;
}

Result<std::vector<Endpoint>> endpoints_of(std::string_view server) {
    if (const auto literal = Endpoint::parse(server, kDnsPort)) return std::vector{*literal};
    const auto parts = split(server);
    if (!parts)
        return fail(Error{ErrorCode::Invalid, std::string(server),
                          "this is not a server: an address or a name, perhaps with :port; IPv6 "
                          "with a port in brackets"});
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* raw = nullptr;
    const int status = ::getaddrinfo(parts->host.c_str(), nullptr, &hints, &raw);
    const Handle<addrinfo, ::freeaddrinfo> found(raw);
    if (status != 0) return fail(Error{ErrorCode::NotFound, parts->host, ::gai_strerror(status)});
    std::vector<Endpoint> endpoints;
    for (const addrinfo* each = found.get(); each != nullptr; each = each->ai_next) {
        auto endpoint = Endpoint::from_sockaddr(each->ai_addr);
        if (!endpoint) continue;
        endpoint->port = parts->port;
        endpoints.push_back(*endpoint);
    }
    if (endpoints.empty())
        return fail(Error{ErrorCode::NotFound, parts->host, "it has no addresses"});
    return endpoints;
}

// A socket that is connected, or about to be.
Result<Fd> begin_connecting(const Endpoint& endpoint) {
    const int family = endpoint.address.is_v4() ? AF_INET : AF_INET6;
    Fd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return fail(system_error(endpoint.text(), errno));
    sockaddr_storage storage{};
    const socklen_t size = endpoint.to_sockaddr(storage);
    const int status = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&storage), size);
    if (status != 0 && errno != EINPROGRESS)
        return fail(unavailable(endpoint.text(), system_error("", errno).cause));
    return socket;
}

Result<void> check_connected(const Fd& socket, const std::string& peer) {
    int error_number = 0;
    socklen_t size = sizeof error_number;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error_number, &size) != 0)
        error_number = errno;
    if (error_number == 0) return {};
    return fail(unavailable(peer, system_error("", error_number).cause));
}

}  // namespace

DnsStream::DnsStream(Fd socket, std::string peer, const StreamTimes& times)
    : socket_(std::move(socket)),
      peer_(std::move(peer)),
      times_(times),
      deadline_(monotonic() + times.whole) {}

Result<DnsStream> DnsStream::open(std::string_view server, const StreamTimes& times) {
    const auto endpoints = TRY(endpoints_of(server));
    Error last;
    for (const Endpoint& endpoint : endpoints) {
        auto socket = begin_connecting(endpoint);
        if (!socket) {
            last = std::move(socket).error();
            continue;
        }
        DnsStream stream(*std::move(socket), endpoint.text(), times);
        auto connected = stream.wait_for(POLLOUT);
        if (connected) connected = check_connected(stream.socket_, stream.peer_);
        if (connected) return stream;
        last = std::move(connected).error();
    }
    return fail(std::move(last));
}

Result<void> DnsStream::wait_for(short events) const {
    for (;;) {
        const Milliseconds left = deadline_ - monotonic();
        if (left.count() <= 0)
            return fail(unavailable(peer_, "it was not done after " +
                                               std::to_string(times_.whole.count() / 1000) +
                                               " seconds in all"));
        pollfd watched{socket_.get(), events, 0};
        const Milliseconds wait = std::min(left, times_.idle);
        const int ready = ::poll(&watched, 1, static_cast<int>(wait.count()));
        if (ready > 0) return {};  // An error on the socket too: the next call meets it.
        if (ready < 0 && errno != EINTR) return fail(system_error(peer_, errno));
        if (ready == 0 && wait == times_.idle)
            return fail(unavailable(
                peer_, "nothing came for " + std::to_string(times_.idle.count() / 1000) +
                           " seconds: no name server there, or a firewall between"));
    }
}

Result<void> DnsStream::send(OctetView message) {
    Octets framed(kLengthOctets);
    zones::write_u16(framed.data(), static_cast<std::uint16_t>(message.size()));
    framed.insert(framed.end(), message.begin(), message.end());
    for (std::size_t sent = 0; sent < framed.size();) {
        TRY(wait_for(POLLOUT));
        const ssize_t octets =
            ::send(socket_.get(), framed.data() + sent, framed.size() - sent, MSG_NOSIGNAL);
        if (octets >= 0)
            sent += static_cast<std::size_t>(octets);
        else if (errno != EAGAIN && errno != EINTR)
            return fail(unavailable(peer_, system_error("", errno).cause));
    }
    return {};
}

Result<OctetView> DnsStream::receive() {
    TRY(read_exactly(kLengthOctets));
    const std::size_t size = zones::read_u16(message_.data());
    TRY(read_exactly(size));
    return OctetView(message_);
}

Result<void> DnsStream::read_exactly(std::size_t size) {
    message_.resize(size);
    for (std::size_t at = 0; at < size;) {
        TRY(wait_for(POLLIN));
        const ssize_t octets = ::recv(socket_.get(), message_.data() + at, size - at, 0);
        if (octets > 0) {
            at += static_cast<std::size_t>(octets);
        } else if (octets == 0) {
            return fail(
                unavailable(peer_, at == 0 && size == kLengthOctets
                                       ? "it closed the connection before the zone was whole"
                                       : "it closed the connection in the middle of a message"));
        } else if (errno != EAGAIN && errno != EINTR) {
            return fail(unavailable(peer_, system_error("", errno).cause));
        }
    }
    return {};
}

}  // namespace hairpin::cli
