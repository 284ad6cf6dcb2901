// Zones: POST, GET, PATCH, DELETE /v1/zones..

#include <algorithm>
#include <memory>
#include <utility>

#include "admin/catalog_group.hpp"
#include "admin/conditions.hpp"
#include "admin/handlers.hpp"
#include "admin/names.hpp"
#include "admin/paging.hpp"
#include "admin/secondaries.hpp"
#include "admin/zone_content.hpp"
#include "admin/zone_state.hpp"

namespace hairpin::admin {
namespace {

using Secondaries = std::vector<store::SecondaryRow>;

struct ShownZone {
    zones::Name apex;
    zones::ZoneKind kind = zones::ZoneKind::Plain;
    ZoneState state;
    Secondaries secondaries;
    std::vector<zones::CrowdedRRset> crowded;
    std::string catalog_group;

    [[nodiscard]] std::string etag() const {
        const std::string group = catalog_group.empty() ? "" : "group " + catalog_group;
        return zone_etag(state.serial, secondaries_text(secondaries) + group);
    }
};

/// With what the store says of it.
Result<ShownZone> shown_zone(const zones::Zone& zone, store::Queries& queries) {
    ShownZone shown;
    shown.apex = zone.apex();
    shown.kind = zone.kind();
    shown.state = ZoneState(zone);
    shown.secondaries = TRY(store::TransferQueries(queries.database()).secondaries_of(zone.apex()));
    shown.crowded = zone.crowded_rrsets(kMaxWarnings);
    if (const auto row = TRY(queries.zone(zone.apex()))) shown.catalog_group = row->catalog_group;
    return shown;
}

void write_zone_members(JsonWriter& json, const zones::Name& apex, zones::ZoneKind kind,
                        const ZoneState& state, const std::string& group, WallTime now) {
    json.member("zone", shown(apex));
    json.member("kind", store::to_string(kind));
    write_zone_state(json, state, now);
    write_catalog_group(json, group);
}

net::Response zone_response(int status, const ShownZone& zone, WallTime now) {
    JsonWriter json;
    json.begin_object();
    write_zone_members(json, zone.apex, zone.kind, zone.state, zone.catalog_group, now);
    write_secondaries(json, zone.secondaries);
    write_warnings(json, zone.crowded);
    json.end_object();
    net::Response response = json_response(status, json);
    response.headers.push_back({"etag", zone.etag()});
    if (status == 201) response.headers.push_back({"location", "/v1/zones/" + shown(zone.apex)});
    return response;
}

}  // namespace

Result<Write, Problem> post_zone(Api& api, const Call& call) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    body.require("zone");
    zones::Name apex;
    if (const auto text = body.text("zone", 1'024)) {
        const auto parsed = parse_apex(*text);
        if (!parsed) body.refuse("zone", parsed.error());
        if (parsed) apex = *parsed;
    }
    const std::string group = read_catalog_group(body).value_or("");
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));

    Write write;
    write.audit = {"zone.create", apex.text()};
    write.change.zones.push_back(
        TRY(new_zone(apex, zones::ZoneKind::Plain, api.context().options)));
    write.change.zones.back().catalog_group = group;
    auto at = std::make_shared<WallTime>();
    write.rows = [apex, at, &rules = api.context().options.addresses](store::Writer& writer,
                                                                      zones::Change&) {
        *at = writer.now();
        return check_no_twin(writer.zones(), apex, rules);
    };
    write.answer = [apex, at, group](const store::WorkReceipt& receipt) {
        ShownZone zone;
        zone.apex = apex;
        zone.state = ZoneState(receipt.zones.front().serial, *at);
        zone.catalog_group = group;
        return zone_response(201, zone, *at);
    };
    return write;
}

Result<net::Response, Problem> list_zones(Api& api, const Call& call) {
    const Page page = TRY(Page::of(call.request));
    const auto rows = TRY(api.queries().zones(page.wanted(), page.after));
    const std::size_t count = std::min(rows.size(), page.limit);
    const auto table = api.zones();
    JsonWriter json;
    json.begin_object().key("zones").begin_array();
    for (std::size_t at = 0; at < count; ++at) {
        const zones::Zone* zone = table->find(rows[at].apex);
        if (zone == nullptr) continue;  // Its commit is about to be published.
        json.begin_object();
        write_zone_members(json, rows[at].apex, zone->kind(), ZoneState(*zone),
                           rows[at].catalog_group, api.now());
        json.end_object();
    }
    json.end_array();
    write_next(json, rows.size() > count, count == 0 ? "" : rows[count - 1].apex.text());
    json.end_object();
    return json_response(200, json);
}

Result<net::Response, Problem> get_zone(Api& api, const Call& call) {
    const auto apex = TRY(apex_argument(call));
    const auto table = api.zones();
    const zones::Zone* zone = table->find(apex);
    if (zone == nullptr) return fail(not_found("zone " + apex.text()));
    const ShownZone shown = TRY(shown_zone(*zone, api.queries()));
    if (none_match_names(call.request, shown.etag()))
        return net::Response{304, {{"etag", shown.etag()}}, {}};
    return zone_response(200, shown, api.now());
}

Result<net::Response, Problem> get_secondaries(Api& api, const Call& call) {
    const auto apex = TRY(apex_argument(call));
    const auto table = api.zones();
    const zones::Zone* zone = table->find(apex);
    if (zone == nullptr) return fail(not_found("zone " + apex.text()));
    JsonWriter json;
    json.begin_object();
    json.member("serial", zone->serial());
    json.key("secondaries").begin_array();
    if (const SecondarySource* source = api.context().secondaries) {
        for (const SecondaryStatus& each : source->secondaries_of(apex)) {
            json.begin_object();
            json.member("address", each.address);
            json.key("tsig");
            each.key ? json.value(shown(*each.key)) : json.null();
            json.member("state", each.state);
            json.member("result", each.result);
            json.key("rcode");
            each.rcode.empty() ? json.null() : json.value(each.rcode);
            json.member("serial", each.serial);
            json.end_object();
        }
    }
    json.end_array();
    json.end_object();
    return json_response(200, json);
}

namespace {

/// What PATCH of a zone may change.
struct ZoneMembers {
    std::optional<Secondaries> secondaries;
    std::optional<std::string> catalog_group;

    [[nodiscard]] static Result<ZoneMembers, Problem> of(const JsonValue& value,
                                                         zones::ZoneKind kind) {
        std::vector<FieldError> errors;
        ObjectReader body(value, "", errors);
        ZoneMembers members{read_secondaries(body, errors), read_catalog_group(body)};
        if (members.catalog_group && kind == zones::ZoneKind::Catalog)
            body.refuse("catalog_group", "is of the zones in the catalog; this is the catalog");
        const bool has_dnssec = body.any("dnssec") != nullptr;
        body.finish();
        if (!errors.empty()) return fail(to_problem(std::move(errors)));
        if (has_dnssec)
            return fail(Problem(ProblemType::NotInThisVersion,
                                "\"dnssec\" cannot be set in this version of Hairpin"));
        if (!members.secondaries && !members.catalog_group)
            return fail(Problem(ProblemType::InvalidRequest, "the body names nothing to change"));
        return members;
    }
    /// In the store, and in what is shown.
    [[nodiscard]] Result<void, Problem> apply_to(ShownZone& zone, store::Writer& writer) const {
        if (secondaries) {
            TRY(store_secondaries(writer, zone.apex, *secondaries));
            zone.secondaries = *secondaries;
        }
        if (catalog_group) {
            TRY(writer.set_catalog_group(zone.apex, *catalog_group));
            zone.catalog_group = *catalog_group;
        }
        return {};
    }
};

}  // namespace

Result<Write, Problem> patch_zone(Api& api, const Call& call) {
    const auto apex = TRY(apex_argument(call));
    const auto table = api.zones();
    const zones::Zone* current = table->find(apex);
    if (current == nullptr) return fail(not_found("zone " + apex.text()));
    const JsonValue value = TRY(json_body(call));
    const auto members = TRY(ZoneMembers::of(value, current->kind()));

    Write write;
    write.audit = {"zone.patch", apex.text()};
    auto shown = std::make_shared<ShownZone>();
    write.rows = [apex, shown, members, conditions = WriteConditions::of(call.request)](
                     store::Writer& writer, zones::Change&) -> Result<void, Problem> {
        const zones::Zone* zone = writer.zones().find(apex);
        if (zone == nullptr) return fail(not_found("zone " + apex.text()));
        *shown = TRY(shown_zone(*zone, writer.read()));
        TRY(conditions.check(shown->etag()));
        return members.apply_to(*shown, writer);
    };
    write.answer = [shown, &clock = api.context().clock](const store::WorkReceipt&) {
        return zone_response(200, *shown, clock.now());
    };
    return write;
}

Result<Write, Problem> delete_zone(Api&, const Call& call) {
    const auto apex = TRY(apex_argument(call));
    Write write;
    write.audit = {"zone.delete", apex.text()};
    write.rows = [apex, conditions = WriteConditions::of(call.request)](
                     store::Writer& writer, zones::Change& change) -> Result<void, Problem> {
        const zones::Zone* zone = writer.zones().find(apex);
        if (zone == nullptr) return fail(not_found("zone " + apex.text()));
        TRY(conditions.check_serial(zone->serial()));
        if (const auto licence = TRY(writer.read().licence_of_zone(apex)))
            return fail(Problem(
                ProblemType::Conflict,
                "the zone belongs to licence " + licence->name + ": delete that to delete it"));
        zones::ZoneChange drop;
        drop.apex = apex;
        drop.action = zones::ZoneAction::Drop;
        change.zones.push_back(std::move(drop));
        return {};
    };
    write.answer = [](const store::WorkReceipt&) { return no_content(); };
    return write;
}

}  // namespace hairpin::admin
