// admin/heartbeat_json.hpp - the body of a heartbeat, read with simdjson.
//
// As strict as json_value.hpp: unknown members are named with the nearest known one, a member twice
// is refused, depth and sizes are bounded. An empty body is an empty report. Only the form is
// checked: that "192.168.1.999" is no address is for heartbeat.hpp to say, and the rest is taken.
//
// Standards RFC 8259.
// Threads   Pure. Fuzzed: tests/fuzz/heartbeat_fuzz.cpp.

#pragma once

#include <cstddef>
#include <string_view>

#include "admin/heartbeat.hpp"
#include "admin/problem.hpp"
#include "core/result.hpp"

namespace hairpin::admin {

inline constexpr std::size_t kMaxHeartbeatOctets = 16 * 1024;

/// Errors: MalformedJson; InvalidRequest, with every member that is wrong; TooLarge.
[[nodiscard]] Result<Heartbeat, Problem> parse_heartbeat(std::string_view body);

}  // namespace hairpin::admin
