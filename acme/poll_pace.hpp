// acme/poll_pace.hpp - how long a CA takes for something, learnt from what it took before.
//
// After it was told, a CA needs a while: milliseconds on a bench, seconds where five perspectives
// look. The first look is made after a pause that finds it done four times of five: who looks
// earlier asks for nothing, who looks later lets a place stand idle. A look that finds it done
// makes the next pause a little shorter, one that does not a good deal longer. Where the CA then
// says when to look again (Retry-After), that is kept.
//
// Only in memory: after a start it is the longest pause again.
//
// Threads   One.

#pragma once

#include <algorithm>

#include "core/clock.hpp"

namespace hairpin::acme {

inline constexpr Milliseconds kShortestPace{10};

class PollPace {
public:
    /// @param longest  First pause at the start, and at most.
    explicit PollPace(Milliseconds longest)
        : longest_(std::max(longest, kShortestPace)), pace_(longest_) {}

    /// The pause before the first look.
    [[nodiscard]] Milliseconds first() const noexcept {
        return std::chrono::duration_cast<Milliseconds>(pace_);
    }
    /// The first look found it done, or not.
    void looked(bool was_done) noexcept {
        pace_ = was_done ? pace_ * 15 / 16 : pace_ * 5 / 4;
        pace_ = std::clamp<std::chrono::microseconds>(pace_, kShortestPace, longest_);
    }

private:
    Milliseconds longest_;
    std::chrono::microseconds pace_;  // Finer than what is told: or it would stop shrinking.
};

}  // namespace hairpin::acme
