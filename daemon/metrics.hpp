// daemon/metrics.hpp - the numbers that only the daemon can see together: DNS workers, API threads,
// the process.
//
// Threads   collect() on any thread while the parts it refers to live.

#pragma once

#include "acme/certificates.hpp"
#include "admin/metrics_text.hpp"
#include "daemon/http_front.hpp"
#include "dnsd/server.hpp"

namespace hairpin::daemon {

class Metrics final : public admin::MetricsSource {
public:
    /// `certificates` may be null: no CA is configured.
    Metrics(const dnsd::Server& dns, const HttpFront& http,
            const acme::Certificates* certificates) noexcept
        : dns_(dns), http_(http), certificates_(certificates) {}
    void collect(admin::MetricsText& metrics) const override;

private:
    const dnsd::Server& dns_;
    const HttpFront& http_;
    const acme::Certificates* certificates_;
};

}  // namespace hairpin::daemon
