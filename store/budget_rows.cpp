#include "store/budget_rows.hpp"

#include "store/rows.hpp"

namespace hairpin::store {

Result<std::optional<WallTime>> BudgetQueries::bucket(const BudgetKey& key) {
    return one_row<WallTime>(
        database_,
        "SELECT arrival_at FROM acme_buckets WHERE directory = ?1 AND limit_name = ?2 AND key = ?3",
        [](auto& row) { return Result<WallTime>(row.time(0)); }, key.directory, key.limit, key.key);
}

Result<std::vector<BucketRow>> BudgetQueries::buckets(std::string_view directory) {
    return all_rows<BucketRow>(
        database_,
        "SELECT directory, limit_name, key, arrival_at FROM acme_buckets WHERE directory = ?1",
        [](auto& row) {
            return Result<BucketRow>(
                BucketRow{{row.string(0), row.string(1), row.string(2)}, row.time(3)});
        },
        directory);
}

Result<std::vector<LimitRow>> BudgetQueries::limits(std::string_view directory) {
    return all_rows<LimitRow>(
        database_,
        "SELECT directory, limit_name, key, count, period, share, set_at FROM acme_limits"
        " WHERE directory = ?1 ORDER BY limit_name, key",
        [](auto& row) {
            return Result<LimitRow>(LimitRow{{row.string(0), row.string(1), row.string(2)},
                                             row.integer(3),
                                             Milliseconds(row.integer(4)),
                                             static_cast<int>(row.integer(5)),
                                             row.time(6)});
        },
        directory);
}

Result<std::vector<ParkedRow>> BudgetQueries::parked(std::string_view directory) {
    return all_rows<ParkedRow>(
        database_,
        "SELECT directory, work_class, until_at, reason FROM acme_parked WHERE directory = ?1",
        [](auto& row) {
            return Result<ParkedRow>(
                ParkedRow{row.string(0), row.string(1), row.time(2), row.string(3)});
        },
        directory);
}

Result<void> put_bucket(Writer& writer, const BudgetKey& key, WallTime arrival) {
    return writer.database().run("INSERT OR REPLACE INTO acme_buckets VALUES (?1, ?2, ?3, ?4)",
                                 key.directory, key.limit, key.key, arrival);
}

Result<void> erase_bucket(Writer& writer, const BudgetKey& key) {
    return writer.database().run(
        "DELETE FROM acme_buckets WHERE directory = ?1 AND limit_name = ?2 AND key = ?3",
        key.directory, key.limit, key.key);
}

Result<void> erase_full_buckets(Writer& writer, WallTime before) {
    return writer.database().run("DELETE FROM acme_buckets WHERE arrival_at < ?1", before);
}

Result<void> put_limit(Writer& writer, const LimitRow& row) {
    return writer.database().run(
        "INSERT OR REPLACE INTO acme_limits VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        row.limit.directory, row.limit.limit, row.limit.key, row.count,
        static_cast<std::int64_t>(row.period.count()), static_cast<std::int64_t>(row.share),
        row.set_at);
}

Result<void> erase_limit(Writer& writer, const BudgetKey& key) {
    TRY(writer.database().run(
        "DELETE FROM acme_limits WHERE directory = ?1 AND limit_name = ?2 AND key = ?3",
        key.directory, key.limit, key.key));
    if (writer.database().changed_rows() == 0)
        return fail(Error{ErrorCode::NotFound, key.limit + (key.key.empty() ? "" : " " + key.key),
                          "nothing was set for it"});
    return {};
}

Result<void> put_parked(Writer& writer, const ParkedRow& row) {
    return writer.database().run("INSERT OR REPLACE INTO acme_parked VALUES (?1, ?2, ?3, ?4)",
                                 row.directory, row.work_class, row.until_at, row.reason);
}

}  // namespace hairpin::store
