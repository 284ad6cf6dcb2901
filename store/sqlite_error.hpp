// store/sqlite_error.hpp - SQLite's result codes as Errors in words that a person understands.
//
// Not a list of every code: what an operator can act on has its own sentence, the rest keeps
// SQLite's.
//
//   FULL, IOERR, CANTOPEN, READONLY, BUSY, PERM, AUTH, ..  Unavailable  try later, after a look at
//   the machine CORRUPT, NOTADB                                        Corrupt      restore a
//   backup CONSTRAINT (unique, primary key, foreign key)          Conflict     exists already, or
//   is still referred to CONSTRAINT (check, not null, type), TOOBIG             Invalid
//
// Threads   Pure.

#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"

namespace hairpin::store {

/// @param code     An extended result code, not SQLITE_OK, ROW or DONE.
/// @param subject  What it was about: the path of the database.
/// @param detail   sqlite3_errmsg() of the failed call; used where we have no better words.
[[nodiscard]] Error sqlite_error(int code, std::string subject, std::string_view detail);

}  // namespace hairpin::store
