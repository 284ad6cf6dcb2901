#include "store/event_rows.hpp"

#include <catch2/catch.hpp>

#include "store/acme_rows.hpp"
#include "store/grant_rows.hpp"
#include "store/retention.hpp"
#include "store/revocation_rows.hpp"
#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

constexpr auto kZone = "pl-acme.example.net.";

zones::ZoneChange licence_zone(std::string_view more = {}) {
    zones::ZoneChange change = create_zone(kZone, more);
    change.kind = zones::ZoneKind::Licence;
    return change;
}

/// A licence acme with its zone, and server nur1; the server's id.
std::int64_t make_site(OpenStore& store) {
    std::int64_t id = 0;
    REQUIRE(commit_rows(*store.committer,
                        [&](Writer& writer) -> Result<void> {
                            LicenceRow licence;
                            licence.name = "acme";
                            licence.zone_apex = name(kZone);
                            TRY(writer.insert_licence(licence));
                            ServerRow server;
                            server.licence = "acme";
                            server.label = "nur1";
                            id = TRY(writer.insert_server(server));
                            return {};
                        },
                        {licence_zone()}));
    return id;
}

std::vector<EventRow> events(const OpenStore& store, const EventFilter& filter = {},
                             std::int64_t after = 0) {
    auto reader = store.reader();
    return must(EventQueries(reader->database()).after(after, filter, 1'000)).rows;
}

std::string kinds(const std::vector<EventRow>& rows) {
    std::string text;
    for (const EventRow& each : rows)
        text += (text.empty() ? "" : " ") + each.kind;
    return text;
}

/// Those that came since the last call.
struct Since {
    const OpenStore& store;
    std::int64_t last = 0;
    std::vector<EventRow> rows() {
        auto found = events(store, {}, last);
        if (!found.empty()) last = found.back().id;
        return found;
    }
    std::string kinds() { return store::kinds(rows()); }
};

TEST_CASE("A licence, its zone and a server are told of in the order of the commit",
          "[store][events]") {
    OpenStore store;
    make_site(store);
    const auto rows = events(store);
    CHECK(kinds(rows) == "licence.created server.created zone.created");
    for (const EventRow& each : rows) {
        CHECK(each.licence == "acme");
        CHECK(each.actor_kind == "operator");
        CHECK(each.door == "rest");
        CHECK(each.at == store.clock.now());
    }
    CHECK(rows[1].subject == "acme/nur1");
    CHECK(to_json(rows[1]) ==
          "{\"id\":" + std::to_string(rows[1].id) +
              ",\"type\":\"server.created\",\"timestamp\":\"" + to_rfc3339(rows[1].at) +
              "\",\"licence\":\"acme\",\"subject\":\"acme/nur1\",\"by\":\"operator\","
              "\"door\":\"rest\",\"data\":{\"server\":\"nur1\"}}");
}

TEST_CASE("What a work that is refused would have told of is not told", "[store][events]") {
    OpenStore store;
    make_site(store);
    const std::size_t before = events(store).size();
    CHECK_FALSE(commit_rows(*store.committer, [](Writer& writer) -> Result<void> {
        TRY(writer.erase_licence("acme"));
        return fail(Error{ErrorCode::Conflict, "licence", "not now"});
    }));
    CHECK(events(store).size() == before);
}

TEST_CASE("Addresses of servers are told of, old and new, whoever changed them",
          "[store][events]") {
    OpenStore store;
    make_site(store);
    Since since{store};
    static_cast<void>(since.rows());
    REQUIRE(store.submit(replace_a(kZone, "nur1.pl-acme.example.net.", "1.2.3.7")));
    REQUIRE(store.submit(replace_a(kZone, "nur1.pl-acme.example.net.", "1.2.3.8")));
    auto rows = since.rows();
    REQUIRE(kinds(rows) == "server.address_changed server.address_changed");
    CHECK(rows[1].subject == "acme/nur1");
    CHECK(rows[1].data ==
          R"({"server":"nur1","name":"nur1.pl-acme.example.net","role":"public","record":"A",)"
          R"("old":["1.2.3.7"],"new":["1.2.3.8"]})");

    SECTION("not where nothing changed") {
        REQUIRE(store.submit(replace_a(kZone, "nur1.pl-acme.example.net.", "1.2.3.8")));
        CHECK(since.kinds().empty());
    }
    SECTION("not of names that are no server's") {
        REQUIRE(store.submit(replace_a(kZone, "www.pl-acme.example.net.", "1.2.3.8")));
        REQUIRE(store.submit(replace_a(kZone, "nur9.pl-acme.example.net.", "1.2.3.8")));
        CHECK(since.kinds().empty());
    }
}

TEST_CASE("A server that is frozen, thawed, suspended and resumed says so once",
          "[store][events]") {
    OpenStore store;
    const std::int64_t id = make_site(store);
    Since since{store};
    static_cast<void>(since.rows());
    const auto set = [&](ServerState state) {
        REQUIRE(commit_rows(*store.committer, [&](Writer& writer) -> Result<void> {
            auto row = *TRY(writer.read().server(id));
            row.state = state;
            return writer.update_server(row);
        }));
    };
    set(ServerState::Frozen);
    set(ServerState::Frozen);
    set(ServerState::Active);
    set(ServerState::Suspended);
    set(ServerState::Active);
    CHECK(since.kinds() == "server.frozen server.thawed server.suspended server.resumed");
}

TEST_CASE("Credentials are told of without what is secret about them", "[store][events]") {
    OpenStore store;
    const std::int64_t server = make_site(store);
    Since since{store};
    static_cast<void>(since.rows());
    CredentialRow row;
    row.kind = CredentialKind::Server;
    row.server_id = server;
    row.label = "first";
    row.token_hash.fill(0xab);
    row.tsig_sealed = {1, 2, 3};
    std::int64_t second = 0;
    REQUIRE(commit_rows(*store.committer, [&](Writer& writer) -> Result<void> {
        TRY(writer.insert_credential(row));
        row.token_hash.fill(0xac);
        second = TRY(writer.insert_credential(row));
        return writer.expire_credentials_of_server(server, second, writer.now() + Seconds(60));
    }));
    REQUIRE(commit_rows(*store.committer, [&](Writer& writer) -> Result<void> {
        TRY(writer.revoke_credential(second));
        return writer.revoke_credential(second);  // Told of once.
    }));
    const auto rows = since.rows();
    CHECK(kinds(rows) ==
          "credential.created credential.created credential.rotated credential.revoked");
    for (const EventRow& each : rows) {
        CHECK(each.licence == "acme");
        CHECK(each.data.find("abab") == std::string::npos);
    }
    CHECK(rows[2].data.find("\"successor\":" + std::to_string(second)) != std::string::npos);
}

TEST_CASE("Certificates are told of: issued, renewed, deployed, failed, blocked, revoked",
          "[store][events][acme]") {
    OpenStore store;
    const std::int64_t server = make_site(store);
    Since since{store};
    static_cast<void>(since.rows());
    CertificateRow row;
    row.server_id = server;
    row.not_before = store.clock.now();
    row.not_after = store.clock.now() + Seconds(3600);
    row.chain = "PEM";
    std::int64_t id = 0;
    REQUIRE(commit_rows(*store.committer, [&](Writer& writer) -> Result<void> {
        id = TRY(insert_certificate(writer, row));
        row.sha256.fill(7);
        TRY(insert_certificate(writer, row));
        TRY(set_deployed(writer, id));
        return set_deployed(writer, id);  // Twice is once.
    }));
    CHECK(since.kinds() == "certificate.issued certificate.renewed certificate.deployed");

    REQUIRE(commit_rows(*store.committer, [&](Writer& writer) -> Result<void> {
        AcmeAttemptRow attempt;
        attempt.server_id = server;
        attempt.zone_apex = name(kZone);
        attempt.public_name = "nur1.pl-acme.example.net";
        attempt.id = TRY(insert_attempt(writer, attempt));
        attempt.state = AttemptState::Backoff;
        attempt.problem = "the CA said \"no\"";
        TRY(update_attempt(writer, attempt, AttemptState::Wanted));
        TRY(update_attempt(writer, attempt, AttemptState::Backoff));  // No news.
        attempt.state = AttemptState::Blocked;
        return update_attempt(writer, attempt, AttemptState::Backoff);
    }));
    auto rows = since.rows();
    REQUIRE(kinds(rows) == "certificate.failed certificate.blocked");
    CHECK(rows[0].data.find(R"("problem":"the CA said \"no\"")") != std::string::npos);

    REQUIRE(commit_rows(*store.committer, [&](Writer& writer) -> Result<void> {
        RevocationRow revoked;
        revoked.sha256 = row.sha256;
        revoked.subject = "acme/nur1";
        revoked.asked_at = writer.now();
        revoked.next_at = writer.now();
        TRY(insert_revocation(writer, revoked));
        auto stored = *TRY(revocation(writer.database(), row.sha256));
        TRY(update_revocation(writer, stored));  // It will be asked again.
        stored.next_at.reset();
        stored.done_at = writer.now();
        return update_revocation(writer, stored);
    }));
    rows = since.rows();
    REQUIRE(kinds(rows) == "certificate.revoked");
    CHECK(rows[0].licence == "acme");
}

TEST_CASE("A reader is told what it asked for, from where it was", "[store][events]") {
    OpenStore store;
    make_site(store);
    REQUIRE(store.submit(create_zone("plain.example.")));
    CHECK(kinds(events(store, {{"zone.*"}, ""})) == "zone.created zone.created");
    CHECK(kinds(events(store, {{"zone.*", "server.created"}, "acme"})) ==
          "server.created zone.created");
    CHECK(kinds(events(store, {{}, "beta"})).empty());

    auto reader = store.reader();
    EventQueries queries(reader->database());
    const auto first = must(queries.after(0, {}, 2));
    CHECK(first.rows.size() == 2);
    CHECK(first.has_more);
    CHECK(first.looked_at == first.rows.back().id);
    const auto rest = must(queries.after(first.looked_at, {}, 10));
    CHECK(rest.rows.size() == 2);
    CHECK_FALSE(rest.has_more);
    CHECK(rest.looked_at == must(queries.newest()));
    // What is passed over is looked at once.
    CHECK(must(queries.after(0, {{"licence.withdrawn"}, ""}, 10)).looked_at ==
          must(queries.newest()));
}

TEST_CASE("The committer says that there are new events, and which is the newest",
          "[store][events]") {
    CommitterOptions options;
    std::atomic<std::int64_t> heard{0};
    options.on_events = [&](std::int64_t last) { heard = last; };
    OpenStore store(std::move(options));
    make_site(store);
    auto reader = store.reader();
    CHECK(heard == must(EventQueries(reader->database()).newest()));
    const std::int64_t before = heard;
    REQUIRE(store.submit(replace_a(kZone, "www.pl-acme.example.net.", "1.2.3.8")));
    CHECK(heard == before);  // That is none.
}

TEST_CASE("Events are pruned by age and by count, and their ids are never used again",
          "[store][events][retention]") {
    OpenStore store;
    make_site(store);
    store.clock.advance(std::chrono::hours(2));
    REQUIRE(store.submit(create_zone("plain.example.")));
    store.committer->stop();
    Database database = open_database(store.path());
    const auto prune_with = [&](const Retention& retention) {
        Transaction transaction = must(Transaction::begin(database));
        must(prune(database, retention, store.clock.now()));
        must(transaction.commit());
    };
    Retention retention;
    retention.event_age = std::chrono::hours(1);
    prune_with(retention);
    CHECK(kinds(events(store)) == "zone.created");
    const std::int64_t newest = must(EventQueries(database).newest());
    retention.event_rows = 0;
    retention.event_age = std::chrono::hours(0);
    store.clock.advance(Milliseconds(1));
    prune_with(retention);
    CHECK(events(store).empty());
    CHECK(must(EventQueries(database).newest()) == newest);
    EventRow row;
    row.kind = "zone.created";
    row.data = "{}";
    CHECK(must(insert_event(database, row)) == newest + 1);
}

TEST_CASE("Patterns of kinds", "[store][events]") {
    CHECK(matches_kind("*", "zone.created"));
    CHECK(matches_kind("zone.*", "zone.created"));
    CHECK(matches_kind("*.created", "zone.created"));
    CHECK(matches_kind("*e*e*", "zone.created"));
    CHECK(matches_kind("zone.created", "zone.created"));
    CHECK(matches_kind("zone.created*", "zone.created"));
    CHECK_FALSE(matches_kind("zone", "zone.created"));
    CHECK_FALSE(matches_kind("zone.create", "zone.created"));
    CHECK_FALSE(matches_kind("*.dropped", "zone.created"));
    CHECK_FALSE(matches_kind("", "zone.created"));
    CHECK_FALSE(matches_kind("*x*", "zone.created"));
    CHECK(is_kind_pattern("server.address_changed"));
    CHECK(is_kind_pattern("*"));
    for (const char* wrong : {"", "Zone.*", "zone *", "zone,*", "zone?"})
        CHECK_FALSE(is_kind_pattern(wrong));
    CHECK_FALSE(is_kind_pattern(std::string(65, 'a')));
}

TEST_CASE("Each kind has a word of its own", "[store][events]") {
    std::vector<std::string_view> words;
    for (std::size_t kind = 0; kind < kEventKinds; ++kind)
        words.push_back(to_string(static_cast<EventKind>(kind)));
    CHECK(to_string(EventKind::WebhookDisabled) == "webhook.disabled");
    std::sort(words.begin(), words.end());
    CHECK(std::adjacent_find(words.begin(), words.end()) == words.end());
    CHECK(is_kind_pattern(words.front()));
}

}  // namespace
}  // namespace hairpin::store
