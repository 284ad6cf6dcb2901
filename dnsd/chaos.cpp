#include "dnsd/chaos.hpp"

#include <array>
#include <string_view>

namespace hairpin::dnsd {
namespace {

using namespace std::string_view_literals;

struct ChaosName {
    std::string_view wire;
    Octets Identity::*text;
};

constexpr std::array kNamesOfServer = {
    ChaosName{"\7version\4bind\0"sv, &Identity::version},
    ChaosName{"\7version\6server\0"sv, &Identity::version},
    ChaosName{"\10hostname\4bind\0"sv, &Identity::server},
    ChaosName{"\2id\6server\0"sv, &Identity::server},
};

}  // namespace

OctetView chaos_text(const Query& query, const Identity& identity) noexcept {
    if (query.qclass != zones::RClass::CH || query.qtype != zones::RType::TXT) return {};
    for (const ChaosName& each : kNamesOfServer)
        if (zones::equal_ignoring_case(query.qname.wire(), as_octets(each.wire)))
            return identity.*each.text;
    return {};
}

}  // namespace hairpin::dnsd
