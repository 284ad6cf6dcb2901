// daemon/telling.hpp - wires what happens to who wants to know: readers of events, web-hooks,
// alarms.
//
// The committer rings the bell; the API's streams and the thread "webhooks" hear it.
//
// Threads   The main thread, but for what the committer calls.

#pragma once

#include <memory>

#include "acme/certificates.hpp"
#include "admin/alarm_sweep.hpp"
#include "admin/context.hpp"
#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/result.hpp"
#include "daemon/config.hpp"
#include "hooks/event_bell.hpp"
#include "hooks/teller.hpp"
#include "net/loop.hpp"
#include "store/committer.hpp"

namespace hairpin::daemon {

class Telling {
public:
    /// Lets the committer ring.
    void hear(store::CommitterOptions& options);

    /// Starts what tells, and puts it into the context. `certificates`: null where no CA is
    /// configured. All references outlive stop(). Errors: those of the store; Unavailable.
    [[nodiscard]] Result<void> start(const Config& config, admin::ApiContext& context,
                                     net::Loop& main, acme::Certificates* certificates);
    /// Sends home who follows, so that nobody waits for them when the API ends.
    void end() const { bell_.ring(hooks::Ring::End); }
    /// Before the committer stops. Twice is no harm.
    void stop();

private:
    hooks::EventBell bell_;
    std::unique_ptr<hooks::Teller> teller_;
    std::shared_ptr<void> teller_news_;
    std::unique_ptr<admin::AlarmSweep> alarms_;
    acme::Certificates::Subscription alarm_news_;
};

}  // namespace hairpin::daemon
