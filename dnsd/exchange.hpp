// dnsd/exchange.hpp - one message that came in and what went out for it, for who watches.
//
// It says what travelled, and nothing about what it means: that is for the watcher (observer/) to
// read out of the octets, off the answer path.
//
// Threads   A value of views: valid where it is handed over, not longer.

#pragma once

#include <chrono>
#include <cstdint>

#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "dnsd/counters.hpp"

namespace hairpin::dnsd {

/// Wall time as a watcher wants it; nothing is decided by it.
using ExactTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;
[[nodiscard]] inline ExactTime exact_now() noexcept {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

struct Exchange {
    Transport transport = Transport::Udp;
    Endpoint client;
    Endpoint server;  // Where the message was received; an address of 0.0.0.0 or [::]: unknown.
    ExactTime received{};
    ExactTime sent{};    // When the kernel was given the response; of no response: as received.
    OctetView query;     // As it came, whatever it is.
    OctetView response;  // As it left; empty: there was none.
};

}  // namespace hairpin::dnsd
