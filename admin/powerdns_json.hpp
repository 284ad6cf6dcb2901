// admin/powerdns_json.hpp - zones and RRsets in the JSON of the PowerDNS API, version 1.
//
//   {"name": "www.example.net.", "type": "A", "ttl": 60, "changetype": "REPLACE",
//    "records": [{"content": "192.0.2.1", "disabled": false}], "comments": []}
//
// Names have their final dot, both ways, and are in lower case. There is no place for comments
// and for records that are not served: comments are read and let go of, a disabled record is
// refused rather than lost.
//
// Standards RFC 1035 section 5.1 (contents in presentation format), RFC 8259.
// Threads   Pure.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/json_writer.hpp"
#include "admin/problem.hpp"
#include "core/result.hpp"
#include "zones/change.hpp"
#include "zones/name.hpp"
#include "zones/rrset.hpp"
#include "zones/zone.hpp"

namespace hairpin::admin {

/// The body of PATCH as edits, at most 1,000 RRsets. Errors: MalformedJson, TooLarge; RuleBroken,
/// in a sentence that begins with the RRset, as PowerDNS answers 422.
[[nodiscard]] Result<std::vector<zones::Edit>, Problem> read_powerdns_patch(
    std::string_view body, const zones::Name& apex);

/// The members of a zone in an open object, but its RRsets.
void write_powerdns_zone(JsonWriter& json, const zones::Zone& zone);
void write_powerdns_rrset(JsonWriter& json, const zones::Name& owner, const zones::RRset& rrset);

}  // namespace hairpin::admin
