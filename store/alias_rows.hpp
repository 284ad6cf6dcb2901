// store/alias_rows.hpp - aliases of servers: names that lead to one of a server's twin names and
// are in its certificate.
//
// Who may have which name, and the CNAME that goes with it, is admin/aliases.cpp's; here is only
// that a name is one server's, and how many a server has.
//
// Errors everywhere: Conflict, Unavailable, Corrupt as in sqlite_error.hpp.
//
// Threads   What takes a Database: as that; what takes a Writer: the commit thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "store/writer.hpp"

namespace hairpin::store {

/// Of one server.
inline constexpr std::size_t kMostAliases = 8;

enum class AliasTarget : std::uint8_t { Public, Internal };
[[nodiscard]] std::string_view to_string(AliasTarget target) noexcept;

struct AliasRow {
    std::int64_t server_id = 0;
    std::string name;  // Whole, in lower case, without the final dot.
    AliasTarget target = AliasTarget::Public;
    WallTime created_at{};
    friend bool operator==(const AliasRow&, const AliasRow&) = default;
};

/// By name.
[[nodiscard]] Result<std::vector<AliasRow>> aliases_of(Database& database, std::int64_t server_id);
/// Of all servers of a licence, by name.
[[nodiscard]] Result<std::vector<AliasRow>> aliases_of_licence(Database& database,
                                                               std::string_view licence);
/// Whosever it is. `name` as in the row.
[[nodiscard]] Result<std::optional<AliasRow>> alias_named(Database& database,
                                                          std::string_view name);

/// One that the server has already gets the row's target and keeps its time.
/// Errors: Conflict it is another server's; Limit the server has kMostAliases others.
[[nodiscard]] Result<void> put_alias(Writer& writer, const AliasRow& row);
/// Errors: NotFound the server has no such alias.
[[nodiscard]] Result<void> erase_alias(Writer& writer, std::int64_t server_id,
                                       std::string_view name);

}  // namespace hairpin::store
