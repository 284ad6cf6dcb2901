// net/turn_budget.hpp - at most so many of what is expensive in one turn of a loop.
//
// For work that comes with a descriptor that is ready: who gets no turn returns, and poll, which is
// level-triggered, brings it back in the next turn, behind everybody else.
//
// Threads   The loop's.

#pragma once

#include <cstdint>

#include "net/loop.hpp"

namespace hairpin::net {

class TurnBudget {
public:
    /// The loop outlives it.
    TurnBudget(const Loop& loop, unsigned each_turn) noexcept
        : loop_(loop), each_turn_(each_turn) {}

    /// One of this turn's; false: there are none left.
    [[nodiscard]] bool take() noexcept {
        if (const std::uint64_t turn = loop_.turn(); turn != turn_) {
            turn_ = turn;
            used_ = 0;
        }
        if (used_ == each_turn_) return false;
        ++used_;
        return true;
    }

private:
    const Loop& loop_;
    unsigned each_turn_;
    unsigned used_ = 0;
    std::uint64_t turn_ = 0;
};

}  // namespace hairpin::net
