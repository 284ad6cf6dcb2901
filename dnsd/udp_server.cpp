#include "dnsd/udp_server.hpp"

#include <chrono>
#include <utility>

#include "dnsd/counters.hpp"
#include "dnsd/transfer_request.hpp"
#include "net/socket.hpp"

namespace hairpin::dnsd {
namespace {

/// Batches before the loop looks at other sockets again: TCP is not starved by a flood.
constexpr int kMaxRounds = 16;

Silence silence_of(net::Unfit unfit) noexcept {
    return unfit == net::Unfit::Oversized ? Silence::Oversized : Silence::SourcePort;
}

}  // namespace

UdpServer::UdpServer(const Worker& worker, net::UdpBatch& batch, Fd socket)
    : worker_(worker),
      batch_(batch),
      socket_(std::move(socket)),
      bound_(net::local_endpoint(socket_).value_or(Endpoint())) {
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
            const net::Unfit unfit = batch_.unfit(each);
            if (unfit != net::Unfit::No) {
                worker_.counters.count(silence_of(unfit));
                continue;
            }
            const OctetView message = batch_.received(each);
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
        worker_.counters.udp_send_failed.add(batch_.send(socket_.get()));
        worker_.counters.count_latency(Transport::Udp, stopwatch.nanoseconds(), batch_.replies());
        worker_.quiescent();
        if (worker_.tap.is_open()) show(count, stopwatch);
        if (count < net::UdpBatch::kDatagrams) return;  // A short batch has emptied the socket.
    }
}

/// To who watches, when the answers of a batch have left.
void UdpServer::show(std::size_t count, const Stopwatch& since_receipt) noexcept {
    const ExactTime now = exact_now();
    Exchange exchange;
    exchange.received = now - std::chrono::nanoseconds(since_receipt.nanoseconds());
    std::size_t replies = 0;
    for (std::size_t each = 0; each < count; ++each) {
        exchange.query = batch_.whole(each);
        if (exchange.query.data() == nullptr) continue;
        exchange.response = batch_.reply_to(each, replies);
        const bool is_answered = !exchange.response.empty();
        replies += is_answered ? 1 : 0;
        exchange.sent = is_answered ? now : exchange.received;
        exchange.client = batch_.sender(each);
        exchange.server = {batch_.destination(each).value_or(bound_.address), bound_.port};
        worker_.tap.see(exchange);
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
