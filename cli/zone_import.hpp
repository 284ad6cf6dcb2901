// cli/zone_import.hpp - `hairpin zone import`: a zone moves in from another name server.
//
// Transfers (cli/axfr_client.hpp), judges (cli/intake.hpp), tells, and loads (cli/zone_load.hpp).
// The report goes to standard output, what went wrong to standard error. Nothing is loaded before
// the whole zone has come and was judged; where records would be lost, nothing is loaded without
// `skip`.
//
// Threads   The main thread, nothing else running.

#pragma once

#include <string>

#include "cli/axfr_client.hpp"
#include "cli/intake.hpp"
#include "cli/rest_client.hpp"
#include "cli/zone_load.hpp"

namespace hairpin::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kMisused = 2;

struct ImportOptions {
    std::string server;     // The source.
    std::string zone;       // Its apex.
    std::string tsig_file;  // Empty: unsigned.
    AxfrLimits limits;
    StreamTimes times;
    RestOptions api;
    Existing existing = Existing::Keep;
    bool skip = false;     // Load the rest where records are lost.
    bool dry_run = false;  // Only the report.
    std::string output;    // A file to write in place of loading; "-": standard output.
};

/// @return kDone the zone is in place (or written, or could be loaded: dry_run); kFailed; kMisused
/// the options make no sense.
[[nodiscard]] int run_zone_import(const ImportOptions& options);

/// The report: what came, what is taken, what is left out and why, what to look at. Lines.
[[nodiscard]] std::string report_text(const AxfrTotals& totals, const TakenZone& taken,
                                      const std::string& server);

}  // namespace hairpin::cli
