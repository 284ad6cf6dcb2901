// dnsd/code_names.hpp - opcodes, RCODEs and transports as people write them, for figures and logs.
//
// Standards RFC 6895 sections 2.2 and 2.3 (names and numbers).
// Threads   Pure.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "dnsd/counters.hpp"

namespace hairpin::dnsd {

/// "NXDOMAIN", or the number of one without a name here.
[[nodiscard]] std::string rcode_name(std::size_t rcode);
/// "QUERY", the same way.
[[nodiscard]] std::string opcode_name(std::size_t opcode);
/// "udp", "tcp", "tls" or "https".
[[nodiscard]] std::string_view transport_name(Transport transport) noexcept;

}  // namespace hairpin::dnsd
