// daemon/server_certificate.hpp - certificates from files: the operator's, and the self-signed one
// of the data directory.
//
// The self-signed one is made for http.server_name, http.other_names and this machine, kept in the
// data directory, and made again with the same key: who pinned that key is not surprised by a
// restart, nor by a year's end. Which certificate is shown is own_certificate.hpp's to decide.
//
// Standards RFC 7858 section 4.2 (pins).
// Threads   The main thread.

#pragma once

#include <memory>

#include "core/result.hpp"
#include "daemon/config.hpp"
#include "net/tls.hpp"

namespace hairpin::daemon {

/// The pair that http.certificate and http.key name; null: they name none.
/// Errors: Io, Limit, Invalid.
[[nodiscard]] Result<std::shared_ptr<const net::ServerTls>> load_certificate_files(
    const Config& config);

/// The self-signed one, made where it is missing, for other names, or has less than 30 days left.
/// Errors: Io the data directory; Invalid a name that no certificate can hold.
[[nodiscard]] Result<std::shared_ptr<const net::ServerTls>> make_self_signed_certificate(
    const Config& config);

/// Whether what there is of both can be loaded; nothing is made. Errors: Io, Limit, Invalid.
[[nodiscard]] Result<void> check_server_certificate(const Config& config);

}  // namespace hairpin::daemon
