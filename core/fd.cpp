#include "core/fd.hpp"

#include <unistd.h>

namespace hairpin {

void Fd::reset() noexcept {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

}  // namespace hairpin
