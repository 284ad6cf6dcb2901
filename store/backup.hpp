// store/backup.hpp - a consistent copy of the running database, and the check of one before it is
// put in place.
//
// One statement (VACUUM INTO) reads one snapshot beside a running writer; what is committed
// meanwhile is in the copy or not, never half. A restore is a checked copy of a backup, migrated
// and marked, put in place while hairpind is stopped; the next start moves all serials past what
// was served before (store/restored.hpp).
//
// Threads   Any, with connections of its own.

#pragma once

#include <string>

#include "core/result.hpp"

namespace hairpin::store {

/// Writes a copy of `database_path` to `target_path` (mode 0600), by way of a temporary file beside
/// it that is synced and renamed. Errors: Conflict `target_path` exists; Unavailable, Corrupt as
/// Database::open.
[[nodiscard]] Result<void> back_up(const std::string& database_path,
                                   const std::string& target_path);
/// Whether a file is a whole, undamaged database of this or an older schema. Reads all of it.
/// Errors: Corrupt, with SQLite's first complaint; Unavailable it cannot be read.
[[nodiscard]] Result<void> check_backup(const std::string& path);
/// Puts a checked backup in the place of a database that nobody has open, write-ahead log removed,
/// holding the StoreLock meanwhile. What is there may be damaged, or nothing; where it can be read
/// its serials are kept for advance_serials().
/// Errors: as check_backup; Conflict the database is in use; Unavailable what is there cannot be
/// opened for another reason than damage, so that nobody can say whether it is in use.
[[nodiscard]] Result<void> restore(const std::string& backup_path,
                                   const std::string& database_path);

}  // namespace hairpin::store
