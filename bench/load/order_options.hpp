// bench/load/order_options.hpp - what order_load is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/clock.hpp"

namespace hairpin::bench {

struct OrderOptions {
    std::string folder;
    std::uint16_t dns_port = 0;
    std::string directory;
    std::string ca_file;
    std::size_t licences = 1;  // That order.
    std::size_t fill = 0;      // So many are made, if these are more.
    std::size_t at_once = 8;
    Milliseconds poll{0};  // 0: the default of acme/.
    bool is_bare = false;
};

}  // namespace hairpin::bench
