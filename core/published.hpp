// core/published.hpp - one writer publishes immutable snapshots; readers never wait.
//
// Two kinds of reader:
//  - a *worker* registers once (`Reader`) and reads a raw pointer for about a nanosecond. It says
//  when it
//    holds no pointer: `quiescent()` after each batch, `offline()` before it blocks, `online()`
//    after. A replaced snapshot is kept until every online worker has been quiescent since (QSBR);
//  - anyone else takes `snapshot()`, a shared_ptr under a short lock.
//
// Threads   `publish` from one thread at a time. A Reader belongs to one thread.
//
//   epoch_ grows by one with each publish. A worker's `seen` is the epoch it last declared itself
//   quiescent at, or kOffline. A snapshot retired at epoch e (the epoch that replaced it) is free
//   once every worker's `seen` >= e or it is offline. online() stores `seen` and then loads the
//   pointer; publish() stores the pointer and then loads `seen`: both need sequential consistency,
//   so that one of the two sees the other.

#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace hairpin {

template <typename T>
class Published {
    static constexpr std::uint64_t kOffline = std::numeric_limits<std::uint64_t>::max();
    struct alignas(64) Slot {
        std::atomic<std::uint64_t> seen{kOffline};
    };

public:
    using Snapshot = std::shared_ptr<const T>;

    explicit Published(Snapshot first) : current_(std::move(first)), raw_(current_.get()) {}
    Published(const Published&) = delete;
    Published& operator=(const Published&) = delete;

    class Reader {
    public:
        explicit Reader(Published& published)
            : published_(published), slot_(published.add_slot()) {}
        ~Reader() { published_.remove_slot(slot_); }
        Reader(const Reader&) = delete;
        Reader& operator=(const Reader&) = delete;

        /// The newest snapshot; valid until this reader's next quiescent() or offline(). Only while
        /// online.
        [[nodiscard]] const T* get() const noexcept {
            return published_.raw_.load(std::memory_order_seq_cst);
        }
        /// No pointer from get() is held any more.
        void quiescent() noexcept {
            slot_->seen.store(published_.epoch_.load(std::memory_order_acquire),
                              std::memory_order_release);
        }
        void offline() noexcept { slot_->seen.store(kOffline, std::memory_order_release); }
        void online() noexcept {
            slot_->seen.store(published_.epoch_.load(std::memory_order_seq_cst),
                              std::memory_order_seq_cst);
        }

    private:
        Published& published_;
        Slot* slot_;
    };

    /// Makes `next` what every later reader sees, and frees what no worker can still hold.
    void publish(Snapshot next) {
        std::vector<Snapshot> freed;  // Destroyed after the lock is released.
        const std::lock_guard hold(mutex_);
        raw_.store(next.get(), std::memory_order_seq_cst);
        const std::uint64_t epoch = epoch_.fetch_add(1, std::memory_order_seq_cst) + 1;
        retired_.emplace_back(epoch, std::exchange(current_, std::move(next)));
        collect(freed);
    }

    /// Frees what the workers have let go of; for a writer that is idle for long.
    void reclaim() {
        std::vector<Snapshot> freed;
        const std::lock_guard hold(mutex_);
        collect(freed);
    }

    [[nodiscard]] Snapshot snapshot() const {
        const std::lock_guard hold(mutex_);
        return current_;
    }

    [[nodiscard]] std::size_t retired() const {
        const std::lock_guard hold(mutex_);
        return retired_.size();
    }

private:
    Slot* add_slot() {
        const std::lock_guard hold(mutex_);
        return &slots_.emplace_back();
    }
    void remove_slot(Slot* slot) {
        const std::lock_guard hold(mutex_);
        slots_.remove_if([slot](const Slot& each) { return &each == slot; });
    }
    void collect(std::vector<Snapshot>& freed) {
        std::uint64_t oldest = kOffline;
        for (const Slot& slot : slots_)
            oldest = std::min(oldest, slot.seen.load(std::memory_order_seq_cst));
        auto keep = retired_.begin();
        while (keep != retired_.end() && keep->first <= oldest)
            freed.push_back(std::move((keep++)->second));
        retired_.erase(retired_.begin(), keep);
    }

    mutable std::mutex mutex_;
    Snapshot current_;
    std::vector<std::pair<std::uint64_t, Snapshot>> retired_;
    std::list<Slot> slots_;
    std::atomic<const T*> raw_;
    std::atomic<std::uint64_t> epoch_{0};
};

}  // namespace hairpin
