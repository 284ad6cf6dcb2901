#include "hooks/retry.hpp"

#include <algorithm>

namespace hairpin::hooks {
namespace {
constexpr int kGrowth = 4;
constexpr std::int64_t kPercentToEitherSide = 20;
}  // namespace

Milliseconds pause_after(std::int64_t attempts, std::uint32_t random) noexcept {
    Milliseconds pause = kFirstPause;
    for (std::int64_t each = 1; each < attempts && pause < kLongestPause; ++each)
        pause *= kGrowth;
    pause = std::min(pause, kLongestPause);
    const std::int64_t percent = 100 - kPercentToEitherSide +
                                 static_cast<std::int64_t>(random % (2 * kPercentToEitherSide + 1));
    return pause * percent / 100;
}

}  // namespace hairpin::hooks
