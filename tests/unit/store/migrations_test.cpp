#include "store/migrations.hpp"

#include <array>
#include <catch2/catch.hpp>

#include "store/acme_rows.hpp"
#include "store/grant_rows.hpp"
#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

TEST_CASE("Migrations are numbered without a gap and each describes itself",
          "[store][migrations]") {
    std::int64_t version = 0;
    for (const Migration* step : migrations()) {
        CHECK(step->version == ++version);
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

TEST_CASE("Attempts and certificates of servers are kept when those of our own come",
          "[store][migrations]") {
    TemporaryFolder folder;
    Database database = open_database(folder.file("db"), Access::Create);
    REQUIRE(migrate(database, migrations().first(7)));
    must(database.execute(
        "BEGIN; INSERT INTO zones (apex, kind, serial, created_at) "
        " VALUES ('pl-a.example.', 'licence', 1, 1);"
        "INSERT INTO licences VALUES ('a', 'pl-a.example.', '', 'active', NULL, 1, 1);"
        "INSERT INTO servers (id, licence, label, port, state, created_at, version) "
        " VALUES (7, 'a', 'nur1', 443, 'active', 1, 1); COMMIT"));
    const std::string attempt =
        "INSERT INTO acme_attempts (server_id, state, next_at, cause, created_at, changed_at, "
        "failures, problem_type, problem, zone_apex, public_name, internal_name, key_origin, csr, "
        "key_sealed, key_sha256, order_url, finalize_url, certificate_url, chain) VALUES ";
    const std::string rest =
        "5, 'first', 1, 2, 3, 't', 'p', 'pl-a.example.', 'nur1.pl-a.example', "
        "'i-nur1.pl-a.example', 'managed', x'01', x'02', zeroblob(32), 'https://ca/o', "
        "'https://ca/f', '', '')";
    must(database.execute(attempt + "(7, 'challenged', " + rest));
    must(database.execute(
        "INSERT INTO acme_authorizations VALUES (1, 0, 'u', 'n', 'c', 'v');"
        "INSERT INTO certificates (server_id, sha256, key_sha256, key_origin, "
        " not_before, not_after, issued_at, renew_at, chain, csr, key_sealed) VALUES "
        " (7, randomblob(32), zeroblob(32), 'device', 1, 9, 1, 5, 'one', x'', x''),"
        " (7, randomblob(32), zeroblob(32), 'device', 1, 9, 2, 5, 'two', x'', x'');"
        "DELETE FROM certificates WHERE chain = 'two'"));
    REQUIRE(migrate(database));

    AcmeQueries queries(database);
    const auto kept = must(queries.live_attempt(7));
    REQUIRE(kept);
    CHECK(kept->state == AttemptState::Challenged);
    CHECK(kept->failures == 3);
    CHECK(kept->order_url == "https://ca/o");
    CHECK(kept->key_sealed == Octets{2});
    CHECK(kept->other_names.empty());
    CHECK(kept->authorizations ==
          std::vector<AcmeAuthorizationRow>{{"u", "n", "c", "v", {}, {}, false}});
    CHECK(must(queries.current_certificate(7, from_unix_milliseconds(2)))->chain == "one");
    CHECK_FALSE(must(queries.live_attempt(kOurselves)));
    CHECK_FALSE(must(queries.current_certificate(kOurselves, from_unix_milliseconds(2))));

    // One attempt under way of each server, as before; and one of our own.
    CHECK_FALSE(database.execute(attempt + "(7, 'wanted', " + rest));
    CHECK(database.execute(attempt + "(NULL, 'wanted', " + rest));
    CHECK_FALSE(database.execute(attempt + "(NULL, 'wanted', " + rest));
    CHECK(must(queries.live_attempt(kOurselves))->server_id == kOurselves);
    // An id that was once given is not given again, and a server takes what is its own with it.
    must(
        database.execute("INSERT INTO certificates (server_id, sha256, key_sha256, key_origin, "
                         " not_before, not_after, issued_at, renew_at, chain, csr, key_sealed) "
                         "VALUES (NULL, randomblob(32), zeroblob(32), 'managed', 1, 9, 3, 5, "
                         "'ours', x'', x'02')"));
    CHECK(must(queries.current_certificate(kOurselves, from_unix_milliseconds(2)))->id == 3);
    must(database.execute("DELETE FROM servers WHERE id = 7"));
    CHECK_FALSE(must(queries.live_attempt(7)));
    CHECK_FALSE(must(queries.current_certificate(7, from_unix_milliseconds(2))));
    CHECK(must(queries.live_attempt(kOurselves)));
    CHECK(must(queries.current_certificate(kOurselves, from_unix_milliseconds(2))));
    Statement count = must(database.statement("SELECT count(*) FROM acme_authorizations"));
    REQUIRE(must(count.step()));
    CHECK(count.integer(0) == 0);
}

TEST_CASE("Grants are kept when their table is made anew, and aliases are a rule then",
          "[store][migrations]") {
    TemporaryFolder folder;
    Database database = open_database(folder.file("db"), Access::Create);
    REQUIRE(migrate(database, migrations().first(7)));
    const std::string insert = "INSERT INTO credential_grants VALUES (1, ";
    must(
        database.execute("INSERT INTO credentials (kind, token_hash, label, created_at) VALUES"
                         " ('token', zeroblob(32), 'first', 1);" +
                         insert + "0, NULL, 'a.example.', 'A', 2, 'public')"));
    CHECK_FALSE(database.execute(insert + "1, NULL, '', 'CNAME', 2, 'own-names')"));
    REQUIRE(migrate(database));
    must(database.execute(insert + "1, NULL, '', 'CNAME', 2, 'own-names')"));
    const auto grants = must(grants_of(database, 1));
    REQUIRE(grants.size() == 2);
    CHECK(grants[0].text() == "update A at a.example. in every zone, public addresses only");
    CHECK(grants[1].values == zones::ValueRule::OwnNames);
    CHECK_FALSE(database.execute(insert + "2, NULL, '', '', 2, 'nonsense')"));
    must(database.execute("DELETE FROM credentials"));
    CHECK(must(grants_of(database, 1)).empty());
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
