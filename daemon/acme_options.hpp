// daemon/acme_options.hpp - what acme/ is told of the configuration.
//
// Threads   Pure; what canary_names() gives: any.

#pragma once

#include <functional>
#include <vector>

#include "acme/certificates.hpp"
#include "core/ip_address.hpp"
#include "core/published.hpp"
#include "core/result.hpp"
#include "daemon/config.hpp"
#include "zones/zone.hpp"

namespace hairpin::daemon {

/// Of values alone: what calls back, and secrets from files, are added by whoever has them.
[[nodiscard]] acme::Options acme_options(const Config& config,
                                         const std::vector<Endpoint>& listeners);
/// The secrets from the files that the configuration names, into options of the same configuration.
/// Errors: those of load_eab_keys() and load_elsewhere_keys().
[[nodiscard]] Result<void> load_acme_secrets(const Config& config, acme::Options& options);
/// acme::Options::canary_names: null where they are off, or not needed. `zones` outlives it.
[[nodiscard]] std::function<Result<acme::OwnNames>()> canary_names(
    const Config& config, const Published<zones::ZoneTable>& zones);

}  // namespace hairpin::daemon
