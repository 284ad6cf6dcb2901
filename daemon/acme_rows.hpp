// daemon/acme_rows.hpp - the rows of [acme] in the option table.
//
// Not for the rest of the program: daemon/options.cpp puts them between its own.
//
// Threads   A constant table.

#pragma once

#include <span>

#include "daemon/options.hpp"

namespace hairpin::daemon {

[[nodiscard]] std::span<const Option> acme_rows() noexcept;

}  // namespace hairpin::daemon
