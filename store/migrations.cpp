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
extern const Migration kMigration0008;
extern const Migration kMigration0009;
extern const Migration kMigration0010;
extern const Migration kMigration0011;
extern const Migration kMigration0012;
extern const Migration kMigration0013;
extern const Migration kMigration0014;
extern const Migration kMigration0015;
extern const Migration kMigration0016;
extern const Migration kMigration0017;
extern const Migration kMigration0018;
extern const Migration kMigration0019;
extern const Migration kMigration0020;

namespace {
constexpr std::array kMigrations = {
    &kMigration0001, &kMigration0002, &kMigration0003, &kMigration0004, &kMigration0005,
    &kMigration0006, &kMigration0007, &kMigration0008, &kMigration0009, &kMigration0010,
    &kMigration0011, &kMigration0012, &kMigration0013, &kMigration0014, &kMigration0015,
    &kMigration0016, &kMigration0017, &kMigration0018, &kMigration0019, &kMigration0020};
}  // namespace

std::span<const Migration* const> migrations() noexcept {
    return kMigrations;
}

std::int64_t newest_schema() noexcept {
    return static_cast<std::int64_t>(kMigrations.size());
}

Result<void> migrate(Database& database) {
    return migrate(database, migrations());
}

Result<void> migrate(Database& database, std::span<const Migration* const> steps) {
    const std::int64_t newest = static_cast<std::int64_t>(steps.size());
    const std::int64_t version = TRY(database.schema_version());
    if (version > newest)
        return fail(Error{ErrorCode::Corrupt, database.path(),
                          "made by a newer Hairpin (schema " + std::to_string(version) +
                              ", this one knows " + std::to_string(newest) + ")"});
    for (std::int64_t next = version + 1; next <= newest; ++next) {
        const Migration& step = *steps[static_cast<std::size_t>(next - 1)];
        HAIRPIN_ASSERT(step.version == next);
        Transaction transaction = TRY(Transaction::begin(database));
        TRY(database.execute(step.sql));
        TRY(database.execute("PRAGMA user_version = " + std::to_string(next)));
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
