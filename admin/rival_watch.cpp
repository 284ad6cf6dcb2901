#include "admin/rival_watch.hpp"

#include <algorithm>
#include <utility>

namespace hairpin::admin {

void RivalWatch::remember(std::int64_t server_id, Rival rival) {
    rivals_.with([&](auto& rivals) {
        if (rivals.size() >= kCapacity && !rivals.contains(server_id)) {
            const auto oldest = std::min_element(
                rivals.begin(), rivals.end(),
                [](const auto& a, const auto& b) { return a.second.at < b.second.at; });
            rivals.erase(oldest);
        }
        rivals.insert_or_assign(server_id, std::move(rival));
    });
}

std::optional<Rival> RivalWatch::find(std::int64_t server_id) const {
    return rivals_.with([&](const auto& rivals) -> std::optional<Rival> {
        const auto found = rivals.find(server_id);
        if (found == rivals.end()) return std::nullopt;
        return found->second;
    });
}

void RivalWatch::forget(std::int64_t server_id) {
    rivals_.with([&](auto& rivals) { rivals.erase(server_id); });
}

}  // namespace hairpin::admin
