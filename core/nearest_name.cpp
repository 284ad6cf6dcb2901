#include "core/nearest_name.hpp"

#include <algorithm>
#include <utility>

namespace hairpin {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t at = 0; at < row.size(); ++at)
        row[at] = at;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before = std::exchange(above, row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substituted = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, substituted});
            const bool is_exchange = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (is_exchange) row[j] = std::min(row[j], before[j - 2] + 1);
        }
    }
    return row[b.size()];
}

std::string_view nearest_name(std::string_view name, const std::vector<std::string_view>& known) {
    std::string_view nearest;
    std::size_t least = std::max<std::size_t>(1, name.size() / 3);
    if (name.size() > 64) return {};
    for (const std::string_view candidate : known) {
        const std::size_t so_far = edit_distance(name, candidate);
        if (so_far > least) continue;
        if (so_far < least || nearest.empty()) nearest = candidate;
        least = so_far;
    }
    return nearest;
}

}  // namespace hairpin
