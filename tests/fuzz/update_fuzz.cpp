// Any octets as an UPDATE: what is read of it can be applied to a zone, which is a zone afterwards;
// no rule of ours is broken by it, for what cannot be is ignored (RFC 2136 section 3.4.2).
//
// Input: the message, made an UPDATE of example.net. where it is none.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "dnsd/update_message.hpp"
#include "tests/support/dns_world.hpp"

namespace {

using namespace hairpin;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

void check_order(const dnsd::UpdateOrder& order, const dnsd::Query& query) {
    require(order.change.apex == query.qname, "another zone");
    require(order.change.conflicts == zones::Conflicts::Ignore, "conflicts are not ignored");
    for (const zones::Prerequisite& each : order.change.prerequisites)
        require(each.owner.is_within(query.qname), "a prerequisite outside of the zone");
    for (const zones::Edit& each : order.change.edits) {
        require(each.owner.is_within(query.qname), "an edit outside of the zone");
        require(each.kind == zones::EditKind::DeleteOwner || !is_meta(each.type), "a meta type");
        require(!dnsd::is_made_by_server(each.type), "a type that the server makes");
        for (const Octets& rdata : each.rdatas)
            require(zones::rdata_is_valid(each.type, rdata), "RDATA that do not fit");
    }
}

void check_zone(const zones::Zone& zone) {
    require(zone.soa().count() == 1, "not one SOA");
    require(zone.ns().count() >= 1, "no NS");
    zone.for_each([](const zones::Name&, const zones::Node& node) {
        const auto all = node.rrsets();
        const bool has_cname = node.find(zones::RType::CNAME) != nullptr;
        require(!has_cname || std::all_of(all.begin(), all.end(),
                                          [](const zones::RRsetRef& each) {
                                              return each->type() == zones::RType::CNAME ||
                                                     each->type() == zones::RType::RRSIG ||
                                                     each->type() == zones::RType::NSEC;
                                          }),
                "a CNAME that does not stand alone");
        return true;
    });
}

void apply_order(const zones::ZoneRef& zone, const dnsd::UpdateOrder& order) {
    using enum zones::RefusalCode;
    const auto edited = zones::apply(zone, order.change, {1'795'000'100, {}}, {});
    if (!edited) {
        const std::set<zones::RefusalCode> fair = {OwnerExists, OwnerMissing, RRsetExists,
                                                   RRsetMissing, TooLarge};
        require(fair.contains(edited.error().code), edited.error().cause.c_str());
        return;
    }
    check_zone(*edited->zone);
    require(edited->changed == (edited->zone->serial() != zone->serial()), "the serial");
    require(!edited->changed || zones::serial_greater(edited->zone->serial(), zone->serial()),
            "a serial that goes back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const zones::ZoneRef zone = dnsd::tests::make_world().share(tests::name("example.net."));
    if (size < zones::kHeaderOctets || size > dnsd::kMaxMessageOctets) return 0;
    Octets message(data, data + size);
    message[2] = dnsd::kOpcodeUpdate << 3;
    require(dnsd::asks_for_update(message), "not recognised");
    const dnsd::Query query = dnsd::read_update_query(message, dnsd::Transport::Tcp);
    if (query.form != dnsd::Form::WellFormed) return 0;
    const auto order = dnsd::read_update(message, query);
    if (!order) {
        require(order.error() == dnsd::Rcode::FormErr || order.error() == dnsd::Rcode::NotZone,
                "another error");
        return 0;
    }
    check_order(*order, query);
    if (query.qname == zone->apex() && !order->prescan) apply_order(zone, *order);
    return 0;
}
