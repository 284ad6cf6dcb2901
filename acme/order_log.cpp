#include "acme/order_log.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace hairpin::acme {
namespace {

constexpr Milliseconds kHour{3600 * 1000};

}  // namespace

void OrderLog::begin_with(const store::Subject& subject, std::vector<WallTime> times) {
    std::sort(times.begin(), times.end());
    placed_.insert_or_assign(subject, std::move(times));
}

void OrderLog::note(const store::Subject& subject, WallTime now) {
    drop_old(now);
    auto& times = placed_[subject];
    times.insert(std::upper_bound(times.begin(), times.end(), now), now);
}

std::optional<OrderLog::Full> OrderLog::full(const store::Subject& subject, WallTime now,
                                             const OrderLimits& limits) const {
    const auto found = placed_.find(subject);
    if (found == placed_.end()) return std::nullopt;
    const std::vector<WallTime>& times = found->second;
    struct Window {
        std::string_view span;
        Milliseconds length;
        std::size_t limit;
    };
    std::optional<Full> latest;
    for (const Window& window : std::array{Window{"an hour", kHour, limits.per_hour},
                                           Window{"a day", kHour * 24, limits.per_day}}) {
        const auto first = std::upper_bound(times.begin(), times.end(), now - window.length);
        const auto placed = static_cast<std::size_t>(times.end() - first);
        if (placed < window.limit) continue;
        // When the last but (limit - 1) leaves the window.
        const WallTime until = times[times.size() - window.limit] + window.length;
        if (!latest || until > latest->until) latest = Full{placed, window.span, until};
    }
    return latest;
}

// Once an hour, all of it: what nobody asks about any more must not stay.
void OrderLog::drop_old(WallTime now) {
    if (now - looked_at_ < kHour) return;
    looked_at_ = now;
    for (auto& [subject, times] : placed_)
        times.erase(times.begin(), std::upper_bound(times.begin(), times.end(), now - kHour * 24));
    std::erase_if(placed_, [](const auto& each) { return each.second.empty(); });
}

}  // namespace hairpin::acme
