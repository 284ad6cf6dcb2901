// admin/paging.hpp - `limit` and `cursor` of lists.
//
// A cursor is the last key of the page before, in base64url: opaque to callers, stateless for us.
//
// Threads   Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "admin/json_writer.hpp"
#include "admin/problem.hpp"
#include "core/result.hpp"
#include "net/http.hpp"

namespace hairpin::admin {

inline constexpr std::size_t kDefaultPage = 100;
inline constexpr std::size_t kLongestPage = 500;

struct Page {
    std::size_t limit = kDefaultPage;
    std::string after;  // Empty: from the beginning.

    /// Errors: `limit` or `cursor` is none of ours.
    [[nodiscard]] static Result<Page, Problem> of(const net::Request& request);
    /// The same for lists with numbers as keys; `after_number` is 0 at the beginning.
    [[nodiscard]] Result<std::int64_t, Problem> after_number() const;
    /// What to ask the store for: one more than is shown, to know whether there is more.
    [[nodiscard]] std::size_t wanted() const noexcept { return limit + 1; }
};

/// A cursor that leads behind `last_key`.
[[nodiscard]] std::string cursor_behind(const std::string& last_key);
/// Closes a list answer: `"next": "<cursor>"`, or null at the end.
void write_next(JsonWriter& json, bool has_more, const std::string& last_key);

}  // namespace hairpin::admin
