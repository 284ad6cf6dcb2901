#include "admin/reversal.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "admin/handlers.hpp"
#include "admin/history_json.hpp"
#include "admin/names.hpp"
#include "admin/zone_content.hpp"
#include "admin/zone_state.hpp"
#include "store/past.hpp"
#include "zones/wire.hpp"

namespace hairpin::admin {
namespace {

using zones::RRset;
using zones::RRsetDifference;
using zones::RType;

using PlaceOfRRset = std::pair<zones::Name, RType>;
struct PlaceLess {
    bool operator()(const PlaceOfRRset& a, const PlaceOfRRset& b) const noexcept {
        return store::comes_before(a.first, a.second, b.first, b.second);
    }
};

/// RFC 1035 section 3.3.13: the serial is the first of the five numbers at the end.
std::vector<Octets> soa_with_serial(const RRset& soa, std::uint32_t serial) {
    std::vector<Octets> rdatas = soa.copy_rdatas();
    Octets& only = rdatas.front();
    zones::write_u32(only.data() + only.size() - zones::kSoaNumbersOctets, serial);
    return rdatas;
}

zones::Edit edit_of(const zones::Zone& zone, const RRsetDifference& each) {
    zones::Edit edit;
    edit.owner = each.owner;
    edit.type = each.type;
    if (!each.after) return edit;  // No records: that removes it.
    edit.ttl = each.after->ttl();
    edit.rdatas = each.type == RType::SOA ? soa_with_serial(*each.after, zone.serial())
                                          : each.after->copy_rdatas();
    return edit;
}

bool removes_keepers(const Reversal& reversal) {
    return std::any_of(reversal.begin(), reversal.end(), [](const RRsetDifference& each) {
        return each.type == RType::HINFO && !each.after;
    });
}

}  // namespace

Reversal undoing(std::vector<std::vector<RRsetDifference>> rows) {
    std::map<PlaceOfRRset, RRsetDifference, PlaceLess> places;
    for (std::vector<RRsetDifference>& row : rows)
        for (RRsetDifference& each : row) {
            RRsetDifference undone{each.owner, each.type, each.after, each.before};
            const auto [known, is_new] =
                places.try_emplace({each.owner, each.type}, std::move(undone));
            if (!is_new) known->second.after = std::move(each.before);
        }
    Reversal reversal;
    for (auto& [place, each] : places)
        if (!is_same_content(each.before.get(), each.after.get()))
            reversal.push_back(std::move(each));
    return reversal;
}

bool is_same_content(const RRset* a, const RRset* b) {
    if (a == nullptr || b == nullptr) return a == b;
    if (a->type() != RType::SOA || b->type() != RType::SOA) return a->same_as(*b);
    return a->ttl() == b->ttl() && soa_with_serial(*a, 0) == soa_with_serial(*b, 0);
}

Reversal changed_since(const zones::Zone& zone, const Reversal& reversal) {
    Reversal changed;
    for (const RRsetDifference& each : reversal)
        if (!is_same_content(zone.find(each.owner, each.type), each.before.get()))
            changed.push_back(each);
    return changed;
}

zones::ZoneChange change_of(const zones::Zone& zone, const Reversal& reversal) {
    zones::ZoneChange change;
    change.apex = zone.apex();
    // What goes goes first: a CNAME may take the place of other records, and they its.
    for (const RRsetDifference& each : reversal)
        if (!each.after) change.edits.push_back(edit_of(zone, each));
    for (const RRsetDifference& each : reversal)
        if (each.after) change.edits.push_back(edit_of(zone, each));
    return change;
}

net::Response reversed_response(const zones::ZoneReceipt& done, std::size_t rrsets) {
    JsonWriter json;
    json.begin_object();
    json.member("zone", shown(done.apex));
    json.member("serial", done.serial);
    json.member("changed", done.changed);
    json.member("rrsets", rrsets);
    write_warnings(json, done.newly_crowded);
    json.end_object();
    net::Response response = json_response(200, json);
    response.headers.push_back({"etag", serial_etag(done.serial)});
    return response;
}

net::Response dry_reversal_response(const zones::Name& apex, std::uint32_t serial,
                                    const Reversal& reversal) {
    JsonWriter json;
    json.begin_object();
    json.member("zone", shown(apex));
    json.member("serial", serial);
    json.member("changed", false);
    json.member("rrsets", reversal.size());
    json.key("changes").begin_array();
    for (std::size_t at = 0; at < std::min(reversal.size(), kMostReversalsShown); ++at)
        write_difference(json, reversal[at]);
    json.end_array();
    json.end_object();
    net::Response response = json_response(200, json);
    response.headers.push_back({"etag", serial_etag(serial)});
    return response;
}

Result<void, Problem> tell_returned(store::Writer& writer, const zones::Name& apex,
                                    std::size_t rrsets) {
    const auto licence = TRY(writer.read().licence_of_zone(apex));
    store::Event event;
    event.kind = store::EventKind::ZoneReturned;
    if (licence) event.licence = licence->name;
    event.subject = apex.lower().text_without_dot();
    event.data.begin_object();
    event.data.member("zone", event.subject);
    event.data.member("rrsets", rrsets);
    event.data.end_object();
    TRY(writer.tell(std::move(event)));
    return {};
}

Write reversal_write(const ApiOptions& options, ReversalOrder asked,
                     std::shared_ptr<Reversal> overtaken) {
    Write write;
    write.audit = {asked.action, asked.apex.text()};
    write.change.reason = asked.reason;
    write.is_dry_run = asked.is_dry_run;
    const auto order = std::make_shared<const ReversalOrder>(std::move(asked));
    auto serial = std::make_shared<std::uint32_t>();  // Before the change.
    write.rows = [&options, order, serial, overtaken = std::move(overtaken)](
                     store::Writer& writer, zones::Change& change) -> Result<void, Problem> {
        const zones::Zone* zone = writer.zones().find(order->apex);
        if (zone == nullptr) return fail(not_found("zone " + order->apex.text()));
        TRY(order->conditions.check_serial(zone->serial()));
        *serial = zone->serial();
        *overtaken = changed_since(*zone, order->reversal);
        if (!overtaken->empty())
            return fail(Problem(ProblemType::Conflict,
                                "RRsets are being changed: nothing was done, ask again"));
        if (std::string_view(order->action) == "zone.return" && !order->reversal.empty())
            TRY(tell_returned(writer, order->apex, order->reversal.size()));
        zones::ZoneChange back = change_of(*zone, order->reversal);
        if (removes_keepers(order->reversal))
            TRY(keep_challenge_names(options, writer, order->apex, back.edits));
        change.zones.push_back(std::move(back));
        return {};
    };
    write.answer = [order, serial](const store::WorkReceipt& receipt) {
        if (order->is_dry_run) return dry_reversal_response(order->apex, *serial, order->reversal);
        return reversed_response(receipt.zones.front(), order->reversal.size());
    };
    return write;
}

}  // namespace hairpin::admin
