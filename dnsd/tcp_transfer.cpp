// Zone transfers over a connection: the second half of dnsd/tcp_connection.hpp.

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "dnsd/codes.hpp"
#include "dnsd/requestor.hpp"
#include "dnsd/tcp_connection.hpp"
#include "dnsd/tsig.hpp"
#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

/// Messages before the loop looks at other sockets again.
constexpr int kMessagesPerWake = 16;
/// What waits in the kernel unsent; without a bound it takes megabytes for each slow peer.
constexpr int kUnsentOctets = 128 * 1024;

/// Signs every message of a stream with the time at which it leaves: a transfer may take hours.
class TsigSigner final : public MessageSigner {
public:
    TsigSigner(const Requestor& who, const Clock& clock) noexcept
        : stream_(TsigKeyRef::share(who.key()), who.request_mac()), clock_(clock) {}
    [[nodiscard]] std::size_t room() const noexcept override { return stream_.octets(); }
    [[nodiscard]] std::size_t sign(std::span<std::uint8_t> buffer,
                                   std::size_t used) noexcept override {
        return stream_.sign(buffer, used, static_cast<TsigTime>(to_unix_seconds(clock_.now())));
    }

private:
    TsigStream stream_;
    const Clock& clock_;  // The server's: it outlives its connections.
};

/// Null: the request is not signed, and neither is the answer.
std::unique_ptr<MessageSigner> tsig_signer(const Requestor& who, const Clock& clock) {
    if (who.key() == nullptr) return nullptr;
    return std::make_unique<TsigSigner>(who, clock);
}

/// Of a permission that was asked for, with a key.
void tell(TransferWitness* witness, const Requestor& who, const Query& query,
          const IpAddress& client, const TransferDecision& decision) {
    if (witness == nullptr || who.key() == nullptr) return;
    const auto* refusal = std::get_if<TransferRefusal>(&decision);
    if (refusal != nullptr && refusal->rcode != Rcode::Refused) return;
    witness->asked({who.key()->id(), *who.key_name(), query.qname, client, refusal == nullptr});
}

void bound_unsent(int socket) noexcept {
    const int most = kUnsentOctets;
    // Failing costs only memory.
    static_cast<void>(::setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof most));
}

/// What a secondary holds when it has all that is sent; none: nobody wants to know.
std::optional<zones::Held> held_after(const TransferDesk& desk, const zones::Zone& zone,
                                      const TransferClient& client) {
    if (desk.followers == nullptr || !desk.policy.get()->is_followed_by(zone.apex(), client))
        return std::nullopt;
    return zones::Held{zone.apex(), client.text(), zone.serial()};
}

}  // namespace

std::optional<std::size_t> TcpConnection::answer_transfer(const Worker& worker, TcpScratch& scratch,
                                                          OctetView message, OctetView rest,
                                                          std::span<std::uint8_t> out) {
    const Engine engine = worker.engine();
    const TransferDesk& desk = worker.transfers;
    const Query query = read_query(message, transport());
    const Requestor who = identify(engine.keys, message, query, engine.now);
    const auto key = who.key_name();
    const TransferClient client{peer_.address, key ? &*key : nullptr, engine.now};
    TransferDecision decision =
        decide_transfer(message, query, transport(), client, engine.zones, *desk.policy.get());
    // Whatever is wrong with its form or its TSIG, the ladder of answer() says.
    if (std::holds_alternative<NotForTransfer>(decision) || who.refusal() != Rcode::NoError)
        return answer(engine, message, {transport(), peer_.address}, out);
    // RFC 9103 sections 7.1 and 7.2: inside TLS a transfer needs TLS 1.3 and ALPN "dot".
    if (stream_.is_secure() && !stream_.is_modern())
        decision = TransferRefusal{Rcode::Refused, ExtendedError::Prohibited};
    engine.counters.count(transport());
    if (who.tsig()) engine.counters.count(*who.tsig());
    tell(desk.witness, who, query, peer_.address, decision);
    if (const auto* refusal = std::get_if<TransferRefusal>(&decision))
        return answer_refusal(engine, query, *refusal, out, who);
    if (const auto* alone = std::get_if<SingleSoa>(&decision))
        return answer_single_soa(engine, query, *alone, out, who);
    auto slot = desk.slots.take(peer_.address);
    if (!slot) {
        // No refusal: whoever asks again later gets it.
        const TransferRefusal later{Rcode::ServFail, ExtendedError::NotReady};
        return answer_refusal(engine, query, later, out, who);
    }

    const auto& order = std::get<TransferOrder>(decision);
    engine.counters.count(Outcome::Match);
    engine.counters.count(Rcode::NoError);
    bound_unsent(socket());
    TransferQuestion question(query, worker.identity);
    zones::ZoneRef zone = zones::ZoneRef::share(order.zone);
    auto signer = tsig_signer(who, worker.clock);
    auto held = held_after(desk, *order.zone, client);
    if (held && order.from) desk.followers->holds({held->apex, held->follower, *order.from});
    if (order.from && desk.history != nullptr) {
        enter(Consulting{std::move(question), std::move(zone), *order.from, std::move(signer),
                         *std::move(slot), scratch.keep(rest), std::move(held)});
        return std::nullopt;
    }
    auto transfer = std::make_unique<Transfer>(std::move(question), zone, nullptr,
                                               desk.limits.message_octets, std::move(signer));
    enter(Transferring{std::move(transfer), false, *std::move(slot), scratch.keep(rest),
                       scratch.keep({}), std::move(held)});
    return std::nullopt;
}

void TcpConnection::on_history(const Worker& worker, TcpScratch& scratch,
                               const DifferenceRef& difference) {
    auto& asked = std::get<Consulting>(state_);
    auto transfer =
        std::make_unique<Transfer>(std::move(asked.question), asked.zone, difference,
                                   worker.transfers.limits.message_octets, std::move(asked.signer));
    enter(Transferring{std::move(transfer), difference != nullptr, std::move(asked.slot),
                       std::move(asked.rest), scratch.keep({}), std::move(asked.held)});
}

TcpConnection::Fate TcpConnection::send_transfer(const Worker& worker, TcpScratch& scratch) {
    auto& state = std::get<Transferring>(state_);
    const std::span<std::uint8_t> output = scratch.output();
    for (int messages = 0; messages < kMessagesPerWake; ++messages) {
        OctetView frame = OctetView(state.output).subspan(state.sent);
        if (frame.empty()) {
            const std::size_t octets =
                state.transfer->next(output.subspan(kLengthOctets, kMaxMessageOctets));
            if (octets == 0) return end_transfer(worker, scratch);
            if (!watched_query_.empty())
                show_transfer(worker, output.subspan(kLengthOctets, octets));
            zones::write_u16(output.data(), static_cast<std::uint16_t>(octets));
            frame = output.first(kLengthOctets + octets);
        }
        const auto taken = stream_.send(frame);
        if (!taken) return Fate::Close;
        state.handed += *taken;
        const bool is_kept = frame.data() != output.data();
        if (*taken < frame.size()) {
            if (is_kept) {
                state.sent += *taken;
            } else {
                state.output.assign(frame.begin() + static_cast<std::ptrdiff_t>(*taken),
                                    frame.end());
                state.sent = 0;
            }
            return Fate::Keep;
        }
        state.output.clear();
        state.sent = 0;
    }
    return Fate::Keep;
}

TcpConnection::Fate TcpConnection::end_transfer(const Worker& worker, TcpScratch& scratch) {
    auto& state = std::get<Transferring>(state_);
    (state.is_incremental ? worker.counters.transfers_incremental : worker.counters.transfers_whole)
        .add();
    if (state.held) worker.transfers.followers->holds(*std::move(state.held));
    const Octets rest = std::move(state.rest);
    scratch.give_back(std::move(state.output));
    enter(Idle{});  // Gives the slot back: the next query may be a transfer too.
    if (!late_.empty()) {
        const Fate fate = send_waiting(scratch, rest);
        if (fate == Fate::Close || is_sending()) return fate;
    }
    return serve(worker, scratch, rest);
}

bool TcpConnection::has_kept_pace(std::size_t octets) {
    auto* state = std::get_if<Transferring>(&state_);
    if (state == nullptr) return false;
    int queued = 0;  // What the kernel holds, sent or not, that was not acknowledged.
    if (::ioctl(socket(), SIOCOUTQ, &queued) != 0) return false;
    const std::uint64_t acknowledged =
        state->handed - std::min(state->handed, static_cast<std::uint64_t>(queued));
    const std::uint64_t before = std::exchange(state->acknowledged, acknowledged);
    return acknowledged >= before + octets;
}

}  // namespace hairpin::dnsd
