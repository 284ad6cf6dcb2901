// cli/small_file.hpp - the files that a command writes.
//
// Threads   Pure, but for the file.

#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace hairpin::cli {

/// Writes a file whole or not at all; one that is there is replaced. Errors: Io.
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view text);

}  // namespace hairpin::cli
