// cli/zone_reversal.hpp - `hairpin zone undo` and `hairpin zone return`: one change undone, or a
// zone or a name made again what it was.
//
// One call of the API; writes a line with what came of it, of a dry run the records as `zone diff`
// writes them. What cannot be undone is told on standard error, with who changed it since.
//
// Threads   The main thread, nothing else running.

#pragma once

#include <string>
#include <string_view>

#include "cli/rest_client.hpp"

namespace hairpin::cli {

struct ReversalOptions {
    std::string zone;
    std::string change;  // Of undo: its number, as the history shows it, or a serial.
    bool is_serial = false;
    std::string moment;  // Of return: a time (RFC 3339) or a serial.
    std::string name;    // Empty: all.
    std::string type;    // Empty: all.
    bool dry_run = false;
    RestOptions api;
};

/// @return kDone (cli/zone_import.hpp); kFailed.
[[nodiscard]] int run_zone_undo(const ReversalOptions& options);
[[nodiscard]] int run_zone_return(const ReversalOptions& options);

/// What the API is sent.
[[nodiscard]] std::string undo_body(const ReversalOptions& options);
[[nodiscard]] std::string return_body(const ReversalOptions& options);
/// An answer as lines; empty where the body is not one.
[[nodiscard]] std::string reversal_lines(std::string_view body);

}  // namespace hairpin::cli
