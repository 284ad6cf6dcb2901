// The parameters of a dyndns2 call: whatever stands in a URL or a form (admin/dyndns_request.hpp).
//
// Held: nothing crashes, what is read is bounded, a wish holds addresses of its own family, a
// prefix has no host bits, and a family is removed only where a parameter of that family says so.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "admin/dyndns_request.hpp"

namespace {

using namespace hairpin;
using admin::AddressWish;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_wish(const AddressWish& wish, AddressFamily family, bool may_remove) {
    for (const IpAddress& each : wish.addresses)
        require(each.family() == family);
    require(wish.addresses.empty() == (wish.kind != AddressWish::Kind::Set));
    if (wish.kind == AddressWish::Kind::Remove) require(may_remove);
    if (wish.kind != AddressWish::Kind::Prefix) return;
    require(family == AddressFamily::V6 && wish.prefix_bits >= 1 && wish.prefix_bits <= 128);
    const IpAddress zeros = IpAddress::v6({});
    require(admin::under_prefix(wish.prefix, wish.prefix_bits, zeros) == wish.prefix);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const std::string_view query = as_text({octets, size});
    const auto parameters = admin::read_parameters(query);
    if (!parameters) return 0;
    require(parameters->size() <= admin::kMaxDyndnsParameters);
    const auto request = admin::read_dyndns_request(*parameters, "");
    if (!request) return 0;
    require(request->hosts.size() <= admin::kMaxDyndnsHosts);
    bool names_v4 = false;
    bool names_v6 = false;
    for (const auto& [name, value] : *parameters) {
        names_v4 = names_v4 || name.starts_with("myipv4");
        names_v6 = names_v6 || name.starts_with("myipv6") || name.starts_with("ipv6");
    }
    for (const admin::HostWish& host : request->hosts) {
        require(!host.host.empty());
        check_wish(host.v4, AddressFamily::V4, names_v4);
        check_wish(host.v6, AddressFamily::V6, names_v6);
    }
    return 0;
}
