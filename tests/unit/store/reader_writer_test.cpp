#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "store/backup.hpp"
#include "store/reader.hpp"
#include "store/writer.hpp"
#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

Sha256 hash(std::string_view token) {
    return sha256(as_octets(token));
}

// One connection that writes and reads, with two zones for licences to own.
struct Rows {
    Rows() : database(make_database(folder.file("db"))), writer(database, zones, clock.now()) {
        for (const char* apex : {"pl-acme.example.net.", "pl-beta.example.net."})
            must(database.run(
                "INSERT INTO zones (apex, kind, serial, created_at) VALUES (?1, 'licence', 1, 0)",
                std::string_view(apex)));
    }
    void licence(const std::string& label) {
        LicenceRow row;
        row.name = label;
        row.zone_apex = name("PL-" + label + ".example.net.");
        row.plan = "basic";
        row.expires_at = clock.now() + std::chrono::hours(24);
        row.created_at = clock.now();
        must(writer.insert_licence(row));
    }
    std::int64_t server(const std::string& licence_name, const std::string& label) {
        ServerRow row;
        row.licence = licence_name;
        row.label = label;
        row.port = 8443;
        row.created_at = clock.now();
        return must(writer.insert_server(row));
    }
    std::int64_t credential(std::string_view token, std::optional<std::int64_t> server_id) {
        CredentialRow row;
        row.kind = server_id ? CredentialKind::Server : CredentialKind::Operator;
        row.token_hash = hash(token);
        row.server_id = server_id;
        row.label = token;
        row.created_at = clock.now();
        row.tsig_name = "nur1.pl-acme.example.net.";
        row.tsig_algorithm = "hmac-sha256";
        row.tsig_sealed = {1, 2, 3};
        return must(writer.insert_credential(row));
    }

    TemporaryFolder folder;
    ManualClock clock;
    zones::ZoneTable zones;
    Database database;
    Writer writer;
};

TEST_CASE("A token's hash finds credential, server and licence in one answer", "[store][reader]") {
    Rows rows;
    rows.licence("acme");
    const std::int64_t server_id = rows.server("acme", "nur1");
    const std::int64_t credential_id = rows.credential("secret", server_id);
    rows.credential("operator", std::nullopt);

    const auto identity = must(rows.writer.read().credential_by_hash(hash("secret")));

    REQUIRE(identity);
    CHECK(identity->credential.id == credential_id);
    CHECK(identity->credential.kind == CredentialKind::Server);
    CHECK(identity->credential.token_hash == hash("secret"));
    CHECK(identity->credential.tsig_sealed == Octets{1, 2, 3});
    REQUIRE(identity->server);
    CHECK(identity->server->id == server_id);
    CHECK(identity->server->label == "nur1");
    CHECK(identity->server->port == 8443);
    CHECK(identity->server->report == Report{});
    CHECK(identity->server->online == Online::Unknown);
    REQUIRE(identity->licence);
    CHECK(identity->licence->name == "acme");
    CHECK(identity->licence->zone_apex.text() == "pl-acme.example.net.");
    CHECK(identity->licence->expires_at == rows.clock.now() + std::chrono::hours(24));

    const auto office = must(rows.writer.read().credential_by_hash(hash("operator")));
    REQUIRE(office);
    CHECK(office->credential.kind == CredentialKind::Operator);
    CHECK_FALSE(office->server);
    CHECK_FALSE(office->licence);
    CHECK_FALSE(must(rows.writer.read().credential_by_hash(hash("guess"))));
}

TEST_CASE("The heartbeat's question is answered from indexes alone", "[store][reader]") {
    Rows rows;
    Statement plan = must(rows.database.statement(
        "EXPLAIN QUERY PLAN SELECT 1 FROM credentials c LEFT JOIN servers s ON s.id = c.server_id"
        " LEFT JOIN licences l ON l.name = s.licence WHERE c.token_hash = x'00'"));
    while (must(plan.step())) {
        INFO(plan.text(3));
        CHECK(plan.text(3).find("SEARCH") == 0);
    }
}

TEST_CASE("A licence is one name and one zone", "[store][writer]") {
    Rows rows;
    rows.licence("acme");
    LicenceRow same_name;
    same_name.name = "acme";
    same_name.zone_apex = name("pl-beta.example.net.");
    const auto twice = rows.writer.insert_licence(same_name);
    REQUIRE_FALSE(twice);
    CHECK(twice.error() == Error{ErrorCode::Conflict, "acme", "it exists already"});
    LicenceRow same_zone;
    same_zone.name = "other";
    same_zone.zone_apex = name("pl-acme.example.net.");
    CHECK(rows.writer.insert_licence(same_zone).error().code == ErrorCode::Conflict);
    CHECK(must(rows.writer.read().licence_of_zone(name("PL-ACME.example.net.")))->name == "acme");
}

TEST_CASE("An update holds only against the version it was made from", "[store][writer]") {
    Rows rows;
    rows.licence("acme");
    const std::int64_t server_id = rows.server("acme", "nur1");

    auto licence = must(rows.writer.read().licence("acme")).value();
    licence.state = LicenceState::Suspended;
    licence.plan = "gold";
    licence.expires_at.reset();
    REQUIRE(rows.writer.update_licence(licence));
    CHECK(rows.writer.update_licence(licence).error().code == ErrorCode::Conflict);
    const auto updated = must(rows.writer.read().licence("acme")).value();
    CHECK(updated.version == 2);
    CHECK(updated.state == LicenceState::Suspended);
    CHECK(updated.plan == "gold");
    CHECK_FALSE(updated.expires_at);
    licence.name = "gone";
    CHECK(rows.writer.update_licence(licence).error().code == ErrorCode::NotFound);

    auto server = must(rows.writer.read().server(server_id)).value();
    server.port = 443;
    server.state = ServerState::Frozen;
    REQUIRE(rows.writer.update_server(server));
    CHECK(rows.writer.update_server(server).error().code == ErrorCode::Conflict);
    CHECK(must(rows.writer.read().server("acme", "nur1"))->port == 443);
    CHECK(must(rows.writer.read().server("acme", "nur1"))->state == ServerState::Frozen);
    server.id = 999;
    CHECK(rows.writer.update_server(server).error().code == ErrorCode::NotFound);
}

TEST_CASE("Erasing takes along what belongs to it", "[store][writer]") {
    Rows rows;
    rows.licence("acme");
    rows.licence("beta");
    const std::int64_t one = rows.server("acme", "nur1");
    rows.server("acme", "nur2");
    rows.server("beta", "nur1");
    rows.credential("one", one);

    REQUIRE(rows.writer.erase_server(one));
    CHECK_FALSE(must(rows.writer.read().credential_by_hash(hash("one"))));
    CHECK(rows.writer.erase_server(one).error().code == ErrorCode::NotFound);
    REQUIRE(rows.writer.erase_licence("acme"));
    CHECK(rows.writer.erase_licence("acme").error().code == ErrorCode::NotFound);
    const auto counts = must(rows.writer.read().counts());
    CHECK(counts.licences == 1);
    CHECK(counts.servers == 1);
    CHECK(counts.zones == 2);                      // Zones go by a Change, not by a row.
    CHECK(rows.server("beta", "nur2") > one + 2);  // Ids are never used again.
}

TEST_CASE("A server needs its licence, and its label once in it", "[store][writer]") {
    Rows rows;
    rows.licence("acme");
    rows.server("acme", "nur1");
    ServerRow row;
    row.licence = "acme";
    row.label = "nur1";
    const auto twice = rows.writer.insert_server(row);
    REQUIRE_FALSE(twice);
    CHECK(twice.error().subject == "acme/nur1");
    CHECK(twice.error().code == ErrorCode::Conflict);
    row.licence = "nobody";
    CHECK(rows.writer.insert_server(row).error().code == ErrorCode::Conflict);
}

TEST_CASE("Pages follow one another without gap or repetition", "[store][reader]") {
    Rows rows;
    rows.licence("acme");
    for (int each = 0; each < 25; ++each)
        rows.server("acme", "nur" + std::to_string(each));
    std::vector<std::string> labels;
    std::string cursor;
    for (;;) {
        const auto page = must(rows.writer.read().servers("acme", 10, cursor));
        for (const ServerRow& row : page)
            labels.push_back(row.label);
        if (page.size() < 10) break;
        cursor = page.back().label;
    }
    CHECK(labels.size() == 25);
    CHECK(std::is_sorted(labels.begin(), labels.end()));
    CHECK(std::adjacent_find(labels.begin(), labels.end()) == labels.end());
    CHECK(must(rows.writer.read().servers("acme", 0, "")).size() == 1);
    CHECK(must(rows.writer.read().all_servers(5, 20)).size() == 5);
    CHECK(must(rows.writer.read().licences(10, "")).size() == 1);
    CHECK(must(rows.writer.read().licences(10, "acme")).empty());
    CHECK(must(rows.writer.read().zones(1, "pl-acme.example.net."))[0].apex ==
          name("pl-beta.example.net."));
}

TEST_CASE("Credentials are revoked once and expire together", "[store][writer]") {
    Rows rows;
    rows.licence("acme");
    const std::int64_t server_id = rows.server("acme", "nur1");
    const std::int64_t older = rows.credential("older", server_id);
    const std::int64_t newer = rows.credential("newer", server_id);
    const WallTime soon = rows.clock.now() + std::chrono::hours(1);

    REQUIRE(rows.writer.expire_credentials_of_server(server_id, newer, soon));
    REQUIRE(
        rows.writer.expire_credentials_of_server(server_id, newer, soon + std::chrono::hours(9)));
    CHECK(must(rows.writer.read().credential(older))->expires_at == soon);  // Never later again.
    CHECK_FALSE(must(rows.writer.read().credential(newer))->expires_at);

    REQUIRE(rows.writer.revoke_credentials_of_server(server_id, newer));
    CHECK(must(rows.writer.read().credential(older))->revoked_at == rows.clock.now());
    CHECK_FALSE(must(rows.writer.read().credential(newer))->revoked_at);
    rows.clock.advance(Seconds{5});
    Writer later(rows.database, rows.zones, rows.clock.now());
    REQUIRE(later.revoke_credential(older));
    CHECK(must(rows.writer.read().credential(older))->revoked_at != rows.clock.now());
    CHECK(later.revoke_credential(999).error().code == ErrorCode::NotFound);
    CHECK(must(rows.writer.read().credentials_of_server(server_id)).size() == 2);
}

TEST_CASE("The same token cannot stand for two credentials", "[store][writer]") {
    Rows rows;
    rows.credential("secret", std::nullopt);
    CredentialRow row;
    row.kind = CredentialKind::Operator;
    row.token_hash = hash("secret");
    CHECK(rows.writer.insert_credential(row).error().code == ErrorCode::Conflict);
    row.token_hash = hash("other");
    row.kind = CredentialKind::Server;  // Without a server.
    CHECK(rows.writer.insert_credential(row).error().code == ErrorCode::Invalid);
}

TEST_CASE("An idempotency key answers once and belongs to its credential", "[store][writer]") {
    Rows rows;
    IdempotencyRow row;
    row.credential_id = rows.credential("secret", std::nullopt);
    row.key = "abc";
    row.request_sha256 = hash("request");
    row.status = 201;
    row.headers = "location: /v1/zones/x\r\n";
    row.body = {0, 1, 2};
    row.at = rows.clock.now();
    REQUIRE(rows.writer.insert_idempotency(row));
    CHECK(rows.writer.insert_idempotency(row).error().code == ErrorCode::Conflict);

    const auto stored = must(rows.writer.read().idempotency(row.credential_id, "abc"));
    REQUIRE(stored);
    CHECK(stored->request_sha256 == row.request_sha256);
    CHECK(stored->status == 201);
    CHECK(stored->headers == row.headers);
    CHECK(stored->body == row.body);
    CHECK_FALSE(must(rows.writer.read().idempotency(row.credential_id, "abd")));
    CHECK_FALSE(must(rows.writer.read().idempotency(row.credential_id + 1, "abc")));
}

TEST_CASE("A Reader sees a commit of another connection at once, and cannot write",
          "[store][reader]") {
    Rows rows;
    Reader reader = must(Reader::open(rows.folder.file("db")));
    CHECK(must(reader->licences(10, "")).empty());
    rows.licence("acme");
    Reader moved = std::move(reader);
    CHECK(must(moved->licences(10, "")).size() == 1);
    CHECK(moved->database().run("DELETE FROM licences").error().code == ErrorCode::Unavailable);
}

TEST_CASE("Every state of every row goes to the database and back", "[store][records]") {
    Rows rows;
    rows.licence("acme");
    const std::int64_t server_id = rows.server("acme", "nur1");
    for (const auto state : {ServerState::Suspended, ServerState::Frozen, ServerState::Active}) {
        auto server = must(rows.writer.read().server(server_id)).value();
        server.state = state;
        REQUIRE(rows.writer.update_server(server));
        CHECK(must(rows.writer.read().server(server_id))->state == state);
    }
    for (const auto outcome : {Outcome::Done, Outcome::Refused}) {
        AuditRow row;
        row.at = rows.clock.now();
        row.actor = {"operator", "ops", "192.0.2.1", "rest"};
        row.outcome = outcome;
        REQUIRE(rows.writer.audit(row));
        CHECK(must(rows.writer.read().audit(1, 0)).at(0).outcome == outcome);
        CHECK(must(rows.writer.read().audit(1, 0)).at(0).actor == row.actor);
    }
}

TEST_CASE("A reader follows when its file is replaced, but not to another database",
          "[store][reader][invariant6]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone("old.example.")));
    Reader reader = store.reader();
    REQUIRE(must(reader->zone(name("old.example."))));
    const std::string copy = store.folder.file("copy");
    bool is_same_history = true;
    SECTION("a copy") {
        REQUIRE(back_up(store.path(), copy));
    }
    SECTION("another database") {
        const Database other = make_database(copy);
        is_same_history = false;
    }
    store.committer.reset();
    for (const char* suffix : {"-wal", "-shm"})
        std::filesystem::remove(store.path() + suffix);
    std::filesystem::rename(copy, store.path());
    store.restart();
    REQUIRE(store.submit(create_zone("new.example.")));
    std::this_thread::sleep_for(Milliseconds{300});

    CHECK(must(reader->zone(name("new.example."))).has_value() == is_same_history);
    CHECK(must(reader->zone(name("old.example."))));
}

TEST_CASE("A reader that is being read does not move", "[store][reader]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone("old.example.")));
    Reader reader = store.reader();
    {
        Statement rows = must(reader->database().statement("SELECT apex FROM zones"));
        REQUIRE(must(rows.step()));
        const std::string copy = store.folder.file("copy");
        REQUIRE(back_up(store.path(), copy));
        store.committer.reset();
        for (const char* suffix : {"-wal", "-shm"})
            std::filesystem::remove(store.path() + suffix);
        std::filesystem::rename(copy, store.path());
        store.restart();
        REQUIRE(store.submit(create_zone("new.example.")));
        std::this_thread::sleep_for(Milliseconds{300});
        CHECK_FALSE(must(reader->zone(name("new.example."))));
        CHECK(rows.text(0) == "old.example.");
    }
    std::this_thread::sleep_for(Milliseconds{300});
    CHECK(must(reader->zone(name("new.example."))));
}

}  // namespace
}  // namespace hairpin::store
