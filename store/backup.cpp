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
#include "store/lock.hpp"
#include "store/migrations.hpp"
#include "store/restored.hpp"

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

Result<void> remove_logs(const std::string& path) {
    for (const char* suffix : {"-wal", "-shm"})
        if (::unlink((path + suffix).c_str()) != 0 && errno != ENOENT)
            return fail(file_error(path + suffix));
    return {};
}

// A file that is gone unless it was put in its place.
class TemporaryFile {
public:
    explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() {
        if (path_.empty()) return;
        static_cast<void>(::unlink(path_.c_str()));
        static_cast<void>(remove_logs(path_));
    }

    /// Empty, mode 0600. A leftover of an earlier attempt is replaced.
    [[nodiscard]] Result<void> create() const {
        static_cast<void>(::unlink(path_.c_str()));
        TRY(remove_logs(path_));
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

// Makes sure that nobody has the database open, and reads what it has served. Leaving WAL mode
// needs the database for ourselves, and folds the log into it.
Result<ServedSerials> retire(const std::string& path) {
    if (!exists(path)) return ServedSerials{};
    DatabaseOptions options;
    options.busy_timeout = Milliseconds{0};
    // Damaged: that may be why a backup is being restored.
    const auto unless_damaged = [](Error error) -> Result<ServedSerials> {
        if (error.code == ErrorCode::Corrupt) return ServedSerials{};
        return fail(std::move(error));
    };
    auto database = Database::open(path, options);
    if (!database) return unless_damaged(std::move(database).error());
    if (auto left = database->execute("PRAGMA journal_mode = DELETE"); !left) {
        if (left.error().code == ErrorCode::Unavailable)
            return fail(
                Error{ErrorCode::Conflict, path, "the database is in use: stop hairpind first"});
        return unless_damaged(std::move(left).error());
    }
    if (TRY(database->schema_version()) == 0) return ServedSerials{};  // Empty.
    auto served = read_served_serials(*database);
    if (!served) return unless_damaged(std::move(served).error());
    return served;
}

// The copy as the next start shall find it, in one file.
Result<void> prepare(const std::string& path, const ServedSerials& served) {
    Database database = TRY(Database::open(path));
    TRY(migrate(database));
    TRY(mark_restored(database, served));
    return database.execute("PRAGMA journal_mode = DELETE");
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
    const StoreLock lock = TRY(StoreLock::acquire(database_path));
    const ServedSerials served = TRY(retire(database_path));
    TemporaryFile copy(database_path + ".partial");
    TRY(copy.create());
    std::error_code failed;
    fs::copy_file(backup_path, copy.path(), fs::copy_options::overwrite_existing, failed);
    if (failed) return fail(unavailable(system_error(copy.path(), failed.value())));
    if (::chmod(copy.path().c_str(), 0600) != 0) return fail(file_error(copy.path()));
    TRY(prepare(copy.path(), served));
    // A log of the old database must not be read into the new one: it goes first.
    TRY(remove_logs(database_path));
    return copy.move_to(database_path);
}

}  // namespace hairpin::store
