#include "core/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace hairpin::detail {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
    std::fprintf(stderr, "hairpin: assertion failed: %s (%s:%d)\n", expression, file, line);
    std::abort();
}

}  // namespace hairpin::detail
