// cli/zone_load.hpp - a whole zone into a running Hairpin, over its API.
//
// Makes the zone where it is missing, and puts its content there in one step. A zone that it made
// and could not fill is taken away again.
//
// Standards RFC 9110 section 13.1.1 (If-Match: what was looked at is what is replaced).
// Threads   One.

#pragma once

#include <cstdint>
#include <string>

#include "cli/rest_client.hpp"
#include "core/result.hpp"
#include "zones/zone.hpp"

namespace hairpin::cli {

enum class Existing : bool { Keep, Replace };

struct LoadedZone {
    std::uint32_t serial = 0;  // That is served now.
    bool was_there = false;
    bool changed = false;
};

/// Errors: Conflict the zone is there and is to be kept; Protocol the API refuses, with its words;
/// those of RestClient.
[[nodiscard]] Result<LoadedZone> load_zone(RestClient& api, const zones::Zone& zone,
                                           Existing existing);

}  // namespace hairpin::cli
