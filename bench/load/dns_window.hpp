// bench/load/dns_window.hpp - one UDP socket with a bounded number of questions in flight.
//
// Every answer is matched with its question and checked: the ID is in flight, QR is set, the
// question comes back octet for octet, RCODE and number of answers are those expected. A question
// without an answer for 250 ms is lost.
//
// Threads   One.

#pragma once

#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

#include "bench/load/questions.hpp"
#include "core/fd.hpp"
#include "core/ip_address.hpp"

namespace hairpin::bench {

using Instant = std::chrono::steady_clock::time_point;

enum class Checking : std::uint8_t { Answers, EchoOnly };

struct Tally {
    std::uint64_t answered = 0;
    std::uint64_t wrong = 0;
    std::uint64_t lost = 0;
    std::uint64_t stray = 0;  // Late, or never asked for.
    std::uint64_t octets = 0;
    std::vector<std::uint32_t> microseconds = std::vector<std::uint32_t>(kSlowest + 1);

    static constexpr std::size_t kSlowest = 65'535;
    /// The latency below which `share` (0..1) of the answers came, in microseconds.
    [[nodiscard]] std::size_t percentile(double share) const;
};

class DnsWindow {
public:
    static constexpr std::size_t kMaxInFlight = 1024;
    static constexpr std::size_t kBatch = 64;

    /// `in_flight`: 1..kMaxInFlight. Errors: Io.
    [[nodiscard]] static Result<DnsWindow> open(const Endpoint& server, std::size_t in_flight,
                                                Checking checking);

    /// Takes what has arrived; false when that was nothing.
    [[nodiscard]] bool receive(Tally& tally);
    /// Sends up to kBatch questions from `next` on, wrapping around, when that many fit into the
    /// window; false when they do not.
    [[nodiscard]] bool send(const Questions& questions, std::size_t& next);
    /// Gives up on questions older than 250 ms.
    void expire(Instant now, Tally& tally);

private:
    struct Slot {
        const Question* question = nullptr;  // Null: free. Into the Questions of send().
        Instant sent;
        std::uint16_t id = 0;
    };

    DnsWindow(Fd socket, std::size_t in_flight, Checking checking);
    void take(OctetView answer, Instant now, Tally& tally);
    [[nodiscard]] bool is_right(const Question& question, OctetView answer) const;

    Fd socket_;
    Checking checking_;
    std::vector<Slot> slots_;
    std::vector<std::uint16_t> free_;
    std::uint16_t generation_ = 0;
    std::array<std::vector<std::uint8_t>, kBatch> received_;
    std::array<std::array<std::uint8_t, 512>, kBatch> outgoing_{};
};

}  // namespace hairpin::bench
