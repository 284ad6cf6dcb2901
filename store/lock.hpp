// store/lock.hpp - one writing process per database.
//
// SQLite lets several processes write in turn. Hairpin must not: a server answers from memory what
// it alone has written (store/committer.hpp), so a second server on the same file, or a restore
// under a running one, would leave it answering from what is no longer there. Whoever writes zones
// holds this lock for as long as it may write: `hairpind serve` for its life, from before
// migrate(), and restore() while it puts the file in place.
//
// An advisory lock (flock) on `<database>.lock`, mode 0600, which holds the owner's process number
// for people to read. The kernel gives it back when the process ends, however it ends; the file
// stays, for a lock file that is removed can be locked twice. Not kept from: commands that add rows
// beside a running server (an operator token), a backup, and other programs.
//
// Threads   A value; one thread at a time. Two locks in one process exclude each other as well.

#pragma once

#include <string>
#include <utility>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace hairpin::store {

class StoreLock {
public:
    /// Takes the lock of the database at `database_path`, or fails at once; the database need not
    /// be there yet.
    /// Errors: Conflict "another hairpind is using this database (pid 4711)"; Unavailable the lock
    /// file cannot be made or opened.
    [[nodiscard]] static Result<StoreLock> acquire(const std::string& database_path);

private:
    explicit StoreLock(Fd file) noexcept : file_(std::move(file)) {}
    Fd file_;  // Closing it gives the lock back.
};

}  // namespace hairpin::store
