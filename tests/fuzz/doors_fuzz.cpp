// The bodies of stock clients: acme-dns, httpreq, PowerDNS. They are read before anybody knows
// whether the client may do what they ask for.
//
// Held: nothing crashes; what was taken has the form that the rest relies on.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "admin/acme_dns_json.hpp"
#include "admin/edit_plan.hpp"
#include "admin/httpreq_json.hpp"
#include "admin/powerdns_json.hpp"
#include "core/octets.hpp"
#include "tests/support/zones.hpp"
#include "zones/presentation.hpp"

namespace {

using namespace hairpin;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_powerdns(std::string_view body) {
    static const zones::Name apex = tests::name("example.net.");
    const auto edits = admin::read_powerdns_patch(body, apex);
    if (!edits) return require(!edits.error().detail.empty());
    for (const zones::Edit& edit : *edits) {
        require(edit.owner.is_within(apex));
        for (const Octets& rdata : edit.rdatas)
            require(zones::rdata_is_valid(edit.type, rdata));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const std::string_view body = as_text({octets, size});
    if (const auto update = admin::read_acme_dns_update(body))
        require(admin::is_challenge_value(update->txt) && !update->subdomain.empty());
    if (const auto sources = admin::read_acme_dns_sources(body)) require(sources->size() <= 32);
    if (const auto wanted = admin::read_httpreq(body)) {
        require(admin::is_challenge_name(wanted->owner));
        require(admin::is_challenge_value(wanted->value));
    }
    check_powerdns(body);
    return 0;
}
