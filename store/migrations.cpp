#include "store/migrations.hpp"

#include <array>
#include <string>

#include "core/assert.hpp"

namespace hairpin::store {

extern const Migration kMigration0001;
extern const Migration kMigration0002;
extern const Migration kMigration0003;
extern const Migration kMigration0004;
extern const Migration kMigration0005;
extern const Migration kMigration0006;
extern const Migration kMigration0007;
extern const Migration kMigration0010;

namespace {
constexpr std::array kMigrations = {&kMigration0001, &kMigration0002, &kMigration0003,
                                    &kMigration0004, &kMigration0005, &kMigration0006,
                                    &kMigration0007, &kMigration0010};
}  // namespace

std::span<const Migration* const> migrations() noexcept {
    return kMigrations;
}

std::int64_t newest_schema() noexcept {
    return kMigrations.back()->version;
}

Result<void> migrate(Database& database) {
    return migrate(database, migrations());
}

Result<void> migrate(Database& database, std::span<const Migration* const> steps) {
    const std::int64_t newest = steps.empty() ? 0 : steps.back()->version;
    const std::int64_t version = TRY(database.schema_version());
    if (version > newest)
        return fail(Error{ErrorCode::Corrupt, database.path(),
                          "made by a newer Hairpin (schema " + std::to_string(version) +
                              ", this one knows " + std::to_string(newest) + ")"});
    std::int64_t done = version;
    for (const Migration* each : steps) {
        const Migration& step = *each;
        if (step.version <= version) continue;
        HAIRPIN_ASSERT(step.version > done);
        done = step.version;
        Transaction transaction = TRY(Transaction::begin(database));
        TRY(database.execute(step.sql));
        TRY(database.execute("PRAGMA user_version = " + std::to_string(step.version)));
        TRY(transaction.commit());
    }
    return {};
}

Result<void> check_schema(Database& database) {
    const std::int64_t version = TRY(database.schema_version());
    if (version == newest_schema()) return {};
    if (version > newest_schema())
        return fail(Error{ErrorCode::Corrupt, database.path(),
                          "made by a newer Hairpin (schema " + std::to_string(version) +
                              ", this one knows " + std::to_string(newest_schema()) + ")"});
    return fail(Error{ErrorCode::Unavailable, database.path(),
                      "the database has schema " + std::to_string(version) + " and needs " +
                          std::to_string(newest_schema()) + ": it has to be migrated first"});
}

}  // namespace hairpin::store
