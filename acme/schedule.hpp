// acme/schedule.hpp - which attempt is due when: the only scheduler of acme/.
//
// An ordered set of (time, attempt). What is in it comes from the store at the start, and from
// each transition's `next_at` afterwards.
//
// Threads   One.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/clock.hpp"

namespace hairpin::acme {

class Schedule {
public:
    /// Sets or moves.
    void set(std::int64_t attempt_id, WallTime at) {
        erase(attempt_id);
        order_.emplace(at, attempt_id);
        times_[attempt_id] = at;
    }
    void erase(std::int64_t attempt_id) {
        const auto found = times_.find(attempt_id);
        if (found == times_.end()) return;
        order_.erase({found->second, attempt_id});
        times_.erase(found);
    }
    /// Takes out what is due, the earliest first; at most `limit`.
    [[nodiscard]] std::vector<std::int64_t> take_due(WallTime now, std::size_t limit) {
        std::vector<std::int64_t> due;
        while (!order_.empty() && order_.begin()->first <= now && due.size() < limit) {
            due.push_back(order_.begin()->second);
            erase(due.back());
        }
        return due;
    }
    [[nodiscard]] std::optional<WallTime> earliest() const {
        if (order_.empty()) return std::nullopt;
        return order_.begin()->first;
    }
    [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }

private:
    std::set<std::pair<WallTime, std::int64_t>> order_;
    std::unordered_map<std::int64_t, WallTime> times_;
};

}  // namespace hairpin::acme
