#include "dnsd/udp_server.hpp"

#include <utility>

#include "dnsd/transfer_request.hpp"

namespace hairpin::dnsd {
namespace {

/// Batches before the loop looks at other sockets again: TCP is not starved by a flood.
constexpr int kMaxRounds = 16;

}  // namespace

UdpServer::UdpServer(const Worker& worker, UdpBatch& batch, Fd socket)
    : worker_(worker), batch_(batch), socket_(std::move(socket)) {
    poll_ = worker.loop.add_poll(socket_.get(), net::Interest::Read,
                                 [this](net::PollEvents) { answer_waiting(); });
}

void UdpServer::answer_waiting() noexcept {
    for (int round = 0; round < kMaxRounds; ++round) {
        const std::size_t count = batch_.receive(socket_.get());
        if (count == 0) return;
        const Engine engine = worker_.engine();
        for (std::size_t each = 0; each < count; ++each) {
            const OctetView message = batch_.received(each, worker_.counters);
            if (message.data() == nullptr) continue;
            const std::size_t octets =
                asks_for_transfer(message)
                    ? answer_transfer_datagram(engine, message, batch_.source(each),
                                               *worker_.transfers.policy.get(),
                                               batch_.response_room())
                    : answer(engine, message, Transport::Udp, batch_.response_room());
            if (octets != 0) batch_.reply(each, octets);
        }
        batch_.send(socket_.get(), worker_.counters);
        worker_.quiescent();
        if (count < UdpBatch::kDatagrams) return;  // A short batch has emptied the socket.
    }
}

void UdpServer::drain() noexcept {
    answer_waiting();
    poll_.reset();
    socket_.reset();
}

}  // namespace hairpin::dnsd
