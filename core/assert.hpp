// core/assert.hpp - for our own mistakes, on in every build, never about input.
// Threads   Any.
#pragma once

namespace hairpin::detail {
/// Writes the expression and its place to standard error and ends the process.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;
}  // namespace hairpin::detail

#define HAIRPIN_ASSERT(expression)       \
    ((expression) ? static_cast<void>(0) \
                  : ::hairpin::detail::assertion_failed(#expression, __FILE__, __LINE__))
