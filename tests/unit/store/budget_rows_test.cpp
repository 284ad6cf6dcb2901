#include "store/budget_rows.hpp"

#include <catch2/catch.hpp>

#include "store/acme_rows.hpp"
#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

constexpr const char* kCa = "https://ca.example/dir";
const BudgetKey kDomainBucket{kCa, "certificates-per-domain", "example.net"};
const WallTime kArrival = from_unix_milliseconds(1'795'000'000'123);

TEST_CASE("A bucket is what was written last, and outlives the process", "[store][budget]") {
    OpenStore store;
    const auto stored = [&] {
        return must(BudgetQueries(store.reader()->database()).bucket(kDomainBucket));
    };
    CHECK_FALSE(stored());
    REQUIRE(commit_rows(*store.committer, [](Writer& writer) -> Result<void> {
        TRY(put_bucket(writer, kDomainBucket, kArrival - Seconds(1)));
        TRY(put_bucket(writer, {"https://other.example/", kDomainBucket.limit, "example.net"},
                       kArrival - Seconds(2)));
        return put_bucket(writer, kDomainBucket, kArrival);
    }));
    store.restart();
    CHECK(stored() == kArrival);
    CHECK(must(BudgetQueries(store.reader()->database()).buckets(kCa)).size() == 1);
    REQUIRE(commit_rows(*store.committer,
                        [](Writer& writer) { return erase_full_buckets(writer, kArrival); }));
    CHECK(stored() == kArrival);  // What is not full yet stays; of the other CA it goes.
    CHECK(
        must(BudgetQueries(store.reader()->database()).buckets("https://other.example/")).empty());
    REQUIRE(commit_rows(*store.committer,
                        [](Writer& writer) { return erase_bucket(writer, kDomainBucket); }));
    CHECK_FALSE(stored());
}

TEST_CASE("A token that was taken in a work that fails is not taken", "[store][budget]") {
    OpenStore store;
    CHECK_FALSE(commit_rows(*store.committer, [](Writer& writer) -> Result<void> {
        TRY(put_bucket(writer, kDomainBucket, kArrival));
        return fail(Error{ErrorCode::Conflict, "attempt", "was superseded"});
    }));
    CHECK_FALSE(must(BudgetQueries(store.reader()->database()).bucket(kDomainBucket)));
}

TEST_CASE("Limits that were set can be read, set anew and taken back", "[store][budget]") {
    OpenStore store;
    const LimitRow row{kDomainBucket, 1'000, Seconds(3600), 90, kArrival};
    REQUIRE(commit_rows(*store.committer, [&](Writer& writer) { return put_limit(writer, row); }));
    LimitRow more = row;
    more.count = 2'000;
    REQUIRE(commit_rows(*store.committer, [&](Writer& writer) { return put_limit(writer, more); }));
    const auto limits = must(BudgetQueries(store.reader()->database()).limits(kCa));
    REQUIRE(limits.size() == 1);
    CHECK(limits[0].limit == kDomainBucket);
    CHECK(limits[0].count == 2'000);
    CHECK(limits[0].period == Seconds(3600));
    CHECK(limits[0].share == 90);
    CHECK(limits[0].set_at == kArrival);
    REQUIRE(commit_rows(*store.committer,
                        [](Writer& writer) { return erase_limit(writer, kDomainBucket); }));
    CHECK_FALSE(commit_rows(*store.committer,
                            [](Writer& writer) { return erase_limit(writer, kDomainBucket); }));
}

TEST_CASE("The schema takes no limit, class or number that makes no sense", "[store][budget]") {
    OpenStore store;
    const auto takes = [&](const LimitRow& row) {
        return commit_rows(*store.committer,
                           [&](Writer& writer) { return put_limit(writer, row); });
    };
    const LimitRow good{kDomainBucket, 1, Seconds(1), 1, kArrival};
    CHECK(takes(good));
    LimitRow bad = good;
    bad.count = 0;
    CHECK_FALSE(takes(bad));
    bad = good;
    bad.share = 101;
    CHECK_FALSE(takes(bad));
    bad = good;
    bad.limit.limit = "whatever";
    CHECK_FALSE(takes(bad));
    CHECK_FALSE(commit_rows(*store.committer, [](Writer& writer) {
        return put_parked(writer, {kCa, "reissue", kArrival, ""});
    }));
    REQUIRE(commit_rows(*store.committer, [](Writer& writer) {
        return put_parked(writer, {kCa, "re-issue", kArrival, "too many"});
    }));
    const auto parked = must(BudgetQueries(store.reader()->database()).parked(kCa));
    REQUIRE(parked.size() == 1);
    CHECK(parked[0].until_at == kArrival);
    CHECK(parked[0].reason == "too many");
}

TEST_CASE("Attempts from before there were budgets are neither exempt nor an incident",
          "[store][migrations]") {
    TemporaryFolder folder;
    Database database = open_database(folder.file("db"), Access::Create);
    REQUIRE(migrate(database, migrations().first(7)));
    must(database.execute(
        "PRAGMA foreign_keys = OFF;"
        "INSERT INTO acme_attempts (server_id, state, cause, created_at, changed_at, failures,"
        " problem_type, problem, zone_apex, public_name, internal_name, key_origin, csr,"
        " key_sealed, key_sha256, order_url, finalize_url, certificate_url, chain) VALUES"
        " (1, 'wanted', 'first', 1, 1, 0, '', '', 'a.example.', 'nur1.a.example',"
        " 'i-nur1.a.example', 'managed', x'', x'', zeroblob(32), '', '', '', '')"));
    REQUIRE(migrate(database));
    const auto attempt = must(AcmeQueries(database).attempt(1));
    REQUIRE(attempt);
    CHECK(attempt->public_name == "nur1.a.example");
    CHECK_FALSE(attempt->exempt);
    CHECK_FALSE(attempt->incident);
}

}  // namespace
}  // namespace hairpin::store
