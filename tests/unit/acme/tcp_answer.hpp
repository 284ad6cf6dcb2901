// tests/unit/acme/tcp_answer.hpp - a server's side of DNS over TCP (RFC 1035 section 4.2.2).

#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <functional>

#include "core/fd.hpp"
#include "core/octets.hpp"
#include "zones/wire.hpp"

namespace hairpin::tests {

/// Reads one query and sends what `reply` makes of it, in two parts, as a network may. False where
/// that is nothing.
inline bool answer_over_tcp(const Fd& peer, const std::function<Octets(OctetView)>& reply) {
    std::array<std::uint8_t, 1500> buffer;
    const ssize_t got = ::recv(peer.get(), buffer.data(), buffer.size(), 0);
    if (got <= 2) return true;
    const Octets answer = reply(OctetView(buffer).subspan(2, static_cast<std::size_t>(got) - 2));
    if (answer.empty()) return false;
    Octets framed(2, 0);
    zones::write_u16(framed.data(), static_cast<std::uint16_t>(answer.size()));
    framed.insert(framed.end(), answer.begin(), answer.end());
    static_cast<void>(::send(peer.get(), framed.data(), 1, MSG_NOSIGNAL));
    static_cast<void>(::send(peer.get(), framed.data() + 1, framed.size() - 1, MSG_NOSIGNAL));
    return true;
}

}  // namespace hairpin::tests
