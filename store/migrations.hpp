// store/migrations.hpp - the numbered steps that make the schema, forward only.
//
// Step n is one text in store/migration_000n.cpp and runs once, in its own transaction that also
// sets PRAGMA user_version to n. A step is never edited after a release; a new need is a new step.
//
// To add one: store/migration_000n.cpp with `extern const Migration kMigration000n`, its
// declaration and its place in the list of migrations.cpp, its name in CMakeLists.txt.
//
// Threads   As the Database given.

#pragma once

#include <cstdint>
#include <span>

#include "core/result.hpp"
#include "store/database.hpp"

namespace hairpin::store {

struct Migration {
    std::int64_t version;  // 1 and up, without a gap.
    const char* what;      // "the first schema"
    const char* sql;
};

/// All steps in order.
[[nodiscard]] std::span<const Migration* const> migrations() noexcept;
/// The version that this program makes and understands.
[[nodiscard]] std::int64_t newest_schema() noexcept;

/// Brings the schema to newest_schema(). Nothing to do: nothing is written.
/// Errors: Corrupt "made by a newer Hairpin (schema 7, this one knows 3)"; Unavailable as any
/// write.
[[nodiscard]] Result<void> migrate(Database& database);
/// The same over a given list: for tests of the mechanism.
[[nodiscard]] Result<void> migrate(Database& database, std::span<const Migration* const> steps);
/// Errors: Corrupt where the database is newer than this program, Unavailable where it is older and
/// must be migrated first.
[[nodiscard]] Result<void> check_schema(Database& database);

}  // namespace hairpin::store
