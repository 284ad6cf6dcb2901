#include "bench/load/order_clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace hairpin::bench {
namespace {

constexpr std::chrono::seconds kPatience{60};

/// CPU seconds of the threads of this process that live, by name.
std::map<std::string, double> cpu_by_thread() {
    std::map<std::string, double> seconds;
    std::error_code failure;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", failure)) {
        std::string name;
        std::uint64_t nanoseconds = 0;
        std::ifstream(thread.path() / "comm") >> name;
        std::ifstream(thread.path() / "schedstat") >> nanoseconds;
        seconds[name] += static_cast<double>(nanoseconds) / 1e9;
    }
    return seconds;
}

double part_of(const std::vector<double>& sorted, double part) {
    if (sorted.empty()) return 0;
    return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

}  // namespace

bool OrderClock::begin(std::int64_t id) {
    std::unique_lock hold(mutex_);
    if (!ended_changed_.wait_for(hold, kPatience, [&] { return under_way_.size() < at_once_; }))
        return false;
    under_way_[id] = std::chrono::steady_clock::now();
    return true;
}

void OrderClock::adopt(std::int64_t id) {
    const std::lock_guard hold(mutex_);
    under_way_[id] = Moment();
}

void OrderClock::end(std::int64_t id) {
    {
        const std::lock_guard hold(mutex_);
        const auto found = under_way_.find(id);
        if (found == under_way_.end()) return;
        if (found->second != Moment())
            milliseconds_.push_back(std::chrono::duration<double, std::milli>(
                                        std::chrono::steady_clock::now() - found->second)
                                        .count());
        under_way_.erase(found);
        ++ended_;
    }
    ended_changed_.notify_one();
}

bool OrderClock::await_all() {
    std::unique_lock hold(mutex_);
    while (!under_way_.empty()) {
        const std::size_t before = ended_;
        if (!ended_changed_.wait_for(hold, kPatience, [&] { return ended_ != before; }))
            return false;
    }
    return true;
}

std::size_t OrderClock::ended() const {
    const std::lock_guard hold(mutex_);
    return ended_;
}

std::vector<double> OrderClock::milliseconds() const {
    const std::lock_guard hold(mutex_);
    std::vector<double> sorted = milliseconds_;
    std::sort(sorted.begin(), sorted.end());
    return sorted;
}

void print_figures(const OrderClock& clock, double seconds, std::uint64_t requests,
                   std::uint64_t failed) {
    const auto sorted = clock.milliseconds();
    std::string threads;
    for (const auto& [name, cpu] : cpu_by_thread())
        threads += fmt::format(R"({}"{}": {:.3f})", threads.empty() ? "" : ", ", name, cpu);
    fmt::print(R"({{"orders": {}, "seconds": {:.3f}, "per_second": {:.2f}, "p50_ms": {:.1f}, )"
               R"("p95_ms": {:.1f}, "requests": {}, "failed": {}, "cpu": {{{}}}}})"
               "\n",
               clock.ended(), seconds, static_cast<double>(clock.ended()) / seconds,
               part_of(sorted, 0.5), part_of(sorted, 0.95), requests, failed, threads);
}

}  // namespace hairpin::bench
