#include "dnsd/udp_server.hpp"

#include <chrono>
#include <utility>

#include "dnsd/counters.hpp"
#include "dnsd/transfer_request.hpp"
#include "dnsd/update_desk.hpp"
#include "dnsd/update_message.hpp"
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
        pending_.reset();
        for (std::size_t each = 0; each < count; ++each) {
            const net::Unfit unfit = batch_.unfit(each);
            if (unfit != net::Unfit::No) {
                worker_.counters.count(silence_of(unfit));
                continue;
            }
            const IpAddress client = batch_.client(each);
            Gist gist;
            const std::size_t octets = answer_one(engine, each, client, gist);
            if (octets == 0) continue;
            keep_charge(client, gist);
            batch_.reply(each, octets);
        }
        limit();
        for (std::size_t reply = 0; reply < batch_.replies(); ++reply)
            worker_.counters.count_response(Transport::Udp, batch_.reply_at(reply).size());
        worker_.counters.udp_send_failed.add(batch_.send(socket_.get()));
        worker_.counters.count_latency(Transport::Udp, stopwatch.nanoseconds(), batch_.replies());
        worker_.quiescent();
        if (worker_.tap.is_open()) show(count, stopwatch);
        if (count < net::UdpBatch::kDatagrams) return;  // A short batch has emptied the socket.
    }
}

/// @return Octets of the answer in response_room(); 0: there is none, or not yet.
std::size_t UdpServer::answer_one(const Engine& engine, std::size_t index, const IpAddress& client,
                                  Gist& gist) noexcept {
    const OctetView message = batch_.whole(index);
    if (worker_.updates != nullptr && asks_for_update(message))
        return take_update(index, message, gist);
    if (asks_for_transfer(message))
        return answer_transfer_datagram(engine, message, client, *worker_.transfers.policy.get(),
                                        batch_.response_room());
    return answer(engine, message, {Transport::Udp, client}, batch_.response_room(), gist);
}

std::size_t UdpServer::take_update(std::size_t index, OctetView message, Gist& gist) noexcept {
    const UpdateSource source{Transport::Udp,
                              batch_.sender(index),
                              {batch_.destination(index).value_or(bound_.address), bound_.port},
                              0};
    const auto octets = worker_.updates->take(
        message, source, batch_.response_room(),
        [this, path = batch_.return_path(index)](OctetView answer) {
            if (!path.send(socket_.get(), answer)) worker_.counters.udp_send_failed.add();
        },
        gist);
    pending_.set(index, !octets);
    return octets.value_or(0);
}

/// To who watches, when the answers of a batch have left.
void UdpServer::show(std::size_t count, const Stopwatch& since_receipt) noexcept {
    const ExactTime now = exact_now();
    Exchange exchange;
    exchange.received = now - std::chrono::nanoseconds(since_receipt.nanoseconds());
    std::size_t replies = 0;
    for (std::size_t each = 0; each < count; ++each) {
        exchange.query = batch_.whole(each);
        if (exchange.query.data() == nullptr || pending_.test(each)) continue;
        exchange.response = batch_.reply_to(each, replies);
        const bool is_answered = !exchange.response.empty();
        replies += is_answered ? 1 : 0;
        exchange.sent = is_answered ? now : exchange.received;
        exchange.client = batch_.sender(each);
        exchange.server = {batch_.destination(each).value_or(bound_.address), bound_.port};
        worker_.tap.see(exchange);
    }
}

/// Of the next reply: its account is found now and judged when the batch is complete.
void UdpServer::keep_charge(const IpAddress& client, const Gist& gist) noexcept {
    if (worker_.limiter.mode() == RateLimiting::Off) return;
    Limited& limited = limited_[batch_.replies()];
    // RFC 7873 section 3: the source is no forgery.
    const bool is_proven = gist.cookie == CookieState::Valid || gist.has_key;
    limited.charge = is_proven ? RateLimiter::Charge()
                               : worker_.limiter.charge_for(client, gist.outcome, gist.subject);
    limited.opt_octets = gist.opt_octets;
}

void UdpServer::limit() noexcept {
    if (worker_.limiter.mode() == RateLimiting::Off) return;
    batch_.sift([this](std::size_t reply) { return judge(reply); });
}

/// @return How many octets of a reply are sent.
std::size_t UdpServer::judge(std::size_t reply) noexcept {
    const std::span<std::uint8_t> response = batch_.reply_at(reply);
    const Limited& limited = limited_[reply];
    const Verdict verdict = worker_.limiter.judge(limited.charge, worker_.loop.now());
    if (verdict == Verdict::Send) return response.size();
    Counters& counters = worker_.counters;
    if (worker_.limiter.mode() == RateLimiting::LogOnly) {
        counters.rate_spared.add();
        return response.size();
    }
    if (verdict == Verdict::Drop) {
        counters.rate_dropped.add();
        return 0;
    }
    counters.rate_slipped.add();
    return cut_short(response, limited.opt_octets);
}

void UdpServer::drain() noexcept {
    answer_waiting();
    poll_.reset();
    if (worker_.updates == nullptr || worker_.updates->in_flight() == 0) socket_.reset();
}

}  // namespace hairpin::dnsd
