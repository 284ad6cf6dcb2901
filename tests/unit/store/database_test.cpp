#include "store/database.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

std::int64_t pragma(Database& database, const std::string& name) {
    Statement query = must(database.statement("PRAGMA " + name));
    REQUIRE(must(query.step()));
    return query.integer(0);
}

TEST_CASE("A database is opened durable and strict", "[store][database]") {
    TemporaryFolder folder;
    Database database = make_database(folder.file("db"));

    Statement mode = must(database.statement("PRAGMA journal_mode"));
    REQUIRE(must(mode.step()));
    CHECK(mode.text(0) == "wal");
    CHECK(pragma(database, "synchronous") == 2);  // FULL
    CHECK(pragma(database, "foreign_keys") == 1);
    CHECK(pragma(database, "trusted_schema") == 0);
    CHECK(pragma(database, "cell_size_check") == 1);
    // Double quotes are names, never text: a misspelt column is an error.
    CHECK_FALSE(database.execute("SELECT \"no_such_column\" FROM zones"));
    // Defensive mode: the schema cannot be edited behind SQLite's back.
    CHECK_FALSE(database.execute("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema"));
}

TEST_CASE("A new database and its log are private files", "[store][database]") {
    TemporaryFolder folder;
    const Database database = make_database(folder.file("db"));
    for (const char* suffix : {"", "-wal", "-shm"}) {
        struct stat found {};
        REQUIRE(::stat((folder.file("db") + suffix).c_str(), &found) == 0);
        CHECK((found.st_mode & 0777) == 0600);
    }
}

TEST_CASE("Opening fails with words for a person", "[store][database]") {
    TemporaryFolder folder;
    SECTION("a missing file is not made but by Access::Create") {
        const auto opened = Database::open(folder.file("db"));
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == ErrorCode::Unavailable);
        CHECK(opened.error().subject == folder.file("db"));
        CHECK(opened.error().cause.find("missing") != std::string::npos);
        CHECK_FALSE(std::filesystem::exists(folder.file("db")));
    }
    SECTION("a missing folder") {
        DatabaseOptions options;
        options.access = Access::Create;
        const auto opened = Database::open(folder.file("gone/db"), options);
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == ErrorCode::Unavailable);
    }
    SECTION("something else in its place") {
        std::ofstream(folder.file("db")) << std::string(4096, 'x');
        const auto opened = Database::open(folder.file("db"));
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == ErrorCode::Corrupt);
        CHECK(opened.error().cause == "the file is not a database of ours");
    }
}

TEST_CASE("What is bound comes back as it was", "[store][statement]") {
    TemporaryFolder folder;
    Database database = make_database(folder.file("db"));
    const Octets octets = {0, 1, 0xff};
    const WallTime time = from_unix_milliseconds(1'795'000'000'123);
    const std::optional<std::string> absent;
    Statement echo = must(database.statement("SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8"));
    echo.bind(std::int64_t{-5}, std::string_view("text\0more", 9), octets, time, absent,
              std::optional<std::int64_t>(7), std::string_view(), OctetView());

    REQUIRE(must(echo.step()));
    CHECK(echo.integer(0) == -5);
    CHECK(echo.text(1) == std::string_view("text\0more", 9));
    CHECK(echo.copy_octets(2) == octets);
    CHECK(echo.time(3) == time);
    CHECK(echo.is_null(4));
    CHECK_FALSE(echo.optional_time(4));
    CHECK(echo.optional_time(3) == time);
    CHECK(echo.integer(5) == 7);
    CHECK_FALSE(echo.is_null(6));  // Empty text is not NULL,
    CHECK(echo.text(6).empty());
    CHECK_FALSE(echo.is_null(7));  // nor are no octets.
    CHECK(echo.octets(7).empty());
    CHECK_FALSE(must(echo.step()));
}

TEST_CASE("A statement may be borrowed twice at a time, and is clean when borrowed again",
          "[store][statement]") {
    TemporaryFolder folder;
    Database database = make_database(folder.file("db"));
    {
        Statement one = must(database.statement("SELECT ?1"));
        Statement two = must(database.statement("SELECT ?1"));
        one.bind(std::int64_t{1});
        two.bind(std::int64_t{2});
        REQUIRE(must(one.step()));
        REQUIRE(must(two.step()));
        CHECK(one.integer(0) == 1);
        CHECK(two.integer(0) == 2);
    }
    Statement again = must(database.statement("SELECT ?1"));
    REQUIRE(must(again.step()));
    CHECK(again.is_null(0));
}

TEST_CASE("Constraints are told apart by what a caller can do", "[store][database]") {
    TemporaryFolder folder;
    Database database = make_database(folder.file("db"));
    must(database.run(
        "INSERT INTO zones (apex, kind, serial, created_at) VALUES ('a.', 'plain', 1, 0)"));

    const auto twice = database.run(
        "INSERT INTO zones (apex, kind, serial, created_at) VALUES ('a.', 'plain', 1, 0)");
    REQUIRE_FALSE(twice);
    CHECK(twice.error().code == ErrorCode::Conflict);
    const auto orphan = database.run("INSERT INTO rrsets VALUES (99, x'', 1, NULL, 60, x'0000')");
    REQUIRE_FALSE(orphan);
    CHECK(orphan.error().code == ErrorCode::Conflict);
    const auto unknown_kind = database.run(
        "INSERT INTO zones (apex, kind, serial, created_at) VALUES ('b.', 'odd', 1, 0)");
    REQUIRE_FALSE(unknown_kind);
    CHECK(unknown_kind.error().code == ErrorCode::Invalid);
    CHECK_FALSE(database.has_failed());  // None of these is about the disk.
}

TEST_CASE("A transaction that is not committed is undone; a savepoint can be undone alone",
          "[store][database]") {
    TemporaryFolder folder;
    Database database = make_database(folder.file("db"));
    const auto insert = [&](const std::string& apex) {
        must(database.run(
            "INSERT INTO zones (apex, kind, serial, created_at) VALUES (?1, 'plain', 1, 0)", apex));
    };
    {
        const Transaction transaction = must(Transaction::begin(database));
        insert("lost.");
        CHECK(database.in_transaction());
    }
    CHECK_FALSE(database.in_transaction());
    {
        Transaction transaction = must(Transaction::begin(database));
        insert("kept.");
        {
            Savepoint undone = must(Savepoint::begin(database));
            insert("undone.");
            must(undone.undo());
        }
        {
            const Savepoint forgotten = must(Savepoint::begin(database));
            insert("forgotten.");
        }
        Savepoint kept = must(Savepoint::begin(database));
        insert("also-kept.");
        must(kept.keep());
        must(transaction.commit());
    }
    Queries queries(database);
    const auto zones = must(queries.zones(10, ""));
    REQUIRE(zones.size() == 2);
    CHECK(zones[0].apex == name("also-kept."));
    CHECK(zones[1].apex == name("kept."));
}

TEST_CASE("A deferred reference that is broken is known before the commit", "[store][database]") {
    TemporaryFolder folder;
    Database database = make_database(folder.file("db"));
    const Transaction transaction = must(Transaction::begin(database));
    Savepoint savepoint = must(Savepoint::begin(database));
    must(database.run(
        "INSERT INTO licences VALUES ('acme', 'gone.', '', 'active', NULL, 0, 1, '')"));
    CHECK(database.has_broken_references());
    must(savepoint.undo());
    CHECK_FALSE(database.has_broken_references());
}

TEST_CASE("A file that is gone, replaced or without its log is lost", "[store][database]") {
    TemporaryFolder folder;
    const std::string path = folder.file("db");
    const Database database = make_database(path);
    CHECK_FALSE(database.is_lost());
    SECTION("deleted") {
        std::filesystem::remove(path);
    }
    SECTION("replaced") {
        std::filesystem::rename(path, path + ".old");
        std::ofstream(path).close();
    }
    SECTION("log deleted") {
        std::filesystem::remove(path + "-wal");
    }
    CHECK(database.is_lost());
}

}  // namespace
}  // namespace hairpin::store
