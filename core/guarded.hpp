// core/guarded.hpp - data that can be reached only through its lock.
//
//   Guarded<std::vector<Job>> jobs_;
//   jobs_.with([&](auto& jobs) { jobs.push_back(job); });
//
// Threads   Any. Never hold it across a callback that may block, a system call or a publish.
#pragma once

#include <mutex>
#include <utility>

namespace hairpin {

template <typename T>
class Guarded {
public:
    template <typename... Args>
    explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

    template <typename F>
    decltype(auto) with(F&& use) {
        const std::lock_guard hold(mutex_);
        return std::forward<F>(use)(value_);
    }
    template <typename F>
    decltype(auto) with(F&& use) const {
        const std::lock_guard hold(mutex_);
        return std::forward<F>(use)(value_);
    }

private:
    mutable std::mutex mutex_;
    T value_;
};

}  // namespace hairpin
