// UPDATEs over a connection: the third part of dnsd/tcp_connection.hpp.

#include <utility>

#include "dnsd/codes.hpp"
#include "dnsd/tcp_connection.hpp"
#include "dnsd/update_desk.hpp"
#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

void append_framed(Octets& stream, OctetView message) {
    stream.push_back(static_cast<std::uint8_t>(message.size() >> 8));
    stream.push_back(static_cast<std::uint8_t>(message.size()));
    stream.insert(stream.end(), message.begin(), message.end());
}

}  // namespace

std::optional<std::size_t> TcpConnection::answer_update(const Worker& worker, OctetView message,
                                                        std::span<std::uint8_t> out) {
    Gist gist;  // Nobody limits answers over a connection.
    const UpdateSource source{transport(), peer_, local_, updates_in_flight_};
    const auto octets = worker.updates->take(message, source, out, late_reply_, gist);
    if (!octets) ++updates_in_flight_;
    return octets;
}

TcpConnection::Fate TcpConnection::send_late(TcpScratch& scratch, OctetView answer) {
    --updates_in_flight_;
    if (auto* sending = std::get_if<Sending>(&state_)) {
        append_framed(sending->output, answer);
        return Fate::Keep;
    }
    append_framed(late_, answer);
    if (is_transferring() || consulting() != nullptr) return Fate::Keep;
    auto* receiving = std::get_if<Receiving>(&state_);
    const Octets partial = receiving == nullptr ? Octets() : std::move(receiving->partial);
    const Fate fate = send_waiting(scratch, partial);
    if (fate == Fate::Close || is_sending()) return fate;
    if (receiving == nullptr)
        enter(Idle{});  // Its time begins anew.
    else
        receiving->partial = partial;
    return Fate::Keep;
}

TcpConnection::Fate TcpConnection::send_waiting(TcpScratch& scratch, OctetView rest) {
    const Octets waiting = std::exchange(late_, {});
    const auto sent = stream_.send(waiting);
    if (!sent) return Fate::Close;
    if (*sent < waiting.size())
        enter(Sending{scratch.keep(OctetView(waiting).subspan(*sent)), 0, scratch.keep(rest)});
    return Fate::Keep;
}

}  // namespace hairpin::dnsd
