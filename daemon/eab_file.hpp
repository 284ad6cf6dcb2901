// daemon/eab_file.hpp - the MAC keys of the accounts that CAs bind ours to: acme.eab_key_file and
// its like.
//
// Standards RFC 8555 section 7.3.4.
// Threads   While starting, before others run.

#pragma once

#include <string>

#include "acme/certificates.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "daemon/config.hpp"

namespace hairpin::daemon {

/// Empty where none is configured (the path is empty).
/// Errors: Io it cannot be read; Denied anybody can read it; Invalid it holds no MAC key.
[[nodiscard]] Result<Octets> load_eab_key(const std::string& path);
/// All that the configuration names, into options of the same configuration (acme_options()).
/// Errors: as above.
[[nodiscard]] Result<void> load_eab_keys(const Config& config, acme::Options& options);

}  // namespace hairpin::daemon
