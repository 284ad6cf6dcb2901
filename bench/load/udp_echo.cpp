// udp_echo - sets QR and sends the datagram back: what the kernel alone costs, the floor under any
// UDP DNS server. One thread, one socket, batches of 64. Usage: udp_echo PORT (on 127.0.0.1)

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstdlib>

#include "core/fd.hpp"

namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kMaxOctets = 4096;

struct Batch {
    std::array<std::array<std::uint8_t, kMaxOctets>, kBatch> octets;
    std::array<sockaddr_in, kBatch> peers;
    std::array<iovec, kBatch> parts;
    std::array<mmsghdr, kBatch> messages;
};

void echo(int socket, Batch& batch) {
    for (std::size_t index = 0; index < kBatch; ++index) {
        batch.parts[index] = {batch.octets[index].data(), kMaxOctets};
        batch.messages[index].msg_hdr = {};
        batch.messages[index].msg_hdr.msg_name = &batch.peers[index];
        batch.messages[index].msg_hdr.msg_namelen = sizeof(sockaddr_in);
        batch.messages[index].msg_hdr.msg_iov = &batch.parts[index];
        batch.messages[index].msg_hdr.msg_iovlen = 1;
    }
    const int count = recvmmsg(socket, batch.messages.data(), kBatch, MSG_WAITFORONE, nullptr);
    for (std::size_t index = 0; static_cast<int>(index) < count; ++index) {
        batch.parts[index].iov_len = batch.messages[index].msg_len;
        batch.octets[index][2] |= 0x80;
    }
    for (int sent = 0; sent < count;) {
        const int more =
            sendmmsg(socket, batch.messages.data() + sent, static_cast<unsigned>(count - sent), 0);
        if (more <= 0) break;
        sent += more;
    }
}

}  // namespace

int main(int argc, char** argv) {
    const long port = argc == 2 ? std::strtol(argv[1], nullptr, 10) : 0;
    if (port < 1 || port > 65'535) {
        fmt::print(stderr, "usage: udp_echo PORT\n");
        return 2;
    }
    hairpin::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        fmt::print(stderr, "udp_echo: port {} is in use\n", port);
        return 1;
    }
    static Batch batch;
    for (;;)
        echo(socket.get(), batch);
}
