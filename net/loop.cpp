#include "net/loop.hpp"

#include <uv.h>

#include <atomic>
#include <csignal>
#include <thread>
#include <utility>
#include <vector>

#include "core/assert.hpp"
#include "core/guarded.hpp"

namespace hairpin::net {
namespace detail {

struct LoopState {
    uv_loop_t loop{};
    uv_async_t wake{};
    uv_prepare_t prepare{};
    uv_check_t check{};
    Guarded<std::vector<std::function<void()>>> letters;
    std::atomic<bool> stopping{false};
    std::atomic<std::thread::id> runner{};
    std::function<void()> before_block;
    std::function<void()> after_block;
    bool blocked = false;    // Between the two hooks.
    std::uint64_t turn = 0;  // Times woken.

    /// libuv runs a descriptor's callback before its check handles, so every callback of ours comes
    /// through here.
    void woken() {
        if (!blocked) return;
        blocked = false;
        ++turn;
        if (after_block) after_block();
    }
    void about_to_block() {
        if (blocked) return;
        blocked = true;
        if (before_block) before_block();
    }
    void run_letters() {
        std::vector<std::function<void()>> taken;
        const bool stop = stopping.load(std::memory_order_acquire);
        letters.with([&](auto& waiting) { taken.swap(waiting); });
        for (const auto& work : taken)
            work();
        if (stop) uv_stop(&loop);
    }
    template <typename Node>
    static void detach(Node* node) noexcept {
        node->owner->node_ = nullptr;
    }
};

// A node lives from add_*() to libuv's close callback; its owner may let go earlier.
struct PollNode {
    uv_poll_t handle{};
    LoopState* state = nullptr;
    LoopHandle<PollNode>* owner = nullptr;
    std::function<void(PollEvents)> callback;
    Interest interest = Interest::None;
};
struct TimerNode {
    uv_timer_t handle{};
    LoopState* state = nullptr;
    LoopHandle<TimerNode>* owner = nullptr;
    std::function<void()> callback;
    Milliseconds repeat{};
};
struct SignalNode {
    uv_signal_t handle{};
    LoopState* state = nullptr;
    LoopHandle<SignalNode>* owner = nullptr;
    std::function<void()> callback;
};

namespace {

template <typename Handle>
uv_handle_t* as_handle(Handle& handle) noexcept {
    return reinterpret_cast<uv_handle_t*>(&handle);
}

template <typename Node>
void free_closed(uv_handle_t* handle) {
    const std::unique_ptr<Node> node(static_cast<Node*>(handle->data));
}

template <typename Node>
void close_node(Node* node) noexcept {
    node->owner = nullptr;
    uv_close(as_handle(node->handle), free_closed<Node>);
}

int to_uv(Interest interest) noexcept {
    switch (interest) {
        case Interest::None:
            return 0;
        case Interest::Read:
            return UV_READABLE;
        case Interest::Write:
            return UV_WRITABLE;
        case Interest::ReadWrite:
            return UV_READABLE | UV_WRITABLE;
    }
    return 0;
}

void on_poll(uv_poll_t* handle, int status, int events) {
    auto& node = *static_cast<PollNode*>(handle->data);
    node.state->woken();
    PollEvents ready{(events & UV_READABLE) != 0, (events & UV_WRITABLE) != 0, false};
    if (status < 0) {
        // libuv answers EPOLLERR by stopping the handle. The descriptor is the caller's to judge,
        // so watch on.
        const int wanted = to_uv(node.interest);
        uv_poll_start(handle, wanted, on_poll);
        ready = {(wanted & UV_READABLE) != 0, (wanted & UV_WRITABLE) != 0, true};
    }
    node.callback(ready);
}

void on_timer(uv_timer_t* handle) {
    auto& node = *static_cast<TimerNode*>(handle->data);
    node.state->woken();
    node.callback();
}

void on_signal(uv_signal_t* handle, int /*signum*/) {
    auto& node = *static_cast<SignalNode*>(handle->data);
    node.state->woken();
    node.callback();
}

void start_timer(TimerNode& node, Milliseconds first) noexcept {
    const auto ticks = [](Milliseconds time) {
        return static_cast<std::uint64_t>(std::max<Milliseconds::rep>(time.count(), 0));
    };
    uv_timer_start(&node.handle, on_timer, ticks(first), ticks(node.repeat));
}

void close_left_over(uv_handle_t* handle, void* /*unused*/) {
    if (uv_is_closing(handle) != 0) return;
    const auto close_as = []<typename Node>(Node* node) {
        LoopState::detach(node);
        close_node(node);
    };
    switch (handle->type) {
        case UV_POLL:
            return close_as(static_cast<PollNode*>(handle->data));
        case UV_TIMER:
            return close_as(static_cast<TimerNode*>(handle->data));
        case UV_SIGNAL:
            return close_as(static_cast<SignalNode*>(handle->data));
        default:  // The loop's own three.
            return uv_close(handle, nullptr);
    }
}

void ignore_broken_pipes() noexcept {
    struct sigaction current {};
    if (sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) {
        current.sa_handler = SIG_IGN;
        static_cast<void>(sigaction(SIGPIPE, &current, nullptr));
    }
}

}  // namespace
}  // namespace detail

template <typename Node>
LoopHandle<Node>::LoopHandle(Node* node) noexcept : node_(node) {
    if (node_ != nullptr) node_->owner = this;
}

template <typename Node>
LoopHandle<Node>::LoopHandle(LoopHandle&& other) noexcept
    : LoopHandle(std::exchange(other.node_, nullptr)) {}

template <typename Node>
LoopHandle<Node>& LoopHandle<Node>::operator=(LoopHandle&& other) noexcept {
    if (this == &other) return *this;
    reset();
    node_ = std::exchange(other.node_, nullptr);
    if (node_ != nullptr) node_->owner = this;
    return *this;
}

template <typename Node>
void LoopHandle<Node>::reset() noexcept {
    if (node_ != nullptr) detail::close_node(std::exchange(node_, nullptr));
}

template class LoopHandle<detail::PollNode>;
template class LoopHandle<detail::TimerNode>;
template class LoopHandle<detail::SignalNode>;

void Poll::set(Interest interest) noexcept {
    if (node_ == nullptr || node_->interest == interest) return;
    node_->interest = interest;
    if (interest == Interest::None) {
        uv_poll_stop(&node_->handle);
    } else {
        uv_poll_start(&node_->handle, detail::to_uv(interest), detail::on_poll);
    }
}

void Timer::again(Milliseconds delay) noexcept {
    if (node_ != nullptr) detail::start_timer(*node_, delay);
}

void Timer::pause() noexcept {
    if (node_ != nullptr) uv_timer_stop(&node_->handle);
}

Loop::Loop() : state_(std::make_unique<detail::LoopState>()) {
    detail::ignore_broken_pipes();
    auto& state = *state_;
    // These fail only when the process has no descriptors or memory left at start: nothing could
    // run then.
    HAIRPIN_ASSERT(uv_loop_init(&state.loop) == 0);
    state.wake.data = state.prepare.data = state.check.data = &state;
    HAIRPIN_ASSERT(uv_async_init(&state.loop, &state.wake, [](uv_async_t* handle) {
                       auto& self = *static_cast<detail::LoopState*>(handle->data);
                       self.woken();
                       self.run_letters();
                   }) == 0);
    uv_prepare_init(&state.loop, &state.prepare);
    uv_check_init(&state.loop, &state.check);
    uv_prepare_start(&state.prepare, [](uv_prepare_t* handle) {
        static_cast<detail::LoopState*>(handle->data)->about_to_block();
    });
    uv_check_start(&state.check, [](uv_check_t* handle) {
        static_cast<detail::LoopState*>(handle->data)->woken();
    });
}

Loop::~Loop() {
    auto& state = *state_;
    // Captures may own anything, so they are destroyed outside the lock.
    const auto dropped =
        state.letters.with([](auto& letters) { return std::exchange(letters, {}); });
    uv_walk(&state.loop, detail::close_left_over, nullptr);
    uv_run(&state.loop, UV_RUN_DEFAULT);
    HAIRPIN_ASSERT(uv_loop_close(&state.loop) == 0);
}

void Loop::run() {
    auto& state = *state_;
    state.runner.store(std::this_thread::get_id(), std::memory_order_release);
    uv_run(&state.loop, UV_RUN_DEFAULT);
    state.stopping.store(false, std::memory_order_release);
    state.woken();  // A thread outside run() does not count as blocked.
    state.runner.store(std::thread::id(), std::memory_order_release);
}

void Loop::stop() {
    state_->stopping.store(true, std::memory_order_release);
    uv_async_send(&state_->wake);
}

void Loop::post(std::function<void()> work) {
    const bool was_empty = state_->letters.with([&](auto& letters) {
        letters.push_back(std::move(work));
        return letters.size() == 1;
    });
    if (was_empty) uv_async_send(&state_->wake);
}

bool Loop::is_current() const noexcept {
    return state_->runner.load(std::memory_order_acquire) == std::this_thread::get_id();
}

Poll Loop::add_poll(int fd, Interest interest, std::function<void(PollEvents)> on_ready) {
    auto node = std::make_unique<detail::PollNode>();
    if (uv_poll_init(&state_->loop, &node->handle, fd) != 0) return Poll();
    node->handle.data = node.get();
    node->state = state_.get();
    node->callback = std::move(on_ready);
    Poll poll(node.release());
    poll.set(interest);
    return poll;
}

Timer Loop::add_timer(Milliseconds first, Milliseconds repeat, std::function<void()> on_time) {
    auto node = std::make_unique<detail::TimerNode>();
    uv_timer_init(&state_->loop, &node->handle);
    node->handle.data = node.get();
    node->state = state_.get();
    node->callback = std::move(on_time);
    node->repeat = repeat;
    detail::start_timer(*node, first);
    return Timer(node.release());
}

Signal Loop::add_signal(int signum, std::function<void()> on_signal) {
    auto node = std::make_unique<detail::SignalNode>();
    uv_signal_init(&state_->loop, &node->handle);
    node->handle.data = node.get();
    node->state = state_.get();
    node->callback = std::move(on_signal);
    Signal signal(node.release());
    if (uv_signal_start(&signal.node_->handle, detail::on_signal, signum) != 0) signal.reset();
    return signal;
}

std::uint64_t Loop::turn() const noexcept {
    return state_->turn;
}

MonotonicTime Loop::now() const noexcept {
    return MonotonicTime(Milliseconds(static_cast<std::int64_t>(uv_now(&state_->loop))));
}

MonotonicTime Loop::fresh_now() noexcept {
    uv_update_time(&state_->loop);
    return now();
}

void Loop::set_idle_hooks(std::function<void()> before_block, std::function<void()> after_block) {
    auto& state = *state_;
    state.before_block = std::move(before_block);
    state.after_block = std::move(after_block);
}

}  // namespace hairpin::net
