// checkin/outcome.hpp - what came of a datagram, and how often.
//
// Threads   Values; Counters have one writer and any number of readers.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/counter.hpp"

namespace hairpin::checkin {

enum class Outcome : std::uint8_t {
    // Nothing is sent.
    Right,      // All is as published: the server was heard.
    Early,      // The same, but it may be a replay of what came before we started: not counted.
    Replayed,   // Its time is not later than one that was taken.
    Suspended,  // The licence or the server is, or the licence has expired.
    Forged,     // The MAC fits no key of that server.
    Unknown,    // There is no such server.
    Malformed,  // Another length, version or kind.
    Limited,    // Its network sent too much: not looked at, or not challenged.
    // A challenge is sent.
    Moved,         // From another address than is published.
    OutOfTime,     // Its clock is not ours: it has to be told the time.
    OtherMachine,  // Not the machine that reported last.
};
inline constexpr std::size_t kOutcomes = 11;
/// "right", "other-machine": for metrics.
[[nodiscard]] std::string_view to_string(Outcome outcome) noexcept;
[[nodiscard]] bool is_challenged(Outcome outcome) noexcept;

struct Counters {
    std::array<Counter, kOutcomes> outcomes;
    Counter send_failed;  // Challenges that the kernel would not take.
    Counter servers;      // A gauge: servers that may check in.
    Counter left_out;     // Servers that the register had no room for.
};

}  // namespace hairpin::checkin
