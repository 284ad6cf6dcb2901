#include "net/udp_batch.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/assert.hpp"

namespace hairpin::net {
namespace {

bool has_source_port(const sockaddr_in6& peer) noexcept {
    // sin_port and sin6_port stand at the same place.
    static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
    return peer.sin6_port != 0;
}

/// Whole cache lines, an odd number of them: buffers 4096 octets apart would all share one set of
/// the cache.
std::size_t stride_of(std::size_t octets) noexcept {
    constexpr std::size_t kLine = 64;
    return ((octets + kLine - 1) / kLine | 1) * kLine;
}

/// Only a link-local source needs its interface; for all others routing decides.
void forget_interface(cmsghdr& control) noexcept {
    if (control.cmsg_level == IPPROTO_IP && control.cmsg_type == IP_PKTINFO) {
        in_pktinfo where;
        std::memcpy(&where, CMSG_DATA(&control), sizeof where);
        where.ipi_ifindex = 0;
        std::memcpy(CMSG_DATA(&control), &where, sizeof where);
    } else if (control.cmsg_level == IPPROTO_IPV6 && control.cmsg_type == IPV6_PKTINFO) {
        in6_pktinfo where;
        std::memcpy(&where, CMSG_DATA(&control), sizeof where);
        if (IN6_IS_ADDR_LINKLOCAL(&where.ipi6_addr)) return;
        where.ipi6_ifindex = 0;
        std::memcpy(CMSG_DATA(&control), &where, sizeof where);
    }
}

}  // namespace

UdpBatch::UdpBatch(std::size_t response_octets, std::size_t receive_octets)
    : response_octets_(response_octets),
      receive_stride_(stride_of(receive_octets)),
      response_stride_(stride_of(response_octets)),
      requests_(kDatagrams * receive_stride_),
      responses_(kDatagrams * response_stride_) {
    HAIRPIN_ASSERT(response_octets <= kReceiveOctets && receive_octets <= kReceiveOctets);
    for (std::size_t each = 0; each < kDatagrams; ++each) {
        request_parts_[each] = {requests_.data() + each * receive_stride_, receive_octets};
        response_parts_[each] = {responses_.data() + each * response_stride_, 0};
        msghdr& in = in_[each].msg_hdr;
        in.msg_name = &peers_[each];
        in.msg_iov = &request_parts_[each];
        in.msg_iovlen = 1;
        in.msg_control = &controls_[each];
        msghdr& out = out_[each].msg_hdr;
        out.msg_iov = &response_parts_[each];
        out.msg_iovlen = 1;
    }
}

std::size_t UdpBatch::receive(int socket) noexcept {
    replies_ = 0;
    for (mmsghdr& message : in_) {
        message.msg_hdr.msg_namelen = sizeof(sockaddr_in6);
        message.msg_hdr.msg_controllen = sizeof(Control);
    }
    for (;;) {
        const int count = ::recvmmsg(socket, in_.data(), kDatagrams, MSG_DONTWAIT, nullptr);
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) return 0;  // EAGAIN; any other error is taken off the socket by this.
    }
}

Unfit UdpBatch::unfit(std::size_t index) const noexcept {
    if ((in_[index].msg_hdr.msg_flags & MSG_TRUNC) != 0) return Unfit::Oversized;
    return has_source_port(peers_[index]) ? Unfit::No : Unfit::SourcePort;
}

OctetView UdpBatch::received(std::size_t index) const noexcept {
    return {requests_.data() + index * receive_stride_, in_[index].msg_len};
}

IpAddress UdpBatch::client(std::size_t index) const noexcept {
    const auto* peer = reinterpret_cast<const sockaddr*>(&peers_[index]);
    return IpAddress::from_sockaddr(peer).value_or(IpAddress());
}

std::span<std::uint8_t> UdpBatch::response_room() noexcept {
    return {static_cast<std::uint8_t*>(response_parts_[replies_].iov_base), response_octets_};
}

void UdpBatch::reply(std::size_t index, std::size_t octets) noexcept {
    msghdr& in = in_[index].msg_hdr;
    msghdr& out = out_[replies_].msg_hdr;
    response_parts_[replies_].iov_len = octets;
    out.msg_name = in.msg_name;
    out.msg_namelen = in.msg_namelen;
    out.msg_control = in.msg_controllen == 0 ? nullptr : in.msg_control;
    out.msg_controllen = in.msg_controllen;
    if (cmsghdr* control = CMSG_FIRSTHDR(&out)) forget_interface(*control);
    ++replies_;
}

/// The buffers change places, so that each keeps one.
void UdpBatch::move_reply(std::size_t from, std::size_t to) noexcept {
    std::swap(response_parts_[from], response_parts_[to]);
    msghdr& kept = out_[to].msg_hdr;
    const msghdr& moved = out_[from].msg_hdr;
    kept.msg_name = moved.msg_name;
    kept.msg_namelen = moved.msg_namelen;
    kept.msg_control = moved.msg_control;
    kept.msg_controllen = moved.msg_controllen;
}

std::size_t UdpBatch::send(int socket) noexcept {
    std::size_t refused = 0;
    for (std::size_t sent = 0; sent < replies_;) {
        const auto left = static_cast<unsigned>(replies_ - sent);
        const int count = ::sendmmsg(socket, out_.data() + sent, left, MSG_DONTWAIT);
        if (count > 0) {
            sent += static_cast<std::size_t>(count);
        } else if (errno == EAGAIN) {  // The send buffer is full: the clients will ask again.
            return refused + left;
        } else if (errno != EINTR) {  // The error is about the first: go on behind it.
            ++refused;
            ++sent;
        }
    }
    return refused;
}

UdpBatch::ReturnPath UdpBatch::return_path(std::size_t index) const noexcept {
    const msghdr& in = in_[index].msg_hdr;
    ReturnPath path;
    path.peer_ = peers_[index];
    path.peer_octets_ = in.msg_namelen;
    path.control_ = controls_[index].octets;
    path.control_octets_ = in.msg_controllen;
    return path;
}

bool UdpBatch::ReturnPath::send(int socket, OctetView answer) const noexcept {
    // The kernel wants what it only reads to be writable.
    ReturnPath copy = *this;
    iovec part{const_cast<std::uint8_t*>(answer.data()), answer.size()};
    msghdr out{};
    out.msg_name = &copy.peer_;
    out.msg_namelen = copy.peer_octets_;
    out.msg_iov = &part;
    out.msg_iovlen = 1;
    out.msg_control = copy.control_octets_ == 0 ? nullptr : copy.control_.data();
    out.msg_controllen = copy.control_octets_;
    if (cmsghdr* control = CMSG_FIRSTHDR(&out)) forget_interface(*control);
    while (::sendmsg(socket, &out, MSG_DONTWAIT) < 0) {
        if (errno != EINTR) return false;
    }
    return true;
}

Endpoint UdpBatch::sender(std::size_t index) const noexcept {
    const auto* peer = reinterpret_cast<const sockaddr*>(&peers_[index]);
    return Endpoint::from_sockaddr(peer).value_or(Endpoint());
}

std::optional<IpAddress> UdpBatch::destination(std::size_t index) const noexcept {
    const cmsghdr* control = CMSG_FIRSTHDR(&in_[index].msg_hdr);
    if (control == nullptr) return std::nullopt;
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
        in_pktinfo where;
        std::memcpy(&where, CMSG_DATA(control), sizeof where);
        return IpAddress::from_octets({reinterpret_cast<std::uint8_t*>(&where.ipi_addr), 4});
    }
    if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
        in6_pktinfo where;
        std::memcpy(&where, CMSG_DATA(control), sizeof where);
        return IpAddress::from_octets({where.ipi6_addr.s6_addr, 16});
    }
    return std::nullopt;
}

OctetView UdpBatch::whole(std::size_t index) const noexcept {
    const mmsghdr& message = in_[index];
    if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) return {};
    return {requests_.data() + index * receive_stride_, message.msg_len};
}

OctetView UdpBatch::reply_to(std::size_t index, std::size_t earlier) const noexcept {
    // Replies are in the order of what they answer, and go to where that came from.
    if (earlier >= replies_ || out_[earlier].msg_hdr.msg_name != &peers_[index]) return {};
    const iovec& part = response_parts_[earlier];
    return {static_cast<const std::uint8_t*>(part.iov_base), part.iov_len};
}

}  // namespace hairpin::net
