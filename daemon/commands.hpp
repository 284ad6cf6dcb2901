// daemon/commands.hpp - what `hairpind` does besides serving: init, check, backup, restore.
//
// Each returns the process's exit status: 0 done, 1 it failed (said on standard error), 2 the
// command or the configuration is wrong. Standard output carries only what the command is for.
//
// Threads   The main thread, nothing else running.

#pragma once

#include <string>

#include "daemon/config.hpp"

namespace hairpin::daemon {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kMisused = 2;

/// Makes the data directory, master key and database, and the first operator token, which alone
/// goes to standard output. Running it again changes nothing and fails.
[[nodiscard]] int run_init(const Config& config);
/// Says whether the configuration can be served: files readable, schema known, ports free.
[[nodiscard]] int run_check(const Config& config);
/// A consistent copy of the database while the server may be running. The master key is not in it.
[[nodiscard]] int run_backup(const Config& config, const std::string& target);
/// Puts a backup in the place of the database of a server that is not running.
[[nodiscard]] int run_restore(const Config& config, const std::string& source);
/// Makes one more operator token, for an operator who has lost theirs and has the machine.
[[nodiscard]] int run_token(const Config& config, const std::string& label);

}  // namespace hairpin::daemon
