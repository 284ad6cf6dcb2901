// store/budget_rows.hpp - what was asked of CAs, and what an operator set that may be.
//
// The rows of acme/budget.hpp as plain values. A limit, and a class of work, is here the text that
// acme/ gives it, with a CHECK in the schema; what a bucket means is acme/limits.hpp's.
//
// Errors everywhere: Conflict, Unavailable, Corrupt as in sqlite_error.hpp.
//
// Threads   BudgetQueries as its Database; what takes a Writer: the commit thread.

#pragma once

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

/// Which bucket, or which limit: of a CA by its directory's URL.
struct BudgetKey {
    std::string directory;
    std::string limit;
    std::string key;  // Of a limit: empty for every key.
    friend bool operator==(const BudgetKey&, const BudgetKey&) = default;
};

struct BucketRow {
    BudgetKey bucket;
    WallTime arrival_at{};
};

struct LimitRow {
    BudgetKey limit;
    std::int64_t count = 0;
    Milliseconds period{0};
    int share = 0;  // Percent.
    WallTime set_at{};
};

struct ParkedRow {
    std::string directory;
    std::string work_class;
    WallTime until_at{};
    std::string reason;
};

class BudgetQueries {
public:
    /// `database` outlives this.
    explicit BudgetQueries(Database& database) noexcept : database_(database) {}

    [[nodiscard]] Result<std::optional<WallTime>> bucket(const BudgetKey& key);
    /// All of a CA: what a start loads.
    [[nodiscard]] Result<std::vector<BucketRow>> buckets(std::string_view directory);
    [[nodiscard]] Result<std::vector<LimitRow>> limits(std::string_view directory);
    [[nodiscard]] Result<std::vector<ParkedRow>> parked(std::string_view directory);

private:
    Database& database_;
};

[[nodiscard]] Result<void> put_bucket(Writer& writer, const BudgetKey& key, WallTime arrival);
/// No harm where there is none.
[[nodiscard]] Result<void> erase_bucket(Writer& writer, const BudgetKey& key);
/// Buckets that were full before `before`, of all CAs: nobody asks about them any more.
[[nodiscard]] Result<void> erase_full_buckets(Writer& writer, WallTime before);

[[nodiscard]] Result<void> put_limit(Writer& writer, const LimitRow& row);
/// Errors: NotFound nothing was set.
[[nodiscard]] Result<void> erase_limit(Writer& writer, const BudgetKey& key);

[[nodiscard]] Result<void> put_parked(Writer& writer, const ParkedRow& row);

}  // namespace hairpin::store
