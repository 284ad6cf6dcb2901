// daemon/eab_file.hpp - the MAC key of the account that the CA binds ours to: acme.eab_key_file.
//
// Standards RFC 8555 section 7.3.4.
// Threads   While starting, before others run.

#pragma once

#include "core/octets.hpp"
#include "core/result.hpp"
#include "daemon/config.hpp"

namespace hairpin::daemon {

/// Empty where none is configured.
/// Errors: Io it cannot be read; Denied anybody can read it; Invalid it holds no MAC key.
[[nodiscard]] Result<Octets> load_eab_key(const Config& config);

}  // namespace hairpin::daemon
