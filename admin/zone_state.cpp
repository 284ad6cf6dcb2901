#include "admin/zone_state.hpp"

#include <algorithm>

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

}  // namespace hairpin::admin
