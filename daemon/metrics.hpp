// daemon/metrics.hpp - the numbers that only the daemon can see together: DNS workers, API threads,
// the process.
//
// Threads   collect() on any thread while the parts it refers to live.

#pragma once

#include "acme/certificates.hpp"
#include "admin/metrics_text.hpp"
#include "checkin/desk.hpp"
#include "core/clock.hpp"
#include "daemon/http_front.hpp"
#include "dnsd/notifier.hpp"
#include "dnsd/server.hpp"
#include "observer/observer.hpp"

namespace hairpin::daemon {

class Metrics final : public admin::MetricsSource {
public:
    /// `certificates` may be null: no CA is configured; `desk` too: no server checks in.
    Metrics(const dnsd::Server& dns, const dnsd::Notifier& notifier, const HttpFront& http,
            const observer::Observer& observer, const acme::Certificates* certificates,
            const checkin::Desk* desk, const Clock& clock) noexcept
        : dns_(dns),
          notifier_(notifier),
          http_(http),
          observer_(observer),
          certificates_(certificates),
          desk_(desk),
          clock_(clock) {}
    void collect(admin::MetricsText& metrics) const override;

private:
    const dnsd::Server& dns_;
    const dnsd::Notifier& notifier_;
    const HttpFront& http_;
    const observer::Observer& observer_;
    const acme::Certificates* certificates_;
    const checkin::Desk* desk_;
    const Clock& clock_;
};

}  // namespace hairpin::daemon
