// The body of a heartbeat: whatever a stranger with a token can send (admin/heartbeat_json.hpp),
// and what is decided over it (admin/heartbeat.hpp).
//
// Held: nothing crashes, what is read is bounded, no address that a rule refuses is ever published,
// and the strict JSON reader agrees that a body which was taken is JSON.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "admin/heartbeat.hpp"
#include "admin/heartbeat_json.hpp"
#include "admin/json_value.hpp"
#include "tests/support/zones.hpp"

namespace {

using namespace hairpin;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_decision(const admin::Heartbeat& heartbeat) {
    static const zones::ZoneRef zone =
        tests::zone("pl-acme.example.net.", "nur1 60 A 198.41.0.4\ni-nur1 60 A 10.0.0.1\n",
                    zones::ZoneKind::Licence);
    static const zones::AddressRules rules;
    static const store::ServerRow server;
    const admin::TwinNames names{tests::name("nur1.pl-acme.example.net."),
                                 tests::name("i-nur1.pl-acme.example.net.")};
    const auto decision = admin::decide({*zone,
                                         names,
                                         server,
                                         {},
                                         *IpAddress::parse("198.41.0.9"),
                                         {},
                                         rules,
                                         60,
                                         Milliseconds(180'000),
                                         {}},
                                        heartbeat);
    for (const zones::Edit& edit : decision.edits) {
        require(edit.owner == names.public_name || edit.owner == names.internal_name);
        const auto role =
            edit.owner == names.public_name ? zones::TwinRole::Public : zones::TwinRole::Internal;
        require(edit.rdatas.size() <= 8);
        for (const Octets& rdata : edit.rdatas)
            require(!rules.refusal(role, *IpAddress::from_octets(rdata)));
    }
    for (const auto& refused : decision.refused)
        require(refused.address.size() <= 64);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const std::string_view body = as_text({octets, size});
    const auto heartbeat = admin::parse_heartbeat(body);
    if (!heartbeat) {
        require(!heartbeat.error().detail.empty());
        return 0;
    }
    if (heartbeat->private_addresses)
        require(heartbeat->private_addresses->size() <= admin::kMaxListedAddresses);
    if (body.find_first_not_of(" \t\r\n") != std::string_view::npos)
        require(admin::parse_json(body).has_value());
    check_decision(*heartbeat);
    return 0;
}
