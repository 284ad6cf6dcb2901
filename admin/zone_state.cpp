#include "admin/zone_state.hpp"

#include <algorithm>
#include <string>

#include "admin/conditions.hpp"
#include "admin/handlers.hpp"
#include "admin/names.hpp"
#include "zones/presentation.hpp"

namespace hairpin::admin {

void write_zone_state(JsonWriter& json, const std::optional<ZoneState>& state, WallTime now) {
    std::optional<WallTime> published;
    std::optional<std::int64_t> age;
    if (state) {
        published = from_unix_milliseconds(state->published_at * 1000);
        // A clock that was set back makes nothing younger than new.
        age = std::max<std::int64_t>(to_unix_seconds(now) - state->published_at, 0);
    }
    json.member("serial", state ? std::optional(state->serial) : std::nullopt);
    json.member("published", published);
    json.member("age_seconds", age);
}

net::Response changed_response(const zones::ZoneReceipt& done) {
    JsonWriter json;
    json.begin_object();
    json.member("zone", shown(done.apex));
    json.member("serial", done.serial);
    json.member("changed", done.changed);
    write_warnings(json, done.newly_crowded);
    json.end_object();
    net::Response response = json_response(200, json);
    response.headers.push_back({"etag", serial_etag(done.serial)});
    return response;
}

void write_warnings(JsonWriter& json, const std::vector<zones::CrowdedRRset>& crowded) {
    json.key("warnings").begin_array();
    for (std::size_t at = 0; at < std::min(crowded.size(), kMaxWarnings); ++at) {
        const zones::CrowdedRRset& each = crowded[at];
        json.begin_object();
        json.member("code", "crowded-rrset");
        json.member("owner", shown(each.owner));
        json.member("type", zones::type_text(each.type));
        json.member("records", each.records);
        json.member("text",
                    "BIND as secondary refuses the zone by default: max-records-per-type is " +
                        std::to_string(zones::kMostRecordsEverywhere));
        json.end_object();
    }
    json.end_array();
}

}  // namespace hairpin::admin
