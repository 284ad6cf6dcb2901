// daemon/acme_options.hpp - what acme/ is told of the configuration.
//
// Threads   Pure.

#pragma once

#include <vector>

#include "acme/certificates.hpp"
#include "core/ip_address.hpp"
#include "daemon/config.hpp"

namespace hairpin::daemon {

/// Of values alone: what calls back, and secrets from files, are added by whoever has them.
[[nodiscard]] acme::Options acme_options(const Config& config,
                                         const std::vector<Endpoint>& listeners);

}  // namespace hairpin::daemon
