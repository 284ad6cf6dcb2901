// cli/alias_commands.hpp - `hairpin alias list`, `add` and `remove`: names beside the two of a
// server.
//
// Threads   The main thread, nothing else running.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/rest_client.hpp"

namespace hairpin::cli {

struct AliasOptions {
    RestOptions api;
    bool is_json = false;      // list
    std::string server;        // "LICENCE/LABEL".
    std::string alias;         // add, remove: in front of the licence's zone: "cloud".
    bool is_internal = false;  // add: it leads to the internal name.
};

/// @return kDone, kFailed (cli/zone_import.hpp).
[[nodiscard]] int list_aliases(const AliasOptions& options);
[[nodiscard]] int add_alias(const AliasOptions& options);
[[nodiscard]] int remove_alias(const AliasOptions& options);

// For their tests.
/// A list as lines; empty where the body is none.
[[nodiscard]] std::string alias_lines(std::string_view body);
/// Where the aliases of "LICENCE/LABEL" are, escaped; nullopt: it is not of that form.
[[nodiscard]] std::optional<std::string> alias_path(std::string_view server);

}  // namespace hairpin::cli
