#include "net/timer_wheel.hpp"

#include <algorithm>

namespace hairpin::net {

TimerWheel::TimerWheel(MonotonicTime now) noexcept : next_tick_(tick_of(now)) {}

std::int64_t TimerWheel::tick_of(MonotonicTime time) noexcept {
    return std::max<std::int64_t>(time.time_since_epoch() / kTick, 0);
}

detail::WheelLink& TimerWheel::slot(std::int64_t tick) noexcept {
    return slots_[static_cast<std::size_t>(tick) % kSlots];
}

void TimerWheel::arm(WheelNode& node, MonotonicTime deadline) noexcept {
    node.unlink();
    node.deadline_ = deadline;
    node.insert_before(slot(std::max(tick_of(deadline), next_tick_)));
}

void TimerWheel::collect_due(MonotonicTime now, detail::WheelLink& due) noexcept {
    const std::int64_t now_tick = tick_of(now);
    // After a long sleep one round visits every slot; more would see the same ones again.
    const std::int64_t last =
        std::min(now_tick, next_tick_ + static_cast<std::int64_t>(kSlots) - 1);
    for (std::int64_t tick = next_tick_; tick <= last; ++tick) {
        auto& head = slot(tick);
        for (auto* link = head.next; link != &head;) {
            auto& node = static_cast<WheelNode&>(*link);
            link = link->next;
            if (node.deadline_ > now) continue;  // Later in this tick, or in another round.
            node.unlink();
            node.insert_before(due);
        }
    }
    // The tick of `now` is not over: what is left in it is looked at again.
    next_tick_ = std::max(next_tick_, now_tick);
}

}  // namespace hairpin::net
