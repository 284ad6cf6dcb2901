// store/backup.hpp - a consistent copy of the running database, and the check of one before it is
// put in place.
//
// One statement (VACUUM INTO) reads one snapshot beside a running writer; what is committed
// meanwhile is in the copy or not, never half. A restore is a file copy of a checked backup while
// hairpind is stopped; serials still move forward afterwards because they follow the clock
// (zones/edit.hpp's next_serial).
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
/// Puts a checked backup in the place of a database that nobody has open, write-ahead log removed.
/// Errors: as check_backup; Conflict the database is in use.
[[nodiscard]] Result<void> restore(const std::string& backup_path,
                                   const std::string& database_path);

}  // namespace hairpin::store
