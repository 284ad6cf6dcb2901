#include "store/renewal_rows.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

TEST_CASE("Certificates from before renewal information are looked at once, soon",
          "[store][migrations]") {
    TemporaryFolder folder;
    Database database = open_database(folder.file("db"), Access::Create);
    const auto before = static_cast<std::size_t>(
        std::count_if(migrations().begin(), migrations().end(),
                      [](const Migration* step) { return step->version < 12; }));
    REQUIRE(migrate(database, migrations().first(before)));
    must(database.execute(
        "PRAGMA foreign_keys = OFF;"
        "INSERT INTO acme_accounts (directory, key_sealed, url, created_at) VALUES"
        " ('https://ca.example/dir', x'00', 'https://ca.example/a/1', 1);"
        "INSERT INTO certificates (server_id, sha256, key_sha256, key_origin, not_before, "
        "not_after,"
        " issued_at, renew_at, chain, csr, key_sealed) VALUES"
        " (1, zeroblob(32), zeroblob(32), 'device', 1, 9000, 2, 6000, 'pem', x'', x'');"
        "INSERT INTO acme_attempts (server_id, state, next_at, cause, created_at, changed_at,"
        " failures, problem_type, problem, zone_apex, public_name, internal_name, key_origin, csr,"
        " key_sealed, key_sha256, order_url, finalize_url, certificate_url, chain,"
        " certificate_sha256) VALUES (1, 'offered', 6000, 'first', 1, 2, 0, '', '', 'example.net.',"
        " 'nur1.example.net', 'i-nur1.example.net', 'device', x'', x'', zeroblob(32), '', '', '', "
        "'',"
        " zeroblob(32))"));
    REQUIRE(migrate(database));
    const auto row = must(RenewalQueries(database).of_certificate(1));
    REQUIRE(row);
    CHECK(row->cert_id.empty());
    CHECK(row->directory == "https://ca.example/dir");
    CHECK(row->account == "https://ca.example/a/1");
    CHECK(row->check_at == from_unix_milliseconds(1));
    CHECK_FALSE(row->window_start);
    Statement attempt = must(database.statement("SELECT next_at, replaces FROM acme_attempts"));
    REQUIRE(must(attempt.step()));
    CHECK(attempt.integer(0) == 1);
    CHECK(attempt.string(1).empty());
}

TEST_CASE("Whether a CA has issued for a server is known as long as the certificate is there",
          "[store]") {
    TemporaryFolder folder;
    Database database = make_database(folder.file("db"));
    must(database.execute(
        "PRAGMA foreign_keys = OFF;"
        "INSERT INTO certificates (id, server_id, sha256, key_sha256, key_origin, not_before, "
        "not_after, issued_at, renew_at, chain, csr, key_sealed) VALUES"
        " (5, 1, zeroblob(32), zeroblob(32), 'device', 1, 9000, 2, 6000, 'pem', x'', x'');"
        "INSERT INTO certificate_renewals (certificate_id, cert_id, directory, account)"
        " VALUES (5, 'a.b', 'https://ca.example/dir', '')"));
    RenewalQueries queries(database);
    CHECK(must(queries.has_issued(1, "https://ca.example/dir")));
    CHECK_FALSE(must(queries.has_issued(1, "https://reserve.example/dir")));
    CHECK_FALSE(must(queries.has_issued(2, "https://ca.example/dir")));
    must(database.execute("DELETE FROM certificates"));
    CHECK_FALSE(must(queries.has_issued(1, "https://ca.example/dir")));
}

TEST_CASE("A window ends after it begins, or is not stored", "[store]") {
    TemporaryFolder folder;
    Database database = make_database(folder.file("db"));
    must(database.execute("PRAGMA foreign_keys = OFF"));
    const char* row =
        "INSERT INTO certificate_renewals (certificate_id, cert_id, directory, account,"
        " window_start, window_end) VALUES (1, 'a.b', '', '', ";
    CHECK_FALSE(database.execute(std::string(row) + "5, 5)"));
    CHECK_FALSE(database.execute(std::string(row) + "5, NULL)"));
    CHECK(database.execute(std::string(row) + "5, 6)"));
    CHECK(must(RenewalQueries(database).with_cert_id("a.b"))->window_end ==
          from_unix_milliseconds(6));
    CHECK_FALSE(must(RenewalQueries(database).with_cert_id("a.c")));
}

}  // namespace
}  // namespace hairpin::store
