#include "dnsd/tcp_connection.hpp"

#include <chrono>

#include "dnsd/answer.hpp"
#include "dnsd/codes.hpp"
#include "dnsd/update_message.hpp"
#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

constexpr std::size_t kShelfBuffers = 64;
constexpr std::size_t kShelfBufferOctets = 32'768;

/// The message at the front of a stream, without its length; nullopt while it is not complete.
std::optional<OctetView> first_message(OctetView stream) noexcept {
    if (stream.size() < kLengthOctets) return std::nullopt;
    const std::size_t size = zones::read_u16(stream.data());
    if (stream.size() - kLengthOctets < size) return std::nullopt;
    return stream.subspan(kLengthOctets, size);
}

}  // namespace

TcpScratch::TcpScratch()
    : input_(kReadOctets), output_(kBatchOctets + kLengthOctets + kMaxMessageOctets) {
    shelf_.reserve(kShelfBuffers);
}

Octets TcpScratch::keep(OctetView octets) {
    Octets buffer;
    if (!shelf_.empty()) {
        buffer = std::move(shelf_.back());
        shelf_.pop_back();
    }
    buffer.assign(octets.begin(), octets.end());
    return buffer;
}

void TcpScratch::give_back(Octets buffer) {
    const bool worth_it = buffer.capacity() > 0 && buffer.capacity() <= kShelfBufferOctets;
    if (worth_it && shelf_.size() < kShelfBuffers) shelf_.push_back(std::move(buffer));
}

TcpConnection::Fate TcpConnection::shake_hands() {
    switch (stream_.shake_hands()) {
        case net::Stream::Handshake::Done:
            enter(Idle{});
            return Fate::Keep;
        case net::Stream::Handshake::WantsRead:
            std::get<Handshaking>(state_).wants_write = false;
            return Fate::Keep;
        case net::Stream::Handshake::WantsWrite:
            std::get<Handshaking>(state_).wants_write = true;
            return Fate::Keep;
        case net::Stream::Handshake::Failed:
            return Fate::Close;
    }
    return Fate::Close;
}

net::Interest TcpConnection::interest() const noexcept {
    if (consulting() != nullptr) return net::Interest::None;
    const auto* handshaking = std::get_if<Handshaking>(&state_);
    const bool writes = is_sending() || (handshaking != nullptr && handshaking->wants_write);
    return writes ? net::Interest::Write : net::Interest::Read;
}

TcpConnection::Fate TcpConnection::on_readable(const Worker& worker, TcpScratch& scratch) {
    const std::span<std::uint8_t> input = scratch.input();
    const auto count = stream_.receive(input);
    // The end of the peer's stream. Whatever was complete is answered and sent in these states.
    if (!count) return Fate::Close;
    if (*count == 0) return Fate::Keep;
    const OctetView received = input.first(*count);

    auto* receiving = std::get_if<Receiving>(&state_);
    if (receiving == nullptr) return serve(worker, scratch, received);
    Octets& partial = receiving->partial;
    partial.insert(partial.end(), received.begin(), received.end());
    if (!first_message(partial)) return Fate::Keep;  // The same message, the same deadline.
    Octets stream = std::move(partial);
    const Fate fate = serve(worker, scratch, stream);
    scratch.give_back(std::move(stream));
    return fate;
}

TcpConnection::Fate TcpConnection::on_writable(const Worker& worker, TcpScratch& scratch) {
    if (is_transferring()) return send_transfer(worker, scratch);
    auto& sending = std::get<Sending>(state_);
    const auto count = stream_.send(OctetView(sending.output).subspan(sending.sent));
    if (!count) return Fate::Close;
    sending.sent += *count;
    if (sending.sent < sending.output.size()) return Fate::Keep;
    Octets rest = std::move(sending.rest);
    scratch.give_back(std::move(sending.output));
    const Fate fate = serve(worker, scratch, rest);
    scratch.give_back(std::move(rest));
    return fate;
}

/// Answers every complete message of `input`; the state that this ends in keeps what is left.
TcpConnection::Fate TcpConnection::serve(const Worker& worker, TcpScratch& scratch,
                                         OctetView input) {
    const Engine engine = worker.engine();
    const std::span<std::uint8_t> output = scratch.output();
    for (bool more = true; more;) {
        const Stopwatch stopwatch;
        OctetView asked = input;
        std::size_t answers = 0;
        std::size_t used = 0;
        bool silence = false;
        while (used < TcpScratch::kBatchOctets && !silence) {
            const auto message = first_message(input);
            more = message.has_value();
            if (!more) break;
            const bool update = worker.updates != nullptr && asks_for_update(*message);
            const bool transfer = !update && asks_for_transfer(*message);
            // What was asked before it goes out before it.
            if ((transfer || update) && used > 0) break;
            input = input.subspan(kLengthOctets + message->size());
            const auto room = output.subspan(used + kLengthOctets, kMaxMessageOctets);
            const std::optional<std::size_t> octets =
                update     ? answer_update(worker, *message, room)
                : transfer ? answer_transfer(worker, scratch, *message, input, room)
                           : dnsd::answer(engine, *message, {transport(), peer_.address}, room);
            if (!octets && update) {
                asked = input;  // Shown with its answer, when that is there.
                continue;
            }
            if (!octets) {
                if (worker.tap.is_open()) watch_from_now(*message);
                return Fate::Keep;
            }
            silence = *octets == 0;
            if (silence) break;
            zones::write_u16(output.data() + used, static_cast<std::uint16_t>(*octets));
            used += kLengthOctets + *octets;
            worker.counters.count_response(transport(), *octets);
            ++answers;
        }
        // RFC 7858 section 3.3: length and message together, in as few TLS records as hold them.
        const auto sent = stream_.send(output.first(used));
        worker.counters.count_latency(transport(), stopwatch.nanoseconds(), answers);
        if (worker.tap.is_open())
            show(worker, asked.first(asked.size() - input.size()), output.first(used), stopwatch);
        // Who sends what has no answer does not speak DNS: waiting for more of it is no use.
        if (!sent || silence) return Fate::Close;
        if (*sent < used) {
            enter(
                Sending{scratch.keep(output.subspan(*sent, used - *sent)), 0, scratch.keep(input)});
            return Fate::Keep;
        }
    }
    return wait_for_rest(scratch, input);
}

/// To who watches: messages as they came, and as many answers; the last one may have none.
void TcpConnection::show(const Worker& worker, OctetView asked, OctetView answered,
                         const Stopwatch& since_receipt) const noexcept {
    const ExactTime now = exact_now();
    Exchange exchange;
    exchange.transport = transport();
    exchange.client = peer_;
    exchange.server = local_;
    exchange.received = now - std::chrono::nanoseconds(since_receipt.nanoseconds());
    while (const auto query = first_message(asked)) {
        asked = asked.subspan(kLengthOctets + query->size());
        const auto response = first_message(answered);
        if (response) answered = answered.subspan(kLengthOctets + response->size());
        exchange.query = *query;
        exchange.response = response.value_or(OctetView());
        exchange.sent = response ? now : exchange.received;
        worker.tap.see(exchange);
    }
}

void TcpConnection::watch_from_now(OctetView query) {
    watched_query_.assign(query.begin(), query.end());
    watched_since_ = exact_now();
}

/// The same of a transfer: its query and the first of its messages.
void TcpConnection::show_transfer(const Worker& worker, OctetView first_response) {
    const Octets query = std::exchange(watched_query_, {});
    if (worker.tap.is_open())
        worker.tap.see(
            {transport(), peer_, local_, watched_since_, exact_now(), query, first_response});
}

TcpConnection::Fate TcpConnection::wait_for_rest(TcpScratch& scratch, OctetView partial) {
    if (partial.empty())
        enter(Idle{});
    else
        enter(Receiving{scratch.keep(partial)});
    return Fate::Keep;
}

void TcpConnection::release(TcpScratch& scratch) {
    stream_.say_goodbye();
    if (auto* receiving = std::get_if<Receiving>(&state_))
        scratch.give_back(std::move(receiving->partial));
    if (auto* sending = std::get_if<Sending>(&state_)) {
        scratch.give_back(std::move(sending->output));
        scratch.give_back(std::move(sending->rest));
    }
    if (auto* consulting = std::get_if<Consulting>(&state_))
        scratch.give_back(std::move(consulting->rest));
    if (auto* transferring = std::get_if<Transferring>(&state_)) {
        scratch.give_back(std::move(transferring->output));
        scratch.give_back(std::move(transferring->rest));
    }
    state_ = Idle{};
}

}  // namespace hairpin::dnsd
