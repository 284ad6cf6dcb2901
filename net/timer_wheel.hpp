// net/timer_wheel.hpp - deadlines of thousands of connections at the price of a list insertion.
//
// A hashed wheel of 512 slots of 250 ms. A node is embedded in what it times and unlinks itself
// when it is destroyed; arming and cancelling are O(1) and never allocate. Deadlines fire up to one
// tick late, never early. Further than 128 s ahead works too: such a node stays in its slot for
// another round. It has no clock and no timer of its own: the owner calls advance(), usually from a
// 250 ms Timer.
//
// Threads   One.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/clock.hpp"

namespace hairpin::net {

class TimerWheel;

namespace detail {
struct WheelLink {
    WheelLink* previous = this;
    WheelLink* next = this;
    WheelLink() noexcept = default;
    WheelLink(const WheelLink&) = delete;
    WheelLink& operator=(const WheelLink&) = delete;
    void unlink() noexcept {
        previous->next = next;
        next->previous = previous;
        previous = next = this;
    }
    void insert_before(WheelLink& position) noexcept {
        previous = position.previous;
        next = &position;
        previous->next = this;
        position.previous = this;
    }
    [[nodiscard]] bool is_linked() const noexcept { return next != this; }
};
}  // namespace detail

/// One deadline. Embed it (as a base, so that a static_cast leads back to the owner, or as a
/// member).
class WheelNode : private detail::WheelLink {
public:
    WheelNode() noexcept = default;
    ~WheelNode() { unlink(); }
    [[nodiscard]] bool is_armed() const noexcept { return is_linked(); }
    /// Meaningful while armed.
    [[nodiscard]] MonotonicTime deadline() const noexcept { return deadline_; }

private:
    friend class TimerWheel;
    MonotonicTime deadline_{};
};

class TimerWheel {
public:
    static constexpr Milliseconds kTick{250};
    static constexpr std::size_t kSlots = 512;

    /// @param now  Where the wheel starts; deadlines before it fire at the next advance().
    explicit TimerWheel(MonotonicTime now) noexcept;
    TimerWheel(const TimerWheel&) = delete;
    TimerWheel& operator=(const TimerWheel&) = delete;

    /// Sets or moves the deadline of `node`, which stays where it is in memory.
    void arm(WheelNode& node, MonotonicTime deadline) noexcept;
    void cancel(WheelNode& node) noexcept { node.unlink(); }

    /// Calls `on_expired(WheelNode&)` for each node whose deadline has passed, after disarming it.
    /// The callback may arm, cancel and destroy any node, this one included.
    template <typename OnExpired>
    void advance(MonotonicTime now, OnExpired&& on_expired) {
        detail::WheelLink due;
        collect_due(now, due);
        while (due.is_linked()) {
            auto& node = static_cast<WheelNode&>(*due.next);
            node.unlink();
            on_expired(node);
        }
    }

private:
    void collect_due(MonotonicTime now, detail::WheelLink& due) noexcept;
    [[nodiscard]] static std::int64_t tick_of(MonotonicTime time) noexcept;
    [[nodiscard]] detail::WheelLink& slot(std::int64_t tick) noexcept;

    std::array<detail::WheelLink, kSlots> slots_;
    std::int64_t next_tick_;  // The first tick that advance() has not finished with.
};

}  // namespace hairpin::net
