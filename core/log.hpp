// core/log.hpp - one logger per folder, lines on standard error.
//
// A line says what happened, to what, and what to do; never a secret. Logging happens once, at the
// boundary that decides (worker, request handler, job). Never on the answer path.
//
//   log::logger("store").warn("...");
//
// Threads   Any. Levels may be changed at any time.

#pragma once

#include <spdlog/logger.h>

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace hairpin::log {

/// The logger of a folder ("dnsd", "store", ..); made on first use, never destroyed.
[[nodiscard]] spdlog::logger& logger(std::string_view folder);

/// Sets the level of one folder, or of all for "*": trace, debug, info, warning, error, critical,
/// off. Errors: Invalid the level's name is unknown.
[[nodiscard]] Result<void> set_level(std::string_view folder, std::string_view level);

}  // namespace hairpin::log
