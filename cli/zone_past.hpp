// cli/zone_past.hpp - `hairpin zone at` and `hairpin zone diff`: what a zone held, and what has
// changed.
//
// Asks the API page by page and writes lines: of the content those of a zone file, of a difference
// the same with + and - in front. Lines that begin with ; are about who and when.
//
// Standards RFC 1035 section 5 (the lines).
// Threads   The main thread, nothing else running.

#pragma once

#include <string>
#include <string_view>

#include "cli/rest_client.hpp"

namespace hairpin::cli {

struct PastOptions {
    std::string zone;
    std::string from;  // A time (cli/moment.hpp) or a serial. Of `at`: the only one.
    std::string to;    // Of `diff`.
    std::string name;  // Empty: all.
    std::string type;  // Empty: all.
    RestOptions api;
};

/// @return kDone (cli/zone_import.hpp); kFailed.
[[nodiscard]] int run_zone_at(const PastOptions& options);
[[nodiscard]] int run_zone_diff(const PastOptions& options);

/// A name in a zone, which may be left out at its end: "nur3". "@" stays, and so does what ends
/// with a dot.
[[nodiscard]] std::string full_name(std::string_view name, std::string_view zone);
/// The path and query of a page; `cursor` empty: the first.
[[nodiscard]] std::string at_target(const PastOptions& options, std::string_view cursor);
[[nodiscard]] std::string diff_target(const PastOptions& options, std::string_view cursor);
/// A page as lines; empty where the body is not one.
[[nodiscard]] std::string at_lines(std::string_view body, bool is_first);
[[nodiscard]] std::string diff_lines(std::string_view body, bool is_first);

}  // namespace hairpin::cli
