#include "admin/history_json.hpp"

#include <optional>

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
    json.member("credential",
                actor.credential == 0 ? std::nullopt : std::optional(actor.credential));
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
    json.key("merged");
    if (!row.is_merged()) {
        json.null();
        return;
    }
    json.begin_object();
    json.member("changes", row.changes);
    json.member("first_id", row.first_id);
    json.member("since", row.began_at);
    json.end_object();
}

void write_changed_by(JsonWriter& json, const store::JournalRow* row) {
    json.key("changed_by");
    if (row == nullptr) {
        json.null();
        return;
    }
    json.begin_object();
    write_step_head(json, *row);
    json.end_object();
}

void write_difference_members(JsonWriter& json, const zones::RRsetDifference& difference) {
    json.member("owner", shown(difference.owner));
    json.member("type", zones::type_text(difference.type));
    write_side(json, "before", difference.before);
    write_side(json, "after", difference.after);
}

void write_difference(JsonWriter& json, const zones::RRsetDifference& difference) {
    json.begin_object();
    write_difference_members(json, difference);
    json.end_object();
}

}  // namespace hairpin::admin
