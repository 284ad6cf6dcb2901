// store/rows.hpp - the three shapes of a query (one row, all rows, a page): for this folder's
// sources only.
//
// Threads   As the Database given.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "store/database.hpp"
#include "store/reader.hpp"

namespace hairpin::store {

/// "SELECT " and the pieces, joined: column lists are constants of row_reading.hpp.
template <typename... Pieces>
[[nodiscard]] std::string select(const Pieces&... pieces) {
    std::string sql = "SELECT ";
    (sql.append(std::string_view(pieces)), ...);
    return sql;
}

/// The number of rows for LIMIT.
[[nodiscard]] inline std::int64_t page(std::size_t limit) noexcept {
    return static_cast<std::int64_t>(std::clamp<std::size_t>(limit, 1, kMaxPage));
}

/// `read` makes a Result<Row> of the statement's current row.
template <typename Row, typename Read, typename... Values>
[[nodiscard]] Result<std::optional<Row>> one_row(Database& database, std::string_view sql,
                                                 const Read& read, const Values&... values) {
    Statement find = TRY(database.statement(sql));
    find.bind(values...);
    const bool found = TRY(find.step());
    if (!found) return std::optional<Row>();
    return std::optional<Row>(TRY(read(find)));
}

template <typename Row, typename Read, typename... Values>
[[nodiscard]] Result<std::vector<Row>> all_rows(Database& database, std::string_view sql,
                                                const Read& read, const Values&... values) {
    Statement find = TRY(database.statement(sql));
    find.bind(values...);
    std::vector<Row> rows;
    while (TRY(find.step()))
        rows.push_back(TRY(read(find)));
    return rows;
}

}  // namespace hairpin::store
