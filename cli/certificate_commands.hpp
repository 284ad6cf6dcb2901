// cli/certificate_commands.hpp - `hairpin certificate list`, `certificate show`, `licence profile`:
// the certificates of servers.
//
// Hairpin's own is cli/own_certificate.hpp's.
//
// Threads   The main thread, nothing else running.

#pragma once

#include <string>
#include <string_view>

#include "cli/rest_client.hpp"

namespace hairpin::cli {

struct CertificateOptions {
    RestOptions api;
    bool is_json = false;
    std::string alarm;        // list: only servers with it; "any" for any.
    std::string licence;      // list: only of it; profile: whose.
    std::string server;       // show: "LICENCE/LABEL".
    std::string profile;      // profile: the new one; empty: it is shown.
    bool is_default = false;  // profile: as the configuration says.
};

/// @return kDone, kFailed (cli/zone_import.hpp).
[[nodiscard]] int list_certificates(const CertificateOptions& options);
[[nodiscard]] int show_certificate(const CertificateOptions& options);
[[nodiscard]] int licence_profile(const CertificateOptions& options);

// For their tests.
/// One page as lines; empty where the body is none.
[[nodiscard]] std::string certificate_lines(std::string_view body);

}  // namespace hairpin::cli
