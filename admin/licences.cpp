// Licences: POST, GET, PATCH, DELETE /v1/licences..

#include <memory>
#include <utility>

#include "acme/profile.hpp"
#include "acme/revocation.hpp"
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

constexpr std::size_t kMaxPlanOctets = 64;

/// What a licence tells of its zone.
struct LicenceZone {
    std::optional<ZoneState> state;
    std::string catalog_group;

    [[nodiscard]] static Result<LicenceZone> of(const zones::Name& apex,
                                                const zones::ZoneTable& table,
                                                store::Queries& queries) {
        const auto row = TRY(queries.zone(apex));
        return LicenceZone{ZoneState::of(table.find(apex)), row ? row->catalog_group : ""};
    }
};

void write_licence(JsonWriter& json, const store::LicenceRow& licence, const LicenceZone& zone,
                   WallTime now) {
    json.begin_object();
    json.member("licence", licence.name);
    json.member("zone", shown(licence.zone_apex));
    write_zone_state(json, zone.state, now);
    write_catalog_group(json, zone.catalog_group);
    json.member("plan", licence.plan);
    json.member("state", store::to_string(licence.state));
    json.member("certificate_profile", licence.certificate_profile.empty()
                                           ? std::nullopt
                                           : std::optional(licence.certificate_profile));
    json.member("expires", licence.expires_at);
    json.member("expired", licence.expires_at && *licence.expires_at <= now);
    json.member("created", licence.created_at);
    json.member("version", licence.version);
    json.end_object();
}

net::Response licence_response(int status, const store::LicenceRow& licence,
                               const LicenceZone& zone, WallTime now) {
    JsonWriter json;
    write_licence(json, licence, zone, now);
    net::Response response = json_response(status, json);
    response.headers.push_back({"etag", version_etag(licence.version)});
    if (status == 201) response.headers.push_back({"location", "/v1/licences/" + licence.name});
    return response;
}

/// The members that POST and PATCH share.
struct LicenceMembers {
    std::optional<std::string> plan;
    std::optional<std::optional<WallTime>> expires;
    std::optional<store::LicenceState> state;
    std::optional<std::string> catalog_group;  // Of its zone.
    std::optional<std::string> profile;        // Of its certificates; empty: the configuration's.

    void read(ObjectReader& body) {
        plan = body.text("plan", kMaxPlanOctets);
        expires = body.time_or_null("expires");
        catalog_group = read_catalog_group(body);
        const auto word = body.text("state");
        if (word == "active") state = store::LicenceState::Active;
        if (word == "suspended") state = store::LicenceState::Suspended;
        if (word && !state) body.refuse("state", "must be active or suspended");
        read_profile(body);
    }
    void read_profile(ObjectReader& body) {
        const JsonValue* value = body.any("certificate_profile");
        if (value == nullptr) return;
        if (value->is_null()) {
            profile = "";
            return;
        }
        profile = body.text("certificate_profile");
        if (profile && !acme::is_profile_name(*profile))
            body.refuse("certificate_profile",
                        "must be null, or 1 to 64 letters, digits, \"-\", \"_\" and \".\"");
    }
    void apply_to(store::LicenceRow& licence) const {
        if (profile) licence.certificate_profile = *profile;
        if (plan) licence.plan = *plan;
        if (expires) licence.expires_at = *expires;
        if (state) licence.state = *state;
    }
};

/// The apex of a new licence's zone: the one asked for, or pl-<licence>.<base>.
zones::Name choose_zone(const ApiOptions& options, const std::string& licence,
                        const std::optional<std::string>& asked, ObjectReader& body) {
    if (!asked && options.base.is_root()) {
        body.refuse("zone", "is missing, and no base zone is configured");
        return {};
    }
    const auto apex =
        parse_apex(asked ? *asked : options.licence_prefix + licence + "." + options.base.text());
    if (!apex) return body.refuse("zone", apex.error()), zones::Name();
    if (apex->size() > kMaxLicenceZoneOctets)
        body.refuse("zone", "must have at most " + std::to_string(kMaxLicenceZoneOctets) +
                                " octets, to leave room for its servers' names");
    return *apex;
}

Result<store::LicenceRow, Problem> find_licence(store::Queries& queries, const std::string& name) {
    auto licence = TRY(queries.licence(name));
    if (!licence) return fail(not_found("licence \"" + name + "\""));
    return *std::move(licence);
}

}  // namespace

Result<Write, Problem> post_licence(Api& api, const Call& call) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    body.require("licence");
    const std::string name = body.text("licence").value_or("");
    const auto asked = body.text("zone");
    auto row = std::make_shared<store::LicenceRow>();
    LicenceMembers members;
    members.read(body);
    const auto is_name = check_licence_name(name);
    if (!is_name && body.any("licence") != nullptr) body.refuse("licence", is_name.error());
    if (is_name) row->zone_apex = choose_zone(api.context().options, name, asked, body);
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    row->name = name;
    row->version = 1;
    members.apply_to(*row);

    Write write;
    write.audit = {"licence.create", name};
    write.change.zones.push_back(
        TRY(new_zone(row->zone_apex, zones::ZoneKind::Licence, api.context().options)));
    const std::string group = members.catalog_group.value_or("");
    write.change.zones.back().catalog_group = group;
    write.rows = [row, &rules = api.context().options.addresses](
                     store::Writer& writer, zones::Change&) -> Result<void, Problem> {
        if (TRY(writer.read().licence(row->name)))
            return fail(Problem(ProblemType::Conflict, "licence " + row->name + " exists already"));
        if (writer.zones().find(row->zone_apex) != nullptr)
            return fail(Problem(ProblemType::Conflict,
                                "zone " + row->zone_apex.text() + " exists already"));
        TRY(check_no_twin(writer.zones(), row->zone_apex, rules));
        row->created_at = writer.now();
        TRY(writer.insert_licence(*row));
        return {};
    };
    write.answer = [row, group](const store::WorkReceipt& receipt) {
        const ZoneState state(receipt.zones.front().serial, row->created_at);
        const LicenceZone zone{state, group};
        return licence_response(201, *row, zone, row->created_at);
    };
    return write;
}

Result<net::Response, Problem> list_licences(Api& api, const Call& call) {
    const Page page = TRY(Page::of(call.request));
    const auto rows = TRY(api.queries().licences(page.wanted(), page.after));
    const std::size_t count = std::min(rows.size(), page.limit);
    const auto table = api.zones();
    JsonWriter json;
    json.begin_object().key("licences").begin_array();
    for (std::size_t at = 0; at < count; ++at) {
        const auto zone = TRY(LicenceZone::of(rows[at].zone_apex, *table, api.queries()));
        write_licence(json, rows[at], zone, api.now());
    }
    json.end_array();
    write_next(json, rows.size() > count, count == 0 ? "" : rows[count - 1].name);
    json.end_object();
    return json_response(200, json);
}

Result<net::Response, Problem> get_licence(Api& api, const Call& call) {
    const auto licence = TRY(find_licence(api.queries(), call.arguments[0]));
    const auto table = api.zones();
    const auto zone = TRY(LicenceZone::of(licence.zone_apex, *table, api.queries()));
    return licence_response(200, licence, zone, api.now());
}

Result<Write, Problem> patch_licence(Api&, const Call& call) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    LicenceMembers members;
    members.read(body);
    const auto secondaries = read_secondaries(body, errors);  // Of its zone.
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));

    Write write;
    write.audit = {"licence.patch", call.arguments[0]};
    auto row = std::make_shared<store::LicenceRow>();
    auto at = std::make_shared<WallTime>();
    auto zone = std::make_shared<LicenceZone>();
    write.rows = [row, at, zone, members, secondaries, name = call.arguments[0],
                  conditions = WriteConditions::of(call.request)](
                     store::Writer& writer, zones::Change&) -> Result<void, Problem> {
        *row = TRY(find_licence(writer.read(), name));
        TRY(conditions.check(version_etag(row->version)));
        members.apply_to(*row);
        TRY(writer.update_licence(*row));
        if (secondaries) TRY(store_secondaries(writer, row->zone_apex, *secondaries));
        row->version += 1;
        *at = writer.now();
        if (members.catalog_group)
            TRY(writer.set_catalog_group(row->zone_apex, *members.catalog_group));
        *zone = TRY(LicenceZone::of(row->zone_apex, writer.zones(), writer.read()));
        return {};
    };
    write.answer = [row, at, zone](const store::WorkReceipt&) {
        return licence_response(200, *row, *zone, *at);
    };
    return write;
}

namespace {

/// What its servers' certificates say is true no more: they are revoked before the names go.
Result<void, Problem> withdraw_servers(store::Writer& writer, const std::string& licence) {
    std::string after;
    for (;;) {
        const auto rows = TRY(writer.read().servers(licence, store::kMaxPage, after));
        for (const store::ServerRow& each : rows)
            TRY(acme::note_withdrawal(writer, each.id));
        if (rows.size() < store::kMaxPage) return {};
        after = rows.back().label;
    }
}

}  // namespace

Result<Write, Problem> delete_licence(Api&, const Call& call) {
    Write write;
    write.audit = {"licence.delete", call.arguments[0]};
    write.rows = [name = call.arguments[0], conditions = WriteConditions::of(call.request)](
                     store::Writer& writer, zones::Change& change) -> Result<void, Problem> {
        const auto row = TRY(find_licence(writer.read(), name));
        TRY(conditions.check(version_etag(row.version)));
        TRY(withdraw_servers(writer, name));
        TRY(writer.erase_licence(name));
        zones::ZoneChange drop;
        drop.apex = row.zone_apex;
        drop.action = zones::ZoneAction::Drop;
        change.zones.push_back(std::move(drop));
        return {};
    };
    write.answer = [](const store::WorkReceipt&) { return no_content(); };
    return write;
}

}  // namespace hairpin::admin
