#include "admin/history_json.hpp"

#include <string_view>

#include "admin/names.hpp"
#include "admin/rrset_json.hpp"
#include "zones/presentation.hpp"

namespace hairpin::admin {
void write_actor(JsonWriter& json, const zones::Actor& actor) {
    json.key("actor").begin_object();
    json.member("kind", actor.kind);
    json.member("id", actor.id);
    json.member("source", actor.source);
    json.member("door", actor.door);
    json.end_object();
}

void write_step_head(JsonWriter& json, const store::JournalRow& row) {
    json.member("id", row.id);
    json.member("action", store::to_string(row.action));
    json.member("at", row.at);
    json.member("serial_before", row.serial_before);
    json.member("serial_after", row.serial_after);
    write_actor(json, row.actor);
    json.member("reason", row.reason);
}

void write_difference(JsonWriter& json, const zones::RRsetDifference& difference) {
    json.begin_object();
    json.member("owner", shown(difference.owner));
    json.member("type", zones::type_text(difference.type));
    write_side(json, "before", difference.before);
    write_side(json, "after", difference.after);
    json.end_object();
}

}  // namespace hairpin::admin
