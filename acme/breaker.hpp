// acme/breaker.hpp - whether a CA works, by what became of the requests to it.
//
//             so many failures in a row, or
//             most requests of the window failed or were slow
//   Closed ------------------------------------------------------> Open <-------+
//     ^                                                              |          |
//     |   kAnswersToClose good answers               open for long enough    a probe failed:
//     |                                                              v       open twice as long
//     +--------------------------------------------------------- HalfOpen ------+
//
// While it is not closed no order is placed; the engine asks the CA small things (its directory, a
// nonce) to see whether it is back. The same probes follow a failure while it is closed, so that
// an outage is noticed where a fleet is small and orders are rare.
//
// Its memory is not stored: after a start a CA counts as well until three requests have failed.
//
// A refusal is no failure of the CA: limits (429) are the budget's, problem documents the order's.
//
// Threads   A value; time is an argument.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"

namespace hairpin::acme {

/// What became of a request, as the breaker sees it.
struct CaOutcome {
    Milliseconds took{0};
    std::string failure;  // "the CA is not reached: ..", "HTTP status 503"; empty: an answer.
};

struct BreakerRules {
    Milliseconds window{10 * 60'000};
    int failures_in_a_row = 3;
    std::size_t least = 10;         // So many in the window before its share says anything.
    int bad_percent = 50;           // Of the window: failed or slow.
    Milliseconds slow{15'000};      // So long an answer takes at most to be a good one.
    Milliseconds open_for{60'000};  // At first; twice that after each probe that failed, ..
    Milliseconds longest_open{15 * 60'000};
    Milliseconds probe_pause{20'000};  // Between probes after a failure, and while half open.
};

inline constexpr int kAnswersToClose = 4;            // A probe has two: the directory and a nonce.
inline constexpr std::size_t kMostRemembered = 200;  // Requests; older ones say nothing new.

class Breaker {
public:
    enum class State : std::uint8_t { Closed, Open, HalfOpen };

    explicit Breaker(const BreakerRules& rules = {}) : rules_(rules) {}

    /// An answer to a request of ours, a probe's too. True: the state is another one now.
    bool note(const CaOutcome& outcome, MonotonicTime now);
    /// Whether to probe now; that a probe is under way is the caller's to know. Opens halfway when
    /// its time has come.
    [[nodiscard]] bool wants_probe(MonotonicTime now);

    [[nodiscard]] State state() const noexcept { return state_; }
    /// Of one that has just opened: whether to say so. Not after each probe that failed: once, and
    /// then once in an hour.
    [[nodiscard]] bool is_news(MonotonicTime now);
    /// Since when; of one that never was anything but closed: empty.
    [[nodiscard]] std::optional<MonotonicTime> since() const noexcept { return since_; }
    /// Why it opened, for a person; empty while it is closed.
    [[nodiscard]] const std::string& why() const noexcept { return why_; }
    /// How long it has been closed after it was open; empty: it never opened.
    [[nodiscard]] std::optional<Milliseconds> closed_for(MonotonicTime now) const noexcept;
    /// How often it opened.
    [[nodiscard]] std::uint64_t openings() const noexcept { return openings_; }

private:
    struct Seen {
        MonotonicTime at{};
        bool is_bad = false;
    };
    void remember(bool is_bad, MonotonicTime now);
    bool note_while_closed(const CaOutcome& outcome, bool is_bad, MonotonicTime now);
    void open(std::string why, MonotonicTime now);
    void enter(State state, MonotonicTime now);

    BreakerRules rules_;
    State state_ = State::Closed;
    std::optional<MonotonicTime> since_;
    std::string why_;
    std::deque<Seen> seen_;
    int failed_in_a_row_ = 0;
    int good_answers_ = 0;
    Milliseconds open_for_{0};
    MonotonicTime next_probe_{};
    std::uint64_t openings_ = 0;
    std::optional<MonotonicTime> told_at_;  // Since it was closed.
};

/// "closed", "open", "half-open".
[[nodiscard]] std::string_view to_string(Breaker::State state) noexcept;

}  // namespace hairpin::acme
