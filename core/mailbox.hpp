// core/mailbox.hpp - how one thread hands work to another: bounded, many senders, one receiver.
//
// The receiver either waits (`wait_all`, for a thread without a loop) or is woken through `on_post`
// (for a loop: pass its wake-up function) and then takes everything at once.
//
// Threads   `post` from any thread; the take functions from the one receiver.

#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace hairpin {

template <typename T>
class Mailbox {
public:
    /// @param capacity  Letters that may wait; more are refused.
    /// @param on_post   Called after a letter came into an empty box, outside the lock, on the
    /// sender's thread.
    explicit Mailbox(std::size_t capacity, std::function<void()> on_post = {})
        : capacity_(capacity), on_post_(std::move(on_post)) {}

    /// False when the box is full or closed; the letter is then untouched.
    [[nodiscard]] bool post(T&& letter) {
        bool was_empty = false;
        {
            const std::lock_guard hold(mutex_);
            if (closed_ || letters_.size() >= capacity_) return false;
            was_empty = letters_.empty();
            letters_.push_back(std::move(letter));
        }
        if (was_empty) {
            filled_.notify_one();
            if (on_post_) on_post_();
        }
        return true;
    }

    /// What is there now, perhaps nothing; does not wait.
    [[nodiscard]] std::vector<T> take_all() {
        const std::lock_guard hold(mutex_);
        return std::exchange(letters_, {});
    }

    /// Waits until there is a letter or the box is closed; empty means closed and drained.
    [[nodiscard]] std::vector<T> wait_all() {
        std::unique_lock hold(mutex_);
        filled_.wait(hold, [this] { return closed_ || !letters_.empty(); });
        return std::exchange(letters_, {});
    }

    /// Refuses further letters; those inside can still be taken.
    void close() {
        {
            const std::lock_guard hold(mutex_);
            closed_ = true;
        }
        filled_.notify_all();
    }

    [[nodiscard]] std::size_t size() const {
        const std::lock_guard hold(mutex_);
        return letters_.size();
    }

private:
    const std::size_t capacity_;
    const std::function<void()> on_post_;
    mutable std::mutex mutex_;
    std::condition_variable filled_;
    std::vector<T> letters_;
    bool closed_ = false;
};

}  // namespace hairpin
