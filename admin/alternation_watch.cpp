#include "admin/alternation_watch.hpp"

#include <algorithm>
#include <utility>

namespace hairpin::admin {

std::optional<IpAddress> AlternationWatch::note(std::int64_t server_id,
                                                const std::string& addresses,
                                                const IpAddress& source, WallTime now) {
    return servers_.with([&](auto& servers) -> std::optional<IpAddress> {
        if (servers.size() >= kCapacity && !servers.contains(server_id))
            servers.erase(servers.begin());
        Turns& turns = servers[server_id];
        if (turns[2].addresses == addresses) {
            turns[2].at = now;
            return std::nullopt;
        }
        const bool is_back_and_forth =
            !turns[0].addresses.empty() && turns[0].addresses == turns[2].addresses &&
            turns[1].addresses == addresses && now - turns[0].at < kWindow &&
            turns[1].source == source && turns[0].source == turns[2].source &&
            !(turns[2].source == source);
        if (is_back_and_forth) return turns[2].source;
        std::rotate(turns.begin(), turns.begin() + 1, turns.end());
        turns[2] = {addresses, source, now};
        return std::nullopt;
    });
}

void AlternationWatch::forget(std::int64_t server_id) {
    servers_.with([&](auto& servers) { servers.erase(server_id); });
}

}  // namespace hairpin::admin
