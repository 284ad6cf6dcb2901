// tests/unit/dnsd/peer.hpp - clients of a name server on loopback, blocking, with a time limit.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/fd.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "tests/support/dns_message.hpp"
#include "tests/unit/dnsd/message_stream.hpp"

namespace hairpin::dnsd::tests {

inline constexpr int kPatienceMilliseconds = 5'000;

class Peer {
public:
    /// `type`: SOCK_DGRAM or SOCK_STREAM.
    Peer(const Endpoint& server, int type, int receive_buffer_octets = 0)
        : socket_(::socket(server.address.is_v4() ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0)) {
        if (receive_buffer_octets > 0)
            static_cast<void>(::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF,
                                           &receive_buffer_octets, sizeof receive_buffer_octets));
        sockaddr_storage storage{};
        const socklen_t size = server.to_sockaddr(storage);
        if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0)
            throw std::runtime_error("connect: " + std::to_string(errno));
    }

    void send(OctetView octets) {
        while (!octets.empty()) {
            const ssize_t count = ::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
            if (count < 0) throw std::runtime_error("send: " + std::to_string(errno));
            octets = octets.subspan(static_cast<std::size_t>(count));
        }
    }
    /// As much as the kernel takes without waiting.
    std::size_t send_some(OctetView octets) {
        const ssize_t count =
            ::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        return count < 0 ? 0 : static_cast<std::size_t>(count);
    }
    /// A datagram or a piece of a stream; empty: the end; nullopt: nothing in time.
    std::optional<Octets> receive(int milliseconds = kPatienceMilliseconds) {
        pollfd watched{socket_.get(), POLLIN, 0};
        if (::poll(&watched, 1, milliseconds) <= 0) return std::nullopt;
        Octets octets(65'535);
        const ssize_t count = ::recv(socket_.get(), octets.data(), octets.size(), 0);
        octets.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        return octets;
    }
    /// The next message of a stream; empty: the end; nullopt: not whole in time.
    std::optional<Octets> receive_framed(int milliseconds = kPatienceMilliseconds) {
        for (;;) {
            if (auto message = stream_.next()) return message;
            const auto more = receive(milliseconds);
            if (!more || more->empty()) return more;
            stream_.put(*more);
        }
    }
    void shut_down_sending() { ::shutdown(socket_.get(), SHUT_WR); }

private:
    Fd socket_;
    MessageStream stream_;
};

/// A message with its length in front (RFC 1035 section 4.2.2).
inline Octets framed(OctetView message) {
    Octets octets{static_cast<std::uint8_t>(message.size() >> 8),
                  static_cast<std::uint8_t>(message.size())};
    octets.insert(octets.end(), message.begin(), message.end());
    return octets;
}

/// A question that fills a message to its 65,535 octets: with one unknown option.
inline Octets largest_query(std::string_view question) {
    hairpin::tests::MessageBuilder builder;
    hairpin::tests::add_question(builder, question);
    const std::size_t filling = 65'535 - builder.octets().size() - 11 - 4;
    Octets option{0xfd, 0xe9, static_cast<std::uint8_t>(filling >> 8),
                  static_cast<std::uint8_t>(filling)};
    option.resize(4 + filling);
    builder.opt(1232, 0, option);
    return builder.octets();
}

inline Octets query(std::string_view question, std::uint16_t id = 0x1234) {
    hairpin::tests::MessageBuilder builder(id);
    hairpin::tests::add_question(builder, question);
    return builder.octets();
}

}  // namespace hairpin::dnsd::tests
