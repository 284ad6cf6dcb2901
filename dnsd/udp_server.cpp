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
        const Stopwatch stopwatch;
        const Engine engine = worker_.engine();
        for (std::size_t each = 0; each < count; ++each) {
            const OctetView message = batch_.received(each, worker_.counters);
            if (message.data() == nullptr) continue;
            const IpAddress client = batch_.client(each);
            Gist gist;
            std::size_t octets = asks_for_transfer(message)
                                     ? answer_transfer_datagram(engine, message, client,
                                                                *worker_.transfers.policy.get(),
                                                                batch_.response_room())
                                     : answer(engine, message, {Transport::Udp, client},
                                              batch_.response_room(), gist);
            if (octets != 0) octets = limit(client, gist, octets);
            if (octets == 0) continue;
            batch_.reply(each, octets);
            worker_.counters.count_response(Transport::Udp, octets);
        }
        batch_.send(socket_.get(), worker_.counters);
        worker_.counters.count_latency(Transport::Udp, stopwatch.nanoseconds(), batch_.replies());
        worker_.quiescent();
        if (count < UdpBatch::kDatagrams) return;  // A short batch has emptied the socket.
    }
}

/// @return How much of the answer in response_room() is sent.
std::size_t UdpServer::limit(const IpAddress& client, const Gist& gist,
                             std::size_t octets) noexcept {
    // Its source is no forgery (RFC 7873 section 3).
    if (gist.cookie == CookieState::Valid || gist.has_key) return octets;
    RateLimiter& limiter = worker_.limiter;
    const Verdict verdict = limiter.judge(client, gist.outcome, gist.subject, worker_.loop.now());
    if (verdict == Verdict::Send) return octets;
    Counters& counters = worker_.counters;
    if (limiter.mode() == RateLimiting::LogOnly) {
        counters.rate_spared.add();
        return octets;
    }
    if (verdict == Verdict::Drop) {
        counters.rate_dropped.add();
        return 0;
    }
    counters.rate_slipped.add();
    return cut_short(batch_.response_room().first(octets), gist.opt_octets);
}

void UdpServer::drain() noexcept {
    answer_waiting();
    poll_.reset();
    socket_.reset();
}

}  // namespace hairpin::dnsd
