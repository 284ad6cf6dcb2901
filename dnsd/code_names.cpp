#include "dnsd/code_names.hpp"

#include <array>

namespace hairpin::dnsd {

std::string rcode_name(std::size_t rcode) {
    constexpr std::array<const char*, 11> kNames = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                                                    "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
                                                    "NXRRSET", "NOTAUTH", "NOTZONE"};
    if (rcode < kNames.size()) return kNames[rcode];
    if (rcode == 23) return "BADCOOKIE";
    return rcode == 16 ? "BADVERS" : std::to_string(rcode);
}

std::string opcode_name(std::size_t opcode) {
    constexpr std::array<const char*, 7> kNames = {"QUERY",  "IQUERY", "STATUS", "3",
                                                   "NOTIFY", "UPDATE", "DSO"};
    return opcode < kNames.size() ? kNames[opcode] : std::to_string(opcode);
}

std::string_view transport_name(Transport transport) noexcept {
    constexpr std::array<std::string_view, kTransports> kNames = {"udp", "tcp", "tls", "https"};
    return kNames[static_cast<std::size_t>(transport)];
}

}  // namespace hairpin::dnsd
