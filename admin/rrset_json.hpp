// admin/rrset_json.hpp - RRsets as JSON, with records in presentation format.
//
//   {"owner": "www.example.net", "type": "A", "ttl": 60, "records": ["192.0.2.1"]}
//
// Standards RFC 1035 section 5.1, RFC 3597 (zones/presentation.hpp).
// Threads   Pure.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/json_value.hpp"
#include "admin/json_writer.hpp"
#include "zones/change.hpp"
#include "zones/name.hpp"
#include "zones/rrset.hpp"

namespace hairpin::admin {

inline constexpr std::size_t kMaxRecords = 4'096;  // As zones::EditRules::max_rdatas.

/// The members of an open object.
void write_rrset(JsonWriter& json, const zones::Name& owner, const zones::RRset& rrset);
/// Of them "ttl" and "records" of an open object.
void write_records(JsonWriter& json, const zones::RRset& rrset);
/// A member with these two, or null: one side of a change.
void write_side(JsonWriter& json, std::string_view name, const zones::RRsetRef& side);

[[nodiscard]] zones::Ttl read_ttl(ObjectReader& body, zones::Ttl when_absent);
/// "records"; relative names in them are taken under `apex`.
[[nodiscard]] std::vector<Octets> read_records(ObjectReader& body, zones::RType type,
                                               const zones::Name& apex,
                                               std::vector<FieldError>& errors);
/// A whole RRset as an edit that replaces it; no records: that removes it.
[[nodiscard]] zones::Edit read_rrset_edit(const JsonValue& value, const std::string& pointer,
                                          const zones::Name& apex, zones::Ttl when_absent,
                                          std::vector<FieldError>& errors);

}  // namespace hairpin::admin
