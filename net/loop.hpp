// net/loop.hpp - one thread's event loop: descriptors, timers, signals and work from other threads.
//
// A thin owner of a libuv loop. Sockets stay ours: the loop only says when a descriptor is ready.
// What `add_*` returns is an RAII object; dropping it stops the callback at once, also from inside
// that very callback (libuv closes its handles asynchronously, and this file is the only one that
// has to know). It is not a thread: whoever calls `run()` is the loop's thread. Thousands of
// deadlines belong into one net/timer_wheel.hpp driven by one Timer, not into thousands of Timers.
//
// Threads   `post`, `stop` and `is_current` from any thread; everything else on the loop's thread,
// or before
//           `run()`. Poll, Timer and Signal objects that outlive their Loop become empty.
// Cost      A ready descriptor costs no allocation.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/clock.hpp"

namespace hairpin::net {

enum class Interest : std::uint8_t { None, Read, Write, ReadWrite };

/// What a descriptor is ready for.
struct PollEvents {
    bool readable = false;
    bool writable = false;
    /// An error is pending on the descriptor (EPOLLERR). Everything of the interest is then also
    /// marked ready, so that the next recv() or send() meets the errno; one that ignores it is
    /// called again at once.
    bool failed = false;
};

namespace detail {
struct LoopState;
struct PollNode;
struct TimerNode;
struct SignalNode;
}  // namespace detail

/// Move-only ownership of one callback of a Loop.
template <typename Node>
class LoopHandle {
public:
    LoopHandle() noexcept = default;
    LoopHandle(LoopHandle&& other) noexcept;
    LoopHandle& operator=(LoopHandle&& other) noexcept;
    LoopHandle(const LoopHandle&) = delete;
    LoopHandle& operator=(const LoopHandle&) = delete;
    ~LoopHandle() { reset(); }

    [[nodiscard]] explicit operator bool() const noexcept { return node_ != nullptr; }
    /// The callback is not called any more. Its captures are destroyed a little later, on the
    /// loop's thread.
    void reset() noexcept;

protected:
    friend struct detail::LoopState;
    friend class Loop;
    explicit LoopHandle(Node* node) noexcept;
    Node* node_ = nullptr;
};

/// Watches a descriptor. The descriptor stays the caller's, who resets the Poll before closing it.
class [[nodiscard]] Poll : public LoopHandle<detail::PollNode> {
public:
    using LoopHandle::LoopHandle;
    /// Changes what is watched; None pauses. Nothing happens on an empty Poll.
    void set(Interest interest) noexcept;
};

class [[nodiscard]] Timer : public LoopHandle<detail::TimerNode> {
public:
    using LoopHandle::LoopHandle;
    /// Starts anew: fires once after `delay`, then with the repeat given to add_timer. Nothing on
    /// an empty Timer.
    void again(Milliseconds delay) noexcept;
    /// Does not fire until again() is called.
    void pause() noexcept;
};

class [[nodiscard]] Signal : public LoopHandle<detail::SignalNode> {
public:
    using LoopHandle::LoopHandle;
};

class Loop {
public:
    /// Ignores SIGPIPE in the whole process where it was left at its default: a peer that hangs up
    /// is an ordinary error of write(), never the end of a server.
    Loop();
    /// Drops letters that were posted and never run, and closes what is still open.
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Serves until stop(); may be called again afterwards. A stop() that came first makes it
    /// return at once.
    void run();
    /// Makes run() return; what was posted before is still run first. Any thread.
    void stop();
    /// Runs `work` on the loop's thread, in the order of posting, never inside post() itself. Any
    /// thread. Bounded by memory only: bounded senders use a core/mailbox.hpp and post its wake-up.
    void post(std::function<void()> work);
    /// Whether the caller is the thread inside run(). Any thread.
    [[nodiscard]] bool is_current() const noexcept;

    /// Watches `fd`, level-triggered. Empty if the kernel refuses (no memory, too many watches).
    [[nodiscard]] Poll add_poll(int fd, Interest interest,
                                std::function<void(PollEvents)> on_ready);
    /// Fires after `first`, then every `repeat`; a `repeat` of zero means once.
    [[nodiscard]] Timer add_timer(Milliseconds first, Milliseconds repeat,
                                  std::function<void()> on_time);
    /// Calls back on the loop for each `signum` the process receives. Empty if it cannot be caught.
    [[nodiscard]] Signal add_signal(int signum, std::function<void()> on_signal);

    /// Grows each time the loop wakes: what happens between two such moments is one turn.
    [[nodiscard]] std::uint64_t turn() const noexcept;
    /// The time when the loop last woke; no system call. Comparable with Clock::monotonic().
    [[nodiscard]] MonotonicTime now() const noexcept;
    /// now(), from the clock: before a peer is given so much time from here on, after work of ours.
    [[nodiscard]] MonotonicTime fresh_now() noexcept;

    /// `before_block` runs right before the loop waits in the kernel, `after_block` right after it
    /// has woken, before the first callback (QSBR: offline, online). Strictly alternating.
    void set_idle_hooks(std::function<void()> before_block, std::function<void()> after_block);

private:
    std::unique_ptr<detail::LoopState> state_;
};

}  // namespace hairpin::net
