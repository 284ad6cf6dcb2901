// admin/zone_state.hpp - which snapshot of a zone is answered from, and since when.
//
//   "serial": 1795186800, "published": "2026-11-20T17:00:00Z", "age_seconds": 42
//
// Taken from the table of published zones: the store may be a commit ahead of it. What a write
// answers is published by the time it is sent. A restart loads every zone anew, so ages begin
// again; when the content last changed is what the history tells.
//
// And "warnings": what the zone, or the change that is answered, has too much of for secondaries.
//
// Threads   Values.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "admin/json_writer.hpp"
#include "core/clock.hpp"
#include "net/http.hpp"
#include "zones/zone.hpp"

namespace hairpin::admin {

struct ZoneState {
    std::uint32_t serial = 0;
    std::int64_t published_at = 0;  // Unix seconds.

    ZoneState() = default;
    /// Of a zone that the running commit made or changed.
    ZoneState(std::uint32_t new_serial, WallTime now) noexcept
        : serial(new_serial), published_at(to_unix_seconds(now)) {}
    explicit ZoneState(const zones::Zone& zone) noexcept
        : serial(zone.serial()), published_at(zone.published_at()) {}
    /// Nothing: the zone is not published yet, or not any more.
    [[nodiscard]] static std::optional<ZoneState> of(const zones::Zone* zone) {
        return zone == nullptr ? std::nullopt : std::optional(ZoneState(*zone));
    }
};

/// Three members of an object that is open; all null where there is no such zone.
void write_zone_state(JsonWriter& json, const std::optional<ZoneState>& state, WallTime now);

/// 200 with what came of a change of the content, and the zone's ETag.
[[nodiscard]] net::Response changed_response(const zones::ZoneReceipt& done);

inline constexpr std::size_t kMaxWarnings = 100;
/// "warnings" of an object that is open: what secondaries may stumble over, kMaxWarnings at most.
void write_warnings(JsonWriter& json, const std::vector<zones::CrowdedRRset>& crowded);

}  // namespace hairpin::admin
