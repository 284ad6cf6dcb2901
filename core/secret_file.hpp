// core/secret_file.hpp - reads a file that an operator keeps a secret in.
//
// Threads   Pure, but for the file.

#pragma once

#include <string>

#include "core/result.hpp"

namespace hairpin {

/// The whole of a file with a secret in it, at most 64 KiB.
/// Errors: Io; Denied anybody may read it; Limit.
[[nodiscard]] Result<std::string> read_secret_file(const std::string& path);

}  // namespace hairpin
