// acme/poll_pace.hpp - how long a CA takes for something, learnt from what it took before.
//
// After it was told, a CA needs a while: milliseconds on a bench, seconds where five perspectives
// look. The first look is made after a pause that finds it done three times of four: who looks
// earlier asks for nothing, who looks later lets a place stand idle. A look that finds it done
// makes the next pause a little shorter, one that does not a good deal longer. Where the CA then
// says when to look again (Retry-After), that is kept.
//
// Only in memory: after a start it is an eighth of the longest pause again.
//
// Threads   One.

#pragma once

#include <algorithm>

#include "core/clock.hpp"

namespace hairpin::acme {

inline constexpr Milliseconds kShortestPace{10};

class PollPace {
public:
    /// @param longest  It is never longer.
    explicit PollPace(Milliseconds longest)
        : longest_(std::max(longest, kShortestPace)),
          pace_(std::max(longest_ / 8, kShortestPace)) {}

    /// The pause before the first look.
    [[nodiscard]] Milliseconds first() const noexcept {
        return std::chrono::duration_cast<Milliseconds>(pace_);
    }
    /// The first look found it done, or not.
    void looked(bool was_done) noexcept {
        pace_ = was_done ? pace_ * 7 / 8 : pace_ * 3 / 2;
        pace_ = std::clamp<std::chrono::microseconds>(pace_, kShortestPace, longest_);
    }

private:
    Milliseconds longest_;
    std::chrono::microseconds pace_;  // Finer than what is told: or it would stop shrinking.
};

}  // namespace hairpin::acme
