// daemon/listeners.hpp - whether our ports are free.
//
// All our sockets are opened with SO_REUSEPORT, one for each worker, so that a second hairpind of
// the same user would be let in beside the first by the kernel and take half of its questions. A
// socket without it finds that out first.
//
// Threads   Pure.

#pragma once

#include "core/result.hpp"
#include "daemon/config.hpp"

namespace hairpin::daemon {

/// Errors: Conflict a port is in use; Denied; Io. The first one found. Nothing stays bound.
[[nodiscard]] Result<void> probe_listeners(const Config& config);

}  // namespace hairpin::daemon
