// net/udp_batch.hpp - up to 64 datagrams in with one system call, their answers out with another.
//
// Owns the buffers; one batch serves all UDP sockets of a worker, one after the other. On a
// wildcard socket each answer leaves from the address that its question came to.
//
// Standards RFC 2181 section 4.1 (source address); ip(7) IP_PKTINFO; RFC 3542 section 6.2.
// Threads   One. Allocates once.

#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/ip_address.hpp"
#include "core/octets.hpp"

namespace hairpin::net {

/// Why a datagram must not be answered.
enum class Unfit : std::uint8_t {
    No,          // It may be.
    Oversized,   // Larger than our buffer.
    SourcePort,  // Source port 0: nobody could receive the answer.
};

class UdpBatch {
public:
    static constexpr std::size_t kDatagrams = 64;
    static constexpr std::size_t kReceiveOctets = 4096;

    /// @param response_octets  The most that one answer takes.
    /// @param receive_octets   A longer datagram is Oversized. The fewer, the closer they stand in
    /// memory.
    explicit UdpBatch(std::size_t response_octets, std::size_t receive_octets = kReceiveOctets);
    UdpBatch(const UdpBatch&) = delete;
    UdpBatch& operator=(const UdpBatch&) = delete;

    /// Takes what waits at the socket, forgetting the batch before. @return How many; 0: nothing.
    [[nodiscard]] std::size_t receive(int socket) noexcept;
    /// Looked at before received().
    [[nodiscard]] Unfit unfit(std::size_t index) const noexcept;
    /// A datagram of this batch, as far as it is here.
    [[nodiscard]] OctetView received(std::size_t index) const noexcept;
    /// Where a datagram of this batch came from, unmapped.
    [[nodiscard]] IpAddress client(std::size_t index) const noexcept;
    /// Where the next answer is written.
    [[nodiscard]] std::span<std::uint8_t> response_room() noexcept;
    /// Takes the first `octets` of response_room() as the answer to datagram `index`.
    void reply(std::size_t index, std::size_t octets) noexcept;
    /// How many answers this batch has.
    [[nodiscard]] std::size_t replies() const noexcept { return replies_; }
    /// One of them, as far as it will be sent; it may be changed.
    [[nodiscard]] std::span<std::uint8_t> reply_at(std::size_t reply) noexcept {
        const iovec& part = response_parts_[reply];
        return {static_cast<std::uint8_t*>(part.iov_base), part.iov_len};
    }
    /// Looks at every reply once more. `octets_of` is called with the number of each, in their
    /// order, and says how many of its octets are sent; 0: it is not.
    template <typename OctetsOf>
    void sift(OctetsOf octets_of) {
        std::size_t kept = 0;
        for (std::size_t reply = 0; reply < replies_; ++reply) {
            const std::size_t octets = octets_of(reply);
            if (octets == 0) continue;
            if (kept != reply) move_reply(reply, kept);
            response_parts_[kept++].iov_len = octets;
        }
        replies_ = kept;
    }

    /// The way back for an answer that is not ready yet.
    class ReturnPath {
    public:
        /// Sends one datagram. False: the kernel refused it.
        [[nodiscard]] bool send(int socket, OctetView answer) const noexcept;

    private:
        friend UdpBatch;
        sockaddr_in6 peer_{};
        socklen_t peer_octets_ = 0;
        alignas(cmsghdr) std::array<std::uint8_t, 64> control_{};
        std::size_t control_octets_ = 0;
    };
    /// Of a datagram of this batch; good for longer than the batch.
    [[nodiscard]] ReturnPath return_path(std::size_t index) const noexcept;
    /// Sends all replies. One that the kernel refuses does not keep the others from going out.
    /// @return How many it refused.
    std::size_t send(int socket) noexcept;

    // For who looks on, until the next receive().

    /// Who sent a datagram of this batch, unmapped.
    [[nodiscard]] Endpoint sender(std::size_t index) const noexcept;
    /// The address it was sent to; nullopt: the one that the socket is bound to.
    [[nodiscard]] std::optional<IpAddress> destination(std::size_t index) const noexcept;
    /// Its octets, whether it may be answered or not; without a pointer when they are not all here.
    [[nodiscard]] OctetView whole(std::size_t index) const noexcept;
    /// The reply to it; empty: there is none. `earlier`: how many replies are to those before it.
    [[nodiscard]] OctetView reply_to(std::size_t index, std::size_t earlier) const noexcept;

private:
    void move_reply(std::size_t from, std::size_t to) noexcept;

    // Only cmsg_pktinfo comes here: 40 octets for IPv6.
    struct alignas(cmsghdr) Control {
        std::array<std::uint8_t, 64> octets;
    };

    std::size_t response_octets_;
    // From one buffer to the next.
    std::size_t receive_stride_;
    std::size_t response_stride_;
    std::vector<std::uint8_t> requests_;
    std::vector<std::uint8_t> responses_;
    std::array<sockaddr_in6, kDatagrams> peers_{};
    std::array<Control, kDatagrams> controls_{};
    std::array<iovec, kDatagrams> request_parts_{};
    std::array<iovec, kDatagrams> response_parts_{};
    std::array<mmsghdr, kDatagrams> in_{};
    std::array<mmsghdr, kDatagrams> out_{};
    std::size_t replies_ = 0;
};

}  // namespace hairpin::net
