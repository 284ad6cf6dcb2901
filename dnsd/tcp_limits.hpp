// dnsd/tcp_limits.hpp - how much TCP clients may take from one worker, and for how long.
//
// Standards RFC 7766 sections 6.1 and 6.2; RFC 7858 section 3.4; RFC 9210 section 4.
// Threads   Values.

#pragma once

#include <cstddef>

#include "core/clock.hpp"

namespace hairpin::dnsd {

struct TcpLimits {
    /// Connections of one worker. The kernel spreads clients over the workers.
    std::size_t connections = 1000;
    /// Of those, by one IPv4 address or one IPv6 /64.
    std::size_t connections_per_client = 100;
    /// TLS handshakes under way; beyond them a newcomer takes the place of the oldest. Somebody in
    /// earnest is through in two round trips, long before it is the oldest.
    std::size_t handshakes = 250;
    /// Of those, by one client.
    std::size_t handshakes_per_client = 20;
    /// Steps of handshakes in one turn of the loop. A step costs as much as a hundred answers, and
    /// those who ask over UDP wait for no more than these.
    unsigned handshakes_per_turn = 8;
    /// From the connection to the end of its handshake.
    Milliseconds handshake{5'000};
    /// Without a query (RFC 7766 section 6.2.3: "of the order of a few seconds").
    Milliseconds idle{10'000};
    /// The same, once three quarters of the connections are taken.
    Milliseconds idle_when_crowded{2'000};
    /// From the first octet of a message to its last, however they trickle in.
    Milliseconds message{10'000};
    /// From the first answer octet that the peer does not take until it has taken all.
    Milliseconds write{10'000};
    /// A connection's whole life, however busy it is; a client that still needs us opens another.
    Milliseconds total{120'000};
    /// The same, once three quarters of the connections are taken.
    Milliseconds total_when_crowded{20'000};
    /// What answers in flight get when the server stops.
    Milliseconds drain{1'000};
};

}  // namespace hairpin::dnsd
