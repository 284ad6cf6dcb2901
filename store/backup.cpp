#include "store/backup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/fd.hpp"
#include "store/database.hpp"

namespace hairpin::store {
namespace {

namespace fs = std::filesystem;

Error unavailable(Error error) {
    error.code = ErrorCode::Unavailable;
    return error;
}

Error file_error(const std::string& path) {
    return unavailable(system_error(path, errno));
}

Result<void> sync_path(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file || ::fsync(file.get()) != 0) return fail(file_error(path));
    return {};
}

// A file that is gone unless it was put in its place.
class TemporaryFile {
public:
    explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() {
        if (!path_.empty()) static_cast<void>(::unlink(path_.c_str()));
    }

    /// Empty, mode 0600. A leftover of an earlier attempt is replaced.
    [[nodiscard]] Result<void> create() const {
        static_cast<void>(::unlink(path_.c_str()));
        const Fd file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (!file) return fail(file_error(path_));
        return {};
    }
    /// Durable under the new name when this returns.
    [[nodiscard]] Result<void> move_to(const std::string& target) {
        TRY(sync_path(path_));
        if (::rename(path_.c_str(), target.c_str()) != 0) return fail(file_error(target));
        path_.clear();
        const fs::path folder = fs::path(target).parent_path();
        return sync_path(folder.empty() ? "." : folder.string());
    }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

Result<Database> open_read_only(const std::string& path) {
    DatabaseOptions options;
    options.access = Access::ReadOnly;
    return Database::open(path, options);
}

bool exists(const std::string& path) {
    std::error_code
        ignored;  // What cannot be looked at cannot be opened either, and that says why.
    return fs::exists(path, ignored);
}

// Leaving WAL mode needs the database for ourselves, and folds the log into it.
Result<void> check_unused(const std::string& path) {
    DatabaseOptions options;
    options.busy_timeout = Milliseconds{0};
    auto database = Database::open(path, options);
    if (!database) return {};  // Damaged: that may be why it is being restored.
    const auto left = database->execute("PRAGMA journal_mode = DELETE");
    if (left || left.error().code == ErrorCode::Corrupt) return {};
    return fail(Error{ErrorCode::Conflict, path, "the database is in use: stop hairpind first"});
}

}  // namespace

Result<void> back_up(const std::string& database_path, const std::string& target_path) {
    if (exists(target_path))
        return fail(Error{ErrorCode::Conflict, target_path, "the file exists already"});
    Database database = TRY(open_read_only(database_path));
    TemporaryFile copy(target_path + ".partial");
    TRY(copy.create());
    TRY(database.run("VACUUM INTO ?1", copy.path()));
    return copy.move_to(target_path);
}

Result<void> check_backup(const std::string& path) {
    std::error_code no_log;
    if (const auto log = fs::file_size(path + "-wal", no_log); !no_log && log != 0)
        return fail(Error{ErrorCode::Corrupt, path,
                          "its write-ahead log lies beside it: this is the file of a running or "
                          "crashed server, not a backup"});
    Database database = TRY(open_read_only(path));
    const std::int64_t version = TRY(database.schema_version());
    if (version == 0)
        return fail(Error{ErrorCode::Corrupt, path, "the file is not a database of ours"});
    Statement integrity = TRY(database.statement("PRAGMA integrity_check(1)"));
    TRY(integrity.step());
    if (integrity.text(0) != "ok")
        return fail(Error{ErrorCode::Corrupt, path, integrity.string(0)});
    Statement references = TRY(database.statement("PRAGMA foreign_key_check"));
    const bool is_broken = TRY(references.step());
    if (is_broken)
        return fail(Error{ErrorCode::Corrupt, path,
                          "a row of " + references.string(0) + " refers to one that is missing"});
    return {};
}

Result<void> restore(const std::string& backup_path, const std::string& database_path) {
    TRY(check_backup(backup_path));
    if (exists(database_path)) TRY(check_unused(database_path));
    TemporaryFile copy(database_path + ".partial");
    TRY(copy.create());
    std::error_code failed;
    fs::copy_file(backup_path, copy.path(), fs::copy_options::overwrite_existing, failed);
    if (failed) return fail(unavailable(system_error(copy.path(), failed.value())));
    if (::chmod(copy.path().c_str(), 0600) != 0) return fail(file_error(copy.path()));
    // A log of the old database must not be read into the new one: it goes first.
    for (const char* suffix : {"-wal", "-shm"})
        if (::unlink((database_path + suffix).c_str()) != 0 && errno != ENOENT)
            return fail(file_error(database_path + suffix));
    return copy.move_to(database_path);
}

}  // namespace hairpin::store
