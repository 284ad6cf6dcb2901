// daemon/cookie_file.hpp - the secrets of DNS cookies: from a file that all servers share, or our
// own.
//
// A file of 1 or 2 secrets, the first in use, the second accepted too. All servers that answer for
// the same zones at one address need the same file; it is read anew on SIGHUP, so that secrets are
// rolled as RFC 9018 section 5 says: the new one second everywhere, then first, then alone.
//
// Standards RFC 9018 section 5.
// Threads   Pure, but for files.

#pragma once

#include <optional>
#include <string_view>

#include "core/result.hpp"
#include "daemon/config.hpp"
#include "dnsd/cookies.hpp"

namespace hairpin::daemon {

/// 1 or 2 secrets of 16 octets, each as 32 hexadecimal digits or raw, each with or without a line
/// end; else nullopt.
[[nodiscard]] std::optional<dnsd::CookieSecrets> parse_cookie_secrets(std::string_view text);

/// Reads dns.cookie_secret_file, or our own file, which is made where it is missing (mode 0600).
/// Errors: Io; Denied others may read it; Corrupt its content is no secrets.
[[nodiscard]] Result<dnsd::CookieSecrets> load_cookie_secrets(const Config& config);

}  // namespace hairpin::daemon
