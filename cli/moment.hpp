// cli/moment.hpp - moments as people write them, as the API reads them.
//
//   2026-11-17T14:05:00Z, 2026-11-17T14:05:00+01:00, 1795186800   as they are
//   2026-11-17 14:05[:00], 2026-11-17                             by the clock here
//   14:05; today 14:05; yesterday 14:05; last Tuesday at 14:05    the last one, by the clock here
//
// A day without a time is its beginning. What is none of these is passed on: the API says what is
// wrong with it.
//
// Standards RFC 3339.
// Threads   The main thread: the time zone is the process's.

#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace hairpin::cli {

/// @param now  Seconds since the epoch.
[[nodiscard]] std::string moment_text(std::string_view text, std::time_t now);

}  // namespace hairpin::cli
