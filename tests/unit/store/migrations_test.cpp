#include "store/migrations.hpp"

#include <array>
#include <catch2/catch.hpp>

#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

TEST_CASE("Migrations are numbered upward and each describes itself", "[store][migrations]") {
    std::int64_t version = 0;
    for (const Migration* step : migrations()) {
        CHECK(step->version > version);
        version = step->version;
        CHECK_FALSE(std::string_view(step->what).empty());
    }
    CHECK(newest_schema() == version);
}

TEST_CASE("Migrating twice does nothing the second time", "[store][migrations]") {
    TemporaryFolder folder;
    Database database = make_database(folder.file("db"));
    CHECK(must(database.schema_version()) == newest_schema());
    const std::int64_t rows = database.total_changed_rows();
    REQUIRE(migrate(database));
    CHECK(database.total_changed_rows() == rows);
    CHECK(check_schema(database));
}

TEST_CASE("A database made by a newer program is refused and says so", "[store][migrations]") {
    TemporaryFolder folder;
    {
        Database database = make_database(folder.file("db"));
        must(database.execute("PRAGMA user_version = 4711"));
        const auto migrated = migrate(database);
        REQUIRE_FALSE(migrated);
        CHECK(migrated.error().code == ErrorCode::Corrupt);
    }
    for (const Access access : {Access::ReadWrite, Access::ReadOnly, Access::Create}) {
        DatabaseOptions options;
        options.access = access;
        const auto opened = Database::open(folder.file("db"), options);
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == ErrorCode::Corrupt);
        CHECK(opened.error().cause == "made by a newer Hairpin (schema 4711, this one knows " +
                                          std::to_string(newest_schema()) + ")");
    }
}

TEST_CASE("An older schema must be migrated before it is read", "[store][migrations]") {
    TemporaryFolder folder;
    const Database empty = open_database(folder.file("db"), Access::Create);
    const auto reader = Reader::open(folder.file("db"));
    REQUIRE_FALSE(reader);
    CHECK(reader.error().code == ErrorCode::Unavailable);
}

TEST_CASE("Credentials and what refers to them are kept when their table is made anew",
          "[store][migrations]") {
    TemporaryFolder folder;
    Database database = open_database(folder.file("db"), Access::Create);
    REQUIRE(migrate(database, migrations().first(3)));
    must(database.execute(
        "INSERT INTO credentials (kind, token_hash, label, created_at) VALUES"
        " ('operator', zeroblob(32), 'first', 1), ('operator', randomblob(32), 'second', 2);"
        "INSERT INTO idempotency VALUES (1, 'key', zeroblob(32), 201, '', x'', 3);"
        "DELETE FROM credentials WHERE id = 2"));
    REQUIRE(migrate(database));
    const auto number = [&](const char* sql) {
        Statement count = must(database.statement(sql));
        REQUIRE(must(count.step()));
        return count.integer(0);
    };
    CHECK(number("SELECT count(*) FROM credentials WHERE label = 'first'") == 1);
    CHECK(number("SELECT count(*) FROM idempotency WHERE credential_id = 1") == 1);
    // An id that was once given is not given again, and a credential takes its answers with it.
    must(
        database.execute("INSERT INTO credentials (kind, token_hash, label, created_at) VALUES"
                         " ('operator', randomblob(32), 'third', 4)"));
    CHECK(number("SELECT id FROM credentials WHERE label = 'third'") == 3);
    must(database.execute("DELETE FROM credentials WHERE id = 1"));
    CHECK(number("SELECT count(*) FROM idempotency") == 0);
}

TEST_CASE("A step that fails leaves the schema at the step before it", "[store][migrations]") {
    const Migration first = {1, "first", "CREATE TABLE one (a INTEGER) STRICT"};
    const Migration broken = {2, "broken", "CREATE TABLE two (a INTEGER) STRICT; SELECT nonsense"};
    const Migration mended = {2, "mended", "CREATE TABLE two (a INTEGER) STRICT"};
    const std::array<const Migration*, 2> with_broken = {&first, &broken};
    const std::array<const Migration*, 2> with_mended = {&first, &mended};
    TemporaryFolder folder;
    Database database = open_database(folder.file("db"), Access::Create);

    REQUIRE_FALSE(migrate(database, with_broken));
    CHECK(must(database.schema_version()) == 1);
    CHECK_FALSE(database.in_transaction());
    CHECK(database.execute("SELECT * FROM one"));
    CHECK_FALSE(database.execute("SELECT * FROM two"));

    REQUIRE(migrate(database, with_mended));
    CHECK(must(database.schema_version()) == 2);
}

}  // namespace
}  // namespace hairpin::store
