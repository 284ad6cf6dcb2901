// admin/history_json.hpp - steps of a zone's history and differences of RRsets, as answers show
// them.
//
// Threads   Pure.

#pragma once

#include "admin/json_writer.hpp"
#include "store/records.hpp"
#include "zones/change.hpp"
#include "zones/edit.hpp"

namespace hairpin::admin {

/// "actor": who, from where, with which credential, over which door.
void write_actor(JsonWriter& json, const zones::Actor& actor);
/// The members of an open object: everything about a step but what it changed.
void write_step_head(JsonWriter& json, const store::JournalRow& row);
/// "changed_by": a step's head, or null.
void write_changed_by(JsonWriter& json, const store::JournalRow* row);
/// {"owner", "type", "before", "after"}; a side that is not there is null.
void write_difference_members(JsonWriter& json, const zones::RRsetDifference& difference);
void write_difference(JsonWriter& json, const zones::RRsetDifference& difference);

}  // namespace hairpin::admin
