// store/follower_rows.hpp - which serial of a zone each secondary was heard to hold last.
//
// History is not merged across such a serial (store/condensing.hpp). Written in batches as
// last-seen times are (store/seen.hpp): lost in a crash, and told again with the next transfer.
//
// Threads   As the Database given.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "zones/history.hpp"

namespace hairpin::store {

/// Of one zone; where there are more, the longest silent are forgotten.
inline constexpr std::size_t kMostFollowers = 32;

/// In the open transaction. A zone that is not there is passed over.
[[nodiscard]] Result<void> write_follower(Database& database, const zones::Held& held, WallTime at);
/// Of the zone with that apex, as the column has it.
[[nodiscard]] Result<std::vector<std::uint32_t>> held_serials(Database& database,
                                                              std::string_view apex);

}  // namespace hairpin::store
