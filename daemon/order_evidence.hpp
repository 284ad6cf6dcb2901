// daemon/order_evidence.hpp - what the rest of us knows of secondaries and questions, as acme/ asks
// for it.
//
// Threads   Pure.

#pragma once

#include <vector>

#include "acme/evidence.hpp"
#include "core/ip_address.hpp"
#include "dnsd/notifier.hpp"
#include "observer/challenge_log.hpp"

namespace hairpin::daemon {

[[nodiscard]] std::vector<Endpoint> endpoints_of(const std::vector<dnsd::NotifyReport>& reports);
[[nodiscard]] std::vector<acme::SeenQuery> seen_queries(
    const std::vector<observer::ChallengeQuery>& queries);

}  // namespace hairpin::daemon
