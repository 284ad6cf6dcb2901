// daemon/metrics.hpp - the numbers that only the daemon can see together: DNS workers, API threads,
// the process.
//
// Threads   collect() on any thread while the parts it refers to live.

#pragma once

#include <cstddef>
#include <string>

#include "acme/certificates.hpp"
#include "admin/metrics_text.hpp"
#include "daemon/http_front.hpp"
#include "dnsd/notifier.hpp"
#include "dnsd/server.hpp"

namespace hairpin::daemon {

/// "NXDOMAIN", or the number of one without a name here (RFC 6895 section 2.3).
[[nodiscard]] std::string rcode_name(std::size_t rcode);

class Metrics final : public admin::MetricsSource {
public:
    /// `certificates` may be null: no CA is configured.
    Metrics(const dnsd::Server& dns, const dnsd::Notifier& notifier, const HttpFront& http,
            const acme::Certificates* certificates) noexcept
        : dns_(dns), notifier_(notifier), http_(http), certificates_(certificates) {}
    void collect(admin::MetricsText& metrics) const override;

private:
    const dnsd::Server& dns_;
    const dnsd::Notifier& notifier_;
    const HttpFront& http_;
    const acme::Certificates* certificates_;
};

}  // namespace hairpin::daemon
