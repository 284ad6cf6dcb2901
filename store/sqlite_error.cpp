#include "store/sqlite_error.hpp"

#include <sqlite3.h>

#include <utility>

namespace hairpin::store {
namespace {

struct Words {
    ErrorCode code;
    std::string_view cause;  // Empty: SQLite's own.
};

Words words_of_constraint(int code) {
    switch (code) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_PRIMARYKEY:
        case SQLITE_CONSTRAINT_ROWID:
            return {ErrorCode::Conflict, "it exists already"};
        case SQLITE_CONSTRAINT_FOREIGNKEY:
            return {ErrorCode::Conflict,
                    "something refers to it that would be missing, or still refers to it"};
        default:
            return {ErrorCode::Invalid, {}};
    }
}

Words words_of(int code) {
    if (code == SQLITE_READONLY_DBMOVED)
        return {ErrorCode::Unavailable, "the database file was moved or deleted while in use"};
    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
        return {ErrorCode::Unavailable, "the disk did not confirm a write (fsync failed)"};
    switch (code & 0xff) {
        case SQLITE_FULL:
            return {ErrorCode::Unavailable, "the disk is full"};
        case SQLITE_IOERR:
            return {ErrorCode::Unavailable, "reading or writing the disk failed"};
        case SQLITE_CANTOPEN:
            return {ErrorCode::Unavailable,
                    "the database file cannot be opened: it or its folder is missing, or not ours"};
        case SQLITE_READONLY:
            return {ErrorCode::Unavailable, "the database file or its folder cannot be written to"};
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return {ErrorCode::Unavailable, "access to the database file is not permitted"};
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {ErrorCode::Unavailable, "another process holds the database locked"};
        case SQLITE_NOTADB:
            return {ErrorCode::Corrupt, "the file is not a database of ours"};
        case SQLITE_CORRUPT:
            return {ErrorCode::Corrupt, "the database is damaged: restore a backup"};
        case SQLITE_TOOBIG:
            return {ErrorCode::Invalid, "a value is too large to be stored"};
        case SQLITE_CONSTRAINT:
            return words_of_constraint(code);
        case SQLITE_ERROR:
        case SQLITE_MISMATCH:
        case SQLITE_RANGE:
            return {ErrorCode::Invalid, {}};
        default:
            return {ErrorCode::Unavailable, {}};
    }
}

}  // namespace

Error sqlite_error(int code, std::string subject, std::string_view detail) {
    const Words words = words_of(code);
    std::string cause(words.cause.empty() ? detail : words.cause);
    if (cause.empty()) cause = sqlite3_errstr(code);
    return {words.code, std::move(subject), std::move(cause)};
}

}  // namespace hairpin::store
