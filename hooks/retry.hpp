// hooks/retry.hpp - when a web-hook that did not take an event is told of it again, and until when.
//
// 5 s, then four times as long each time, at most 6 h; each pause is drawn from a fifth to either
// side, so that receivers that went down together do not come back to one burst. After three days
// in vain it is given up: by then nobody is looking, and the store keeps events for ten times that.
//
// Threads   Pure functions.

#pragma once

#include <cstdint>

#include "core/clock.hpp"

namespace hairpin::hooks {

inline constexpr Milliseconds kFirstPause{5'000};
inline constexpr Milliseconds kLongestPause{6LL * 3600 * 1000};
inline constexpr Milliseconds kGiveUpAfter{72LL * 3600 * 1000};

/// @param attempts  In vain so far, in a row: at least 1.
/// @param random    Any number; it decides where in its range the pause is.
[[nodiscard]] Milliseconds pause_after(std::int64_t attempts, std::uint32_t random) noexcept;

}  // namespace hairpin::hooks
