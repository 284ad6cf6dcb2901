#include "store/issuer_rows.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "store/acme_rows.hpp"
#include "store/migrations.hpp"
#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

const std::string kCaDirectory = "https://ca.example/dir";

/// A store, and commits of rows of issuers.
struct IssuerStore {
    OpenStore store;

    std::optional<ErrorCode> commit(const std::function<Result<void>(Writer&)>& rows) {
        Work work = as_work({});
        work.rows = [&](Writer& writer, zones::Change&) { return rows(writer); };
        const auto done = store.submit(std::move(work));
        return done ? std::nullopt : std::optional(to_error(done.error()).code);
    }
    std::int64_t put(const AcmeAccountRow& row) {
        std::int64_t id = 0;
        commit([&](Writer& writer) -> Result<void> {
            id = TRY(put_account(writer, row));
            return {};
        });
        return id;
    }
    [[nodiscard]] std::vector<AcmeAccountRow> accounts() {
        Reader reader = store.reader();
        return must(accounts_of(reader->database(), kCaDirectory));
    }
};

AcmeAccountRow ca_account(AccountRole role, std::string url) {
    AcmeAccountRow row;
    row.directory = kCaDirectory;
    row.role = role;
    row.key_sealed = {1, 2, 3};
    row.url = std::move(url);
    return row;
}

TEST_CASE("A CA has one account in each role, which is written again", "[store][issuers]") {
    IssuerStore place;
    const std::int64_t id = place.put(ca_account(AccountRole::Active, ""));
    CHECK(place.put(ca_account(AccountRole::Active, "https://ca.example/a/1")) == id);
    const std::int64_t standby =
        place.put(ca_account(AccountRole::Standby, "https://ca.example/a/2"));
    CHECK(standby != id);
    AcmeAccountRow again = ca_account(AccountRole::Standby, "https://ca.example/a/3");
    again.id = id;  // By its id, whatever the role says.
    CHECK(place.put(again) == id);
    const auto rows = place.accounts();
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].role == AccountRole::Active);
    CHECK(rows[0].url == "https://ca.example/a/3");
    CHECK(rows[1].url == "https://ca.example/a/2");
    again.id = 4711;
    CHECK(place.put(again) == 0);
}

TEST_CASE("The account in reserve takes the place of the active one", "[store][issuers]") {
    IssuerStore place;
    const auto change = [&](AccountRole left) {
        return place.commit([&](Writer& writer) {
            return switch_accounts(writer, kCaDirectory, left, "is revoked");
        });
    };
    place.put(ca_account(AccountRole::Active, "https://ca.example/a/1"));
    CHECK(change(AccountRole::Refused) == ErrorCode::NotFound);
    place.put(ca_account(AccountRole::Standby, ""));
    CHECK(change(AccountRole::Refused) == ErrorCode::NotFound);  // It is not registered.
    place.put(ca_account(AccountRole::Standby, "https://ca.example/a/2"));
    CHECK_FALSE(change(AccountRole::Standby));
    auto rows = place.accounts();
    CHECK(rows[0].role == AccountRole::Standby);
    CHECK(rows[1].role == AccountRole::Active);
    CHECK_FALSE(change(AccountRole::Refused));
    rows = place.accounts();
    CHECK(rows[0].role == AccountRole::Active);
    CHECK(rows[1].role == AccountRole::Refused);
    CHECK(rows[1].problem == "is revoked");
    CHECK(rows[0].problem.empty());
}

TEST_CASE("What was tried is written over what was tried before", "[store][issuers]") {
    IssuerStore place;
    CanaryRow row;
    row.directory = kCaDirectory;
    row.due_at = place.store.clock.now();
    row.failures = 2;
    row.problem = "no CAA record allows it";
    const auto put = [&] {
        return place.commit([&](Writer& writer) { return put_canary(writer, row); });
    };
    const auto get = [&](CanaryKind kind) {
        Reader reader = place.store.reader();
        return must(canary(reader->database(), kCaDirectory, kind));
    };
    CHECK_FALSE(get(CanaryKind::Certificate));
    CHECK_FALSE(put());
    row.good_at = row.due_at;
    row.failures = 0;
    CHECK_FALSE(put());
    CHECK(get(CanaryKind::Certificate) == row);
    CHECK_FALSE(get(CanaryKind::StandbyAccount));
}

TEST_CASE("A canary is no certificate of ours, and stands beside it", "[store][issuers]") {
    IssuerStore place;
    const auto insert = [&](const std::string& canary) {
        return place.commit([&](Writer& writer) -> Result<void> {
            AcmeAttemptRow row;
            row.server_id = kOurselves;
            row.zone_apex = name("example.net.");
            row.public_name = "x.example.net";
            row.key_origin = KeyOrigin::Managed;
            row.canary = canary;
            TRY(insert_attempt(writer, row));
            return {};
        });
    };
    CHECK_FALSE(insert(kCaDirectory));
    Reader reader = place.store.reader();
    CHECK_FALSE(must(AcmeQueries(reader->database()).live_attempt(kOurselves)));
    CHECK(must(AcmeQueries(reader->database()).live_canary(kCaDirectory)));
    CHECK(insert(kCaDirectory) == ErrorCode::Conflict);  // One at a time.
    CHECK_FALSE(insert(""));
    CHECK(insert("") == ErrorCode::Conflict);
    CHECK(must(AcmeQueries(reader->database()).live_attempt(kOurselves))->canary.empty());
}

TEST_CASE("Accounts and orders from before are those of the one CA", "[store][migrations]") {
    TemporaryFolder folder;
    Database database = open_database(folder.file("db"), Access::Create);
    const auto before = static_cast<std::size_t>(
        std::count_if(migrations().begin(), migrations().end(),
                      [](const Migration* step) { return step->version < 15; }));
    REQUIRE(migrate(database, migrations().first(before)));
    must(database.execute(
        "PRAGMA foreign_keys = OFF;"
        "INSERT INTO acme_accounts (directory, key_sealed, url, created_at) VALUES"
        " ('https://ca.example/dir', x'00', 'https://ca.example/a/1', 1);"
        "INSERT INTO acme_attempts (server_id, state, next_at, cause, created_at, changed_at,"
        " failures, problem_type, problem, zone_apex, public_name, internal_name, key_origin, csr,"
        " key_sealed, key_sha256, order_url, finalize_url, certificate_url, chain) VALUES"
        " (1, 'open', 6000, 'first', 1, 2, 0, '', '', 'example.net.', 'nur1.example.net',"
        " 'i-nur1.example.net', 'device', x'', x'', zeroblob(32), 'https://ca.example/o/1', '',"
        " '', '')"));
    REQUIRE(migrate(database));
    const auto rows = must(accounts_of(database, kCaDirectory));
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].role == AccountRole::Active);
    CHECK(rows[0].url == "https://ca.example/a/1");
    const auto attempt = must(AcmeQueries(database).live_attempt(1));
    REQUIRE(attempt);
    CHECK(attempt->directory == kCaDirectory);
    CHECK(attempt->account == "https://ca.example/a/1");
    CHECK(attempt->rehearsal == Rehearsal::None);
    CHECK(attempt->canary.empty());
}

}  // namespace
}  // namespace hairpin::store
