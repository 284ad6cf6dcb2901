// cli/own_certificate.hpp - `hairpin certificate own`: which certificate Hairpin shows, and why.
//
// Threads   The main thread, nothing else running.

#pragma once

#include <string>
#include <string_view>

#include "cli/rest_client.hpp"

namespace hairpin::cli {

struct OwnCertificateOptions {
    RestOptions api;
    bool is_order = false;  // Order another now, in place of showing.
};

/// @return kDone, kFailed (cli/zone_import.hpp).
[[nodiscard]] int run_own_certificate(const OwnCertificateOptions& options);

/// The API's answer as lines for a person; empty where the body is not one.
[[nodiscard]] std::string own_certificate_lines(std::string_view body);

}  // namespace hairpin::cli
