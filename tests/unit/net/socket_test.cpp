#include "net/socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <catch2/catch.hpp>

namespace hairpin::net {
namespace {

const Endpoint kLoopback{*IpAddress::parse("127.0.0.1"), 0};

TEST_CASE("a listening socket is non-blocking, close-on-exec and knows its port", "[net][socket]") {
    const auto socket = listen_tcp(kLoopback);
    REQUIRE(socket);
    CHECK((::fcntl(socket->get(), F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(socket->get(), F_GETFD) & FD_CLOEXEC) != 0);
    const auto endpoint = local_endpoint(*socket);
    REQUIRE(endpoint);
    CHECK(endpoint->address == kLoopback.address);
    CHECK(endpoint->port != 0);
}

TEST_CASE("a port in use is named as such", "[net][socket]") {
    const auto first = listen_tcp(kLoopback);
    REQUIRE(first);
    const auto taken = *local_endpoint(*first);
    const auto second = listen_tcp(taken);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::Conflict);
    CHECK(second.error().text().find(taken.text() + ": port in use") == 0);

    const auto datagrams = bind_udp(kLoopback, {.reuse_port = false});
    REQUIRE(datagrams);
    CHECK_FALSE(bind_udp(*local_endpoint(*datagrams), {.reuse_port = false}));
}

TEST_CASE("with reuse_port several sockets share an endpoint", "[net][socket]") {
    const auto tcp = listen_tcp(kLoopback, {.reuse_port = true});
    REQUIRE(tcp);
    CHECK(listen_tcp(*local_endpoint(*tcp), {.reuse_port = true}));
    const auto udp = bind_udp(kLoopback);
    REQUIRE(udp);
    CHECK(bind_udp(*local_endpoint(*udp)));
}

TEST_CASE("an address that is not ours is refused", "[net][socket]") {
    const auto socket = bind_udp({*IpAddress::parse("192.0.2.1"), 0});
    REQUIRE_FALSE(socket);
    CHECK(socket.error().code == ErrorCode::Invalid);
}

TEST_CASE("a wildcard UDP socket tells each datagram's destination", "[net][socket][rfc3542]") {
    const bool v4 = GENERATE(true, false);
    const auto server = bind_udp({*IpAddress::parse(v4 ? "0.0.0.0" : "::"), 0});
    REQUIRE(server);
    const auto port = local_endpoint(*server)->port;
    const Endpoint target{*IpAddress::parse(v4 ? "127.0.0.2" : "::1"), port};
    const Fd client(::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_storage storage{};
    const auto size = target.to_sockaddr(storage);
    REQUIRE(::sendto(client.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&storage), size) ==
            1);

    std::array<char, 16> octets{};
    iovec piece{octets.data(), octets.size()};
    alignas(cmsghdr) std::array<char, 256> control{};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    REQUIRE(::recvmsg(server->get(), &message, 0) == 1);
    const auto* header = CMSG_FIRSTHDR(&message);
    REQUIRE(header != nullptr);
    CHECK(header->cmsg_level == (v4 ? IPPROTO_IP : IPPROTO_IPV6));
    CHECK(header->cmsg_type == (v4 ? IP_PKTINFO : IPV6_PKTINFO));
}

TEST_CASE("an IPv6 wildcard leaves IPv4 alone", "[net][socket]") {
    const auto six = listen_tcp({*IpAddress::parse("::"), 0});
    REQUIRE(six);
    CHECK(listen_tcp({*IpAddress::parse("0.0.0.0"), local_endpoint(*six)->port}));
}

}  // namespace
}  // namespace hairpin::net
