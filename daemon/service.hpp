// daemon/service.hpp - the running server: every part made in its order, wired, and taken down in
// the reverse.
//
//   configuration -> user -> master key -> database, migrated -> zones loaded -> ports bound ->
//   rights given up
//     -> committer -> certificates -> DNS workers -> API threads -> READY
//   SIGTERM, SIGINT: API drained -> certificates -> DNS -> committer (what was acknowledged is
//   durable already) SIGHUP: the whole configuration is read anew; what may change at run time
//   changes, or nothing does
//
// The composition root: the only place that knows all folders. Holds no logic of theirs.
//
// Threads   Constructed, run and destroyed on the main thread.

#pragma once

#include "daemon/config.hpp"

namespace hairpin::daemon {

/// Serves until a signal ends it. Returns the process's exit status (daemon/commands.hpp).
[[nodiscard]] int run_serve(const Config& config);

}  // namespace hairpin::daemon
