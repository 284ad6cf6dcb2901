// cli/acme_commands.hpp - `hairpin acme ..`: the account at the CA.
//
// One call of the API each; what came of it as a line, what did not on standard error.
//
// Threads   The main thread, nothing else running.

#pragma once

#include "cli/rest_client.hpp"

namespace hairpin::cli {

struct AcmeOptions {
    RestOptions api;
};

/// @return kDone (cli/zone_import.hpp); kFailed.
[[nodiscard]] int run_acme_rollover(const AcmeOptions& options);

}  // namespace hairpin::cli
