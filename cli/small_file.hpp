// cli/small_file.hpp - the files that an operator hands to a command, and the ones it writes.
//
// Threads   Pure, but for the file.

#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace hairpin::cli {

/// The whole of a file with a secret in it, at most 64 KiB.
/// Errors: Io; Denied anybody may read it; Limit.
[[nodiscard]] Result<std::string> read_secret_file(const std::string& path);

/// Writes a file whole or not at all; one that is there is replaced. Errors: Io.
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view text);

}  // namespace hairpin::cli
