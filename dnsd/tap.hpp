// dnsd/tap.hpp - a worker's end of what watches its exchanges; closed unless somebody does.
//
// Where an answer has left, the worker asks is_open(), one branch, and shows the exchange. Which of
// them are wanted is decided here, so that a sampled log costs the answers it leaves out next to
// nothing. Who reads the ring is not known here (observer/).
//
// Threads   The worker's.
// Cost      Closed: a load and a branch. Open: see ExchangeRing::put().

#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "core/octets.hpp"
#include "dnsd/counters.hpp"
#include "dnsd/exchange_ring.hpp"

namespace hairpin::dnsd {

/// What is watched.
struct Watch {
    bool everything = false;
    std::uint32_t sample = 0;  // One in so many, chosen at random; 0: none.
    bool challenges = false;   // Questions that CAs ask before they issue.
    friend bool operator==(const Watch&, const Watch&) = default;
};

/// Whether a message asks for a name that begins with `_acme-challenge` (RFC 8555 section 8.4), or
/// for CAA (RFC 8659): what a CA asks before it issues. Of any octets.
[[nodiscard]] bool asks_for_challenge(OctetView message) noexcept;

class Tap {
public:
    /// Closed. The counters outlive it. @param seed  Of the choice; not 0.
    Tap(Counters& counters, std::uint64_t seed) noexcept : counters_(counters), random_(seed) {}
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;

    [[nodiscard]] bool is_open() const noexcept { return ring_ != nullptr; }
    /// From now on. Null, or a watch of nothing, closes it.
    void set(const Watch& watch, std::shared_ptr<ExchangeRing> ring) noexcept;
    /// Only while open. An exchange for which the ring has no room is counted and forgotten.
    void see(const Exchange& exchange) noexcept;

private:
    [[nodiscard]] bool is_sampled() noexcept;
    void choose_next() noexcept;

    Counters& counters_;
    std::shared_ptr<ExchangeRing> ring_;
    Watch watch_;
    std::uint64_t random_;
    std::uint64_t until_sample_ = 0;  // Exchanges up to and with the next one chosen.
};

}  // namespace hairpin::dnsd
