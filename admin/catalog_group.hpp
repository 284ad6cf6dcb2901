// admin/catalog_group.hpp - the "catalog_group" of a zone or licence: read from a body, shown.
//
// The group that the catalog tells of the zone, by which a secondary may choose how to serve it;
// null: the one of its kind. Whether there is a catalog does not matter: one that is configured
// later tells it.
//
// Standards RFC 9432 section 4.4.2.
// Threads   Pure.

#pragma once

#include <optional>
#include <string>

#include "admin/json_value.hpp"
#include "admin/json_writer.hpp"

namespace hairpin::admin {

/// Nullopt: the member is absent, or wrong (an error of the body's). Empty: null.
[[nodiscard]] std::optional<std::string> read_catalog_group(ObjectReader& body);
/// The member of an object that is open.
void write_catalog_group(JsonWriter& json, const std::string& group);

}  // namespace hairpin::admin
