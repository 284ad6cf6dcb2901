// daemon/notify.hpp - tells a service manager how we are: READY=1, STOPPING=1, RELOADING=1,
// STATUS=..
//
// The sd_notify protocol is one datagram to $NOTIFY_SOCKET; libsystemd is not needed for it.
// Standards sd_notify(3). Threads   Any.

#pragma once

#include <string_view>

namespace hairpin::daemon {

/// Sends `state` ("READY=1\nSTATUS=.."); does nothing where nobody listens. A failure is logged
/// once per call at debug: a service manager that went away is no reason to stop.
void notify(std::string_view state);

}  // namespace hairpin::daemon
