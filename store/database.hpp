// store/database.hpp - one connection to the SQLite database, opened the way Hairpin needs it.
//
// WAL mode, synchronous=FULL (a commit is on the disk before it returns), foreign keys on, busy
// timeout, trusted_schema off, defensive mode, double-quoted strings off, file mode 0600. Not here:
// the schema (store/migrations.hpp), what the tables mean (reader.hpp, writer.hpp, zone_rows.hpp).
//
// sqlite3.h stays inside this folder's sources: this header only names its types.
//
// Threads   One thread at a time uses a Database and its Statements; SQLite's own mutex is off.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/statement.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace hairpin::store {

enum class Access : std::uint8_t {
    Create,     // Read and write; the file is made (0600) where it is missing.
    ReadWrite,  // Read and write; a missing file is an error: a running server never starts over
                // empty.
    ReadOnly,   // One reader; sees each commit as soon as it is durable.
};

/// Which file it is, whatever its name (st_dev, st_ino).
struct FileId {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    friend bool operator==(const FileId&, const FileId&) = default;
};

struct DatabaseOptions {
    Access access = Access::ReadWrite;
    std::size_t cache_octets = 16u << 20;
    Milliseconds busy_timeout{5000};
    std::string vfs;  // Another SQLite VFS by name: fault injection in tests. Empty: the system's.
};

class Database {
public:
    /// Opens and configures; looks at the schema's version but does not migrate.
    /// Errors: Unavailable  the file is missing (or its folder), cannot be opened, disk full, ..
    ///         Corrupt      not a database, damaged, or made by a newer Hairpin.
    [[nodiscard]] static Result<Database> open(const std::string& path,
                                               const DatabaseOptions& options = {});

    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    /// A prepared statement out of the cache. Errors: the text does not fit the schema (Invalid),
    /// or the database cannot be read.
    [[nodiscard]] Result<Statement> statement(std::string_view sql);
    /// Binds, runs to the end and gives back a statement of the cache.
    template <typename... Values>
    [[nodiscard]] Result<void> run(std::string_view sql, const Values&... values) {
        Statement prepared = TRY(statement(sql));
        prepared.bind(values...);
        return prepared.run();
    }
    /// Runs one or more statements that give no rows and have no parameters; not cached.
    [[nodiscard]] Result<void> execute(const std::string& sql);

    [[nodiscard]] std::int64_t last_insert_id() const noexcept;
    /// Rows that the last INSERT, UPDATE or DELETE touched.
    [[nodiscard]] std::int64_t changed_rows() const noexcept;
    /// Rows touched since the connection was opened: for tests of O(change).
    [[nodiscard]] std::int64_t total_changed_rows() const noexcept;
    /// Whether a transaction is open. SQLite closes one by itself on some failures (disk full).
    [[nodiscard]] bool in_transaction() const noexcept;
    /// Whether any call since the opening met a failure that is not about the statement itself
    /// (disk full, I/O, damage): the open transaction is then to be given up.
    [[nodiscard]] bool has_failed() const noexcept;
    /// After a rollback: has_failed() is false until the next failure.
    void forget_failure() noexcept;
    /// Whether a foreign key, deferred to the commit, is broken now: the commit would fail.
    [[nodiscard]] bool has_broken_references() const noexcept;
    /// Whether the file (or its write-ahead log) was deleted or replaced under us: what we write
    /// would be lost, and what we read is what was there before. Two stat(2).
    [[nodiscard]] bool is_lost() const noexcept;
    /// The file that was opened.
    [[nodiscard]] const FileId& file() const noexcept;
    /// Whether a Statement of this is alive: it must then not be assigned to.
    [[nodiscard]] bool has_statements_out() const noexcept;
    /// Makes sure that all that can be read now is on the disk: what SQLite found in the log of a
    /// process that was killed, or of a failed COMMIT, need not be. Outside of a transaction.
    /// Errors: Unavailable the disk did not confirm it.
    [[nodiscard]] Result<void> sync_log();

    /// PRAGMA user_version.
    [[nodiscard]] Result<std::int64_t> schema_version();
    [[nodiscard]] const std::string& path() const noexcept;
    /// For this folder's sources only.
    [[nodiscard]] sqlite3* raw() const noexcept;

private:
    friend class Statement;
    struct Connection;
    explicit Database(std::unique_ptr<Connection> connection) noexcept;
    [[nodiscard]] Error error(int code) noexcept;
    void give_back(sqlite3_stmt* statement) noexcept;

    std::unique_ptr<Connection> connection_;
};

/// A transaction (BEGIN IMMEDIATE) that is rolled back unless it was committed.
class Transaction {
public:
    [[nodiscard]] static Result<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept
        : database_(std::exchange(other.database_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();

    /// Durable when this returns. After an error nothing is certain: see store/committer.hpp.
    [[nodiscard]] Result<void> commit();

private:
    explicit Transaction(Database& database) noexcept : database_(&database) {}
    Database* database_;
};

/// Until its end all that is read is of one moment, however many commits there are meanwhile.
/// Inside a transaction it is that transaction. The log cannot be emptied while it lasts: seconds,
/// no more.
class Snapshot {
public:
    [[nodiscard]] static Result<Snapshot> begin(Database& database);
    Snapshot(Snapshot&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
    Snapshot& operator=(Snapshot&&) = delete;
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;
    ~Snapshot();

private:
    explicit Snapshot(Database* database) noexcept : database_(database) {}
    Database* database_;  // Null: nothing is to be ended.
};

/// A part of a transaction that can be undone alone; undone unless kept.
class Savepoint {
public:
    [[nodiscard]] static Result<Savepoint> begin(Database& database);
    Savepoint(Savepoint&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
    Savepoint& operator=(Savepoint&&) = delete;
    Savepoint(const Savepoint&) = delete;
    Savepoint& operator=(const Savepoint&) = delete;
    ~Savepoint();

    [[nodiscard]] Result<void> keep();
    /// Errors: the undoing failed; the whole transaction must then be given up.
    [[nodiscard]] Result<void> undo();

private:
    explicit Savepoint(Database& database) noexcept : database_(&database) {}
    Database* database_;
};

}  // namespace hairpin::store
