// core/nearest_name.hpp - the word that somebody probably meant.
//
// Threads   Pure functions.

#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace hairpin {

/// Insertions, deletions, substitutions and exchanges of neighbours that make `b` of `a`. Takes
/// time and room as their sizes: bound them first.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The known name that `name` was probably meant to be, or empty: at most a third of it differs.
[[nodiscard]] std::string_view nearest_name(std::string_view name,
                                            const std::vector<std::string_view>& known);

}  // namespace hairpin
