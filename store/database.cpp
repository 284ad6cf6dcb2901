#include "store/database.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "core/fd.hpp"
#include "core/handle.hpp"
#include "store/migrations.hpp"
#include "store/sqlite_error.hpp"

namespace hairpin::store {
namespace {

using SqliteHandle = Handle<sqlite3, sqlite3_close_v2>;
using SqliteTextHandle = Handle<char, sqlite3_free>;

// SQLite takes 0644; its -wal and -shm get the mode of the database itself.
Result<void> make_private_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (file) return {};
    Error error = system_error(path, errno);
    error.code = ErrorCode::Unavailable;
    return fail(std::move(error));
}

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
        return std::hash<std::string_view>()(text);
    }
};

std::optional<FileId> file_id(const std::string& path) noexcept {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) return {};
    return FileId{found.st_dev, found.st_ino};
}

int open_flags(Access access) {
    const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    return flags | (access == Access::ReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
}

/// Once in the process, before the first connection: a CHECK over a list of words makes a table in
/// memory each time it is looked at, and SQLite would get 20 pages for it at once, of which it
/// needs one. Nobody asks for its count of memory, which all threads would wait for.
void prepare_sqlite() {
    static const bool is_prepared =
        sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0) == SQLITE_OK &&
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK;
    static_cast<void>(is_prepared);  // False where somebody was faster: that only costs time.
}

}  // namespace

struct Database::Connection {
    std::string path;
    SqliteHandle handle;
    FileId file;
    std::optional<FileId> log;
    bool has_failed = false;
    std::size_t statements_out = 0;
    // Prepared statements by their text; null while borrowed.
    std::unordered_map<std::string, sqlite3_stmt*, TextHash, std::equal_to<>> idle;

    ~Connection() {
        for (const auto& [sql, statement] : idle)
            static_cast<void>(sqlite3_finalize(statement));
    }
};

Database::Database(std::unique_ptr<Connection> connection) noexcept
    : connection_(std::move(connection)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::string& path, const DatabaseOptions& options) {
    if (options.access == Access::Create) TRY(make_private_file(path));
    prepare_sqlite();
    sqlite3* raw = nullptr;
    const char* vfs = options.vfs.empty() ? nullptr : options.vfs.c_str();
    const int code = sqlite3_open_v2(path.c_str(), &raw, open_flags(options.access), vfs);
    auto connection = std::make_unique<Connection>();
    connection->path = path;
    connection->handle.reset(raw);
    if (code != SQLITE_OK) return fail(sqlite_error(code, path, sqlite3_errstr(code)));

    Database database(std::move(connection));
    sqlite3_busy_timeout(raw, static_cast<int>(options.busy_timeout.count()));
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
    const std::string cache = std::to_string(options.cache_octets / 1024);
    TRY(database.execute("PRAGMA cache_size = -" + cache + "; PRAGMA cell_size_check = ON;"));
    if (options.access != Access::ReadOnly) {
        TRY(
            database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                             "PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = FAST;"));
    }
    const std::int64_t version = TRY(database.schema_version());
    if (version > newest_schema())
        return fail(Error{ErrorCode::Corrupt, path,
                          "made by a newer Hairpin (schema " + std::to_string(version) +
                              ", this one knows " + std::to_string(newest_schema()) + ")"});
    // Both are open by now. One that is replaced between its opening and here is met at the next
    // is_lost(), for SQLite compares the file that it opened.
    database.connection_->file = file_id(path).value_or(FileId{});
    database.connection_->log = file_id(path + "-wal");
    return database;
}

Result<Statement> Database::statement(std::string_view sql) {
    const auto cached = connection_->idle.find(sql);
    if (cached != connection_->idle.end() && cached->second != nullptr) {
        ++connection_->statements_out;
        return Statement(*this, std::exchange(cached->second, nullptr));
    }

    sqlite3_stmt* prepared = nullptr;
    const int code = sqlite3_prepare_v3(raw(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
    if (code != SQLITE_OK) return fail(error(code));
    ++connection_->statements_out;
    return Statement(*this, prepared);
}

void Database::give_back(sqlite3_stmt* statement) noexcept {
    --connection_->statements_out;
    static_cast<void>(sqlite3_reset(statement));
    static_cast<void>(sqlite3_clear_bindings(statement));
    const std::string_view sql = sqlite3_sql(statement);
    const auto cached = connection_->idle.find(sql);
    if (cached == connection_->idle.end()) {
        connection_->idle.emplace(sql, statement);
    } else if (cached->second == nullptr) {
        cached->second = statement;
    } else {
        static_cast<void>(sqlite3_finalize(statement));
    }
}

Result<void> Database::execute(const std::string& sql) {
    char* message = nullptr;
    const int code = sqlite3_exec(raw(), sql.c_str(), nullptr, nullptr, &message);
    const SqliteTextHandle owned(message);
    if (code == SQLITE_OK) return {};
    return fail(error(code));
}

std::int64_t Database::last_insert_id() const noexcept {
    return sqlite3_last_insert_rowid(raw());
}
std::int64_t Database::changed_rows() const noexcept {
    return sqlite3_changes64(raw());
}
std::int64_t Database::total_changed_rows() const noexcept {
    return sqlite3_total_changes64(raw());
}
bool Database::in_transaction() const noexcept {
    return sqlite3_get_autocommit(raw()) == 0;
}

bool Database::has_broken_references() const noexcept {
    int broken = 0;
    int highest = 0;
    sqlite3_db_status(raw(), SQLITE_DBSTATUS_DEFERRED_FKS, &broken, &highest, 0);
    return broken != 0;
}

bool Database::is_lost() const noexcept {
    int moved = 0;
    const int code = sqlite3_file_control(raw(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (code == SQLITE_OK && moved != 0) return true;
    // While a connection is open in WAL mode the log is there, perhaps empty.
    errno = 0;
    const auto log = file_id(connection_->path + "-wal");
    if (!log) return errno == ENOENT;
    return connection_->log && *connection_->log != *log;
}

const FileId& Database::file() const noexcept {
    return connection_->file;
}
bool Database::has_statements_out() const noexcept {
    return connection_->statements_out != 0;
}

Result<void> Database::sync_log() {
    const int code =
        sqlite3_wal_checkpoint_v2(raw(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    // A checkpoint syncs the log before it writes the first page into the database, so a disk
    // without room for that page has confirmed the log all the same.
    if (code == SQLITE_OK || code == SQLITE_FULL) return {};
    // A reader (a backup, say) holds on to the log: a commit of our own syncs what is before it.
    if ((code & 0xff) == SQLITE_BUSY) return run("UPDATE identity SET probes = probes + 1");
    return fail(error(code));
}

Result<std::int64_t> Database::schema_version() {
    Statement version = TRY(statement("PRAGMA user_version"));
    TRY(version.step());
    return version.integer(0);
}

const std::string& Database::path() const noexcept {
    return connection_->path;
}
sqlite3* Database::raw() const noexcept {
    return connection_->handle.get();
}

Error Database::error(int code) noexcept {
    Error error = sqlite_error(code, connection_->path, sqlite3_errmsg(raw()));
    if (error.code == ErrorCode::Unavailable || error.code == ErrorCode::Corrupt)
        connection_->has_failed = true;
    return error;
}

void Database::forget_failure() noexcept {
    connection_->has_failed = false;
}

bool Database::has_failed() const noexcept {
    return connection_->has_failed;
}

Result<Transaction> Transaction::begin(Database& database) {
    TRY(database.run("BEGIN IMMEDIATE"));
    return Transaction(database);
}

Transaction::~Transaction() {
    // A failed ROLLBACK leaves nothing to do here: the next BEGIN fails, and whoever begins says
    // so.
    if (database_ != nullptr && database_->in_transaction())
        static_cast<void>(database_->execute("ROLLBACK"));
}

Result<void> Transaction::commit() {
    TRY(database_->run("COMMIT"));
    database_ = nullptr;
    return {};
}

Result<Snapshot> Snapshot::begin(Database& database) {
    if (database.in_transaction()) return Snapshot(nullptr);
    TRY(database.run("BEGIN"));
    return Snapshot(&database);
}

Snapshot::~Snapshot() {
    // As that of Transaction; nothing was written.
    if (database_ != nullptr && database_->in_transaction())
        static_cast<void>(database_->execute("ROLLBACK"));
}

Result<Savepoint> Savepoint::begin(Database& database) {
    TRY(database.run("SAVEPOINT part"));
    return Savepoint(database);
}

Savepoint::~Savepoint() {
    if (database_ != nullptr) static_cast<void>(undo());
}

Result<void> Savepoint::keep() {
    TRY(database_->run("RELEASE part"));
    database_ = nullptr;
    return {};
}

Result<void> Savepoint::undo() {
    Database& database = *std::exchange(database_, nullptr);
    TRY(database.run("ROLLBACK TO part"));
    return database.run("RELEASE part");
}

}  // namespace hairpin::store
