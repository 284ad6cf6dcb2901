// daemon/metrics.hpp - the numbers that only the daemon can see together: DNS workers, API threads,
// the process.
//
// Threads   collect() on any thread while the parts it refers to live.

#pragma once

#include "admin/metrics_text.hpp"
#include "daemon/http_front.hpp"
#include "dnsd/server.hpp"

namespace hairpin::daemon {

class Metrics final : public admin::MetricsSource {
public:
    Metrics(const dnsd::Server& dns, const HttpFront& http) noexcept : dns_(dns), http_(http) {}
    void collect(admin::MetricsText& metrics) const override;

private:
    const dnsd::Server& dns_;
    const HttpFront& http_;
};

}  // namespace hairpin::daemon
