// daemon/server_certificate.hpp - the certificate that the API shows: from files, or self-signed
// until there is one.
//
// The self-signed one is made once and kept in the data directory, so that a client that pinned it
// is not surprised by a restart.
//
// Threads   The main thread.

#pragma once

#include <memory>

#include "core/result.hpp"
#include "daemon/config.hpp"
#include "net/tls.hpp"

namespace hairpin::daemon {

/// Errors: Io, Invalid of the files named in the configuration. Without files: the self-signed one
/// of the data directory, and nothing at all (null) where it was not made yet.
[[nodiscard]] Result<std::shared_ptr<const net::ServerTls>> load_server_certificate(
    const Config& config);

/// The same, making the self-signed one where it is missing or has less than 30 days left.
[[nodiscard]] Result<std::shared_ptr<const net::ServerTls>> make_server_certificate(
    const Config& config);

}  // namespace hairpin::daemon
