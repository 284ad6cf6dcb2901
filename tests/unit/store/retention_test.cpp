#include "store/retention.hpp"

#include <catch2/catch.hpp>

#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

constexpr auto kApex = "pl-acme.example.net.";

void change_often(OpenStore& store, int times, Milliseconds apart) {
    for (int each = 0; each < times; ++each) {
        REQUIRE(store.submit(replace_a(kApex, "a.pl-acme.example.net.",
                                       "192.0.2." + std::to_string(1 + each % 200))));
        store.clock.advance(apart);
    }
}

Pruned prune_in_transaction(Database& database, const Retention& retention, WallTime now) {
    Transaction transaction = must(Transaction::begin(database));
    const Pruned pruned = must(prune(database, retention, now));
    must(transaction.commit());
    return pruned;
}

TEST_CASE("The journal and the audit are pruned by age, in bounded steps", "[store][retention]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex)));
    change_often(store, 50, std::chrono::hours(1));
    store.committer->stop();
    Database database = open_database(store.path());
    Queries queries(database);
    Retention retention;
    retention.journal_age = std::chrono::hours(20);
    retention.condensed_age = std::chrono::hours(0);
    retention.audit_age = std::chrono::hours(10);
    retention.rows_per_step = 8;

    Pruned step = prune_in_transaction(database, retention, store.clock.now());
    CHECK(step.more);
    CHECK(step.rows == 16 + 2);  // Eight of each, and the two that the journal's became.
    while (step.more)
        step = prune_in_transaction(database, retention, store.clock.now());

    const auto journal = must(queries.journal_page(name(kApex), 100, 0));
    CHECK(journal.size() == 20);
    CHECK(must(queries.audit(100, 0)).size() == 10);
    // What is left is a whole chain up to now.
    CHECK(journal.front().serial_after == store.zone(kApex)->serial());
    CHECK(must(queries.journal_since(name(kApex), journal.back().serial_before, 100)).size() == 20);
    CHECK(must(queries.journal_since(name(kApex), journal.back().serial_before - 1, 100)).empty());
}

TEST_CASE("The journal is pruned by size", "[store][retention]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex)));
    change_often(store, 100, Milliseconds(10));
    store.committer->stop();
    Database database = open_database(store.path());
    Queries queries(database);
    Retention retention;
    retention.journal_octets = 2000;
    retention.condensed_octets = 0;
    while (prune_in_transaction(database, retention, store.clock.now()).rows != 0) {
    }
    std::size_t octets = 0;
    const auto left = must(queries.journal_page(name(kApex), 1000, 0));
    for (const JournalRow& row : left)
        octets += row.difference.size();
    CHECK(octets <= 2000);
    CHECK(octets > 1500);
    CHECK(left.front().serial_after == store.zone(kApex)->serial());
}

TEST_CASE("A commit is never cut in the middle", "[store][retention]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex)));
    zones::ZoneChange many = create_zone("many.example.");
    for (int each = 0; each < 70'000; ++each)
        many.edits.push_back(edit(zones::EditKind::ReplaceRRset,
                                  "h" + std::to_string(each) + ".many.example.", zones::RType::A,
                                  {"192.0.2.1"}));
    store.clock.advance(Seconds{1});
    REQUIRE(store.submit(many));
    store.clock.advance(Seconds{1});
    REQUIRE(store.submit(replace_a("many.example.", "x.many.example.", "192.0.2.1")));
    store.committer->stop();
    Database database = open_database(store.path());
    Queries queries(database);
    const std::size_t parts = must(queries.journal_page(name("many.example."), 100, 0)).size() - 1;
    REQUIRE(parts > 2);
    Retention retention;
    retention.journal_age = std::chrono::hours(0);
    retention.condensed_age = std::chrono::hours(0);
    retention.rows_per_step = 2;  // The first row, and the first part of the large zone.

    const Pruned pruned = prune_in_transaction(database, retention, store.clock.now());

    CHECK(pruned.rows >= 1 + parts);
    CHECK(must(queries.journal_page(name("many.example."), 100, 0)).size() <= 1);
}

TEST_CASE("The committer prunes by itself while idle", "[store][retention][committer]") {
    CommitterOptions options;
    options.retention.journal_age = std::chrono::hours(1);
    options.retention.condensed_age = std::chrono::hours(0);
    options.retention.interval = Milliseconds{1};
    OpenStore store(std::move(options));
    REQUIRE(store.submit(create_zone(kApex)));
    change_often(store, 20, Milliseconds(10));
    store.clock.advance(std::chrono::hours(2));
    while (store.committer->counters().pruned_rows.load() < 21)
        std::this_thread::yield();
    CHECK(must(store.reader()->journal_page(name(kApex), 100, 0)).empty());
    // Nothing else depends on it.
    change_often(store, 1, Milliseconds(10));
    CHECK(must(store.reader()->journal_page(name(kApex), 100, 0)).size() == 1);
}

TEST_CASE("Old idempotency keys go", "[store][retention]") {
    OpenStore store;
    store.committer->stop();
    Database database = open_database(store.path());
    Writer writer(database, *store.published->snapshot(), store.clock.now());
    CredentialRow credential;
    credential.kind = CredentialKind::Operator;
    IdempotencyRow row;
    row.credential_id = must(writer.insert_credential(credential));
    row.status = 200;
    row.key = "old";
    row.at = store.clock.now() - std::chrono::hours(25);
    must(writer.insert_idempotency(row));
    row.key = "new";
    row.at = store.clock.now() - std::chrono::hours(23);
    must(writer.insert_idempotency(row));

    CHECK(prune_in_transaction(database, {}, store.clock.now()).rows == 1);
    CHECK_FALSE(must(writer.read().idempotency(row.credential_id, "old")));
    CHECK(must(writer.read().idempotency(row.credential_id, "new")));
}

TEST_CASE("The serials of dropped zones are forgotten in time", "[store][retention]") {
    OpenStore store;
    store.committer->stop();
    Database database = open_database(store.path());
    Retention retention;
    retention.retired_age = std::chrono::hours(10);
    retention.rows_per_step = 8;
    for (int hours = 1; hours <= 30; ++hours)
        must(database.run("INSERT INTO retired_zones (apex, serial, at) VALUES (?1, 7, ?2)",
                          "z" + std::to_string(hours) + ".example.",
                          store.clock.now() - std::chrono::hours(hours)));

    Pruned step = prune_in_transaction(database, retention, store.clock.now());
    CHECK(step.rows == 8);
    while (step.more)
        step = prune_in_transaction(database, retention, store.clock.now());

    Statement left = must(database.statement("SELECT count(*), min(at) FROM retired_zones"));
    REQUIRE(must(left.step()));
    CHECK(left.integer(0) == 10);
    CHECK(left.time(1) == store.clock.now() - std::chrono::hours(10));
}

}  // namespace
}  // namespace hairpin::store
