#include "store/seen.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

SeenUpdate at(std::int64_t server_id, std::int64_t milliseconds) {
    SeenUpdate update;
    update.server_id = server_id;
    update.last_seen_at = from_unix_milliseconds(milliseconds);
    return update;
}

TEST_CASE("Updates of one server become one, the newest winning field by field", "[store][seen]") {
    SeenBuffer buffer(10);
    SeenUpdate first = at(1, 100);
    first.report = Report{};
    first.report->agent = "one";
    buffer.put(first);
    buffer.put(at(1, 200));
    SeenUpdate online;
    online.server_id = 1;
    online.online = Online::Online;
    buffer.put(online);

    const auto batch = buffer.take();

    REQUIRE(batch.servers.size() == 1);
    CHECK(batch.servers[0].last_seen_at == from_unix_milliseconds(200));
    REQUIRE(batch.servers[0].report);
    CHECK(batch.servers[0].report->agent == "one");
    CHECK(batch.servers[0].online == Online::Online);
    CHECK(buffer.empty());
}

TEST_CASE("What is given back is older than what came meanwhile", "[store][seen]") {
    SeenBuffer buffer(10);
    SeenUpdate failed = at(1, 100);
    failed.online = Online::Online;
    buffer.put(failed);
    buffer.put(at(2, 100));
    buffer.put_used(7, from_unix_milliseconds(100));
    auto batch = buffer.take();
    buffer.put(at(1, 300));
    buffer.put_used(7, from_unix_milliseconds(300));

    buffer.give_back(std::move(batch));

    auto again = buffer.take();
    REQUIRE(again.servers.size() == 2);
    std::sort(again.servers.begin(), again.servers.end(),
              [](const auto& a, const auto& b) { return a.server_id < b.server_id; });
    CHECK(again.servers[0].last_seen_at == from_unix_milliseconds(300));
    CHECK(again.servers[0].online == Online::Online);  // Not said again since, so still wanted.
    CHECK(again.servers[1].last_seen_at == from_unix_milliseconds(100));
    CHECK(again.credentials.at(7) == from_unix_milliseconds(300));
}

TEST_CASE("The buffer is bounded and counts what it dropped", "[store][seen]") {
    SeenBuffer buffer(2);
    for (std::int64_t id = 1; id <= 5; ++id)
        buffer.put(at(id, 1));
    buffer.put(at(1, 2));  // A known server is never dropped.
    CHECK(buffer.dropped() == 3);
    CHECK(buffer.take().servers.size() == 2);
}

TEST_CASE("Servers that were heard are given back and bounded like the rest", "[store][seen]") {
    SeenBuffer buffer(3);
    const std::vector<HeardAt> heard = {{4, from_unix_milliseconds(1)},
                                        {2, from_unix_milliseconds(2)},
                                        {3, from_unix_milliseconds(3)},
                                        {1, from_unix_milliseconds(4)}};
    buffer.put_heard(heard);
    CHECK(buffer.dropped() == 1);
    CHECK_FALSE(buffer.empty());
    auto batch = buffer.take();
    CHECK(buffer.empty());
    REQUIRE(batch.heard.size() == 3);
    CHECK(batch.heard.front().server_id == 2);  // By number.
    CHECK(batch.heard.back().server_id == 4);
    buffer.give_back(std::move(batch));
    CHECK(buffer.take().size() == 3);
}

// A licence with one server, through the committer.
std::int64_t make_server(OpenStore& store) {
    std::int64_t server_id = 0;
    Work work = as_work({create_zone("pl-acme.example.net.")});
    work.rows = [&](Writer& writer, zones::Change&) -> Result<void> {
        LicenceRow licence;
        licence.name = "acme";
        licence.zone_apex = name("pl-acme.example.net.");
        TRY(writer.insert_licence(licence));
        ServerRow server;
        server.licence = "acme";
        server.label = "nur1";
        server_id = TRY(writer.insert_server(server));
        return {};
    };
    REQUIRE(store.submit(std::move(work)));
    return server_id;
}

TEST_CASE("A report reaches the server's row without a change of its zone",
          "[store][seen][committer]") {
    OpenStore store;
    const std::int64_t server_id = make_server(store);
    const std::uint32_t serial = store.zone("pl-acme.example.net.")->serial();
    SeenUpdate update = at(server_id, 5000);
    update.online = Online::Online;
    update.report = Report{};
    update.report->machine = "m1";
    update.report->boot = "b1";
    update.report->agent = "hairpin-agent/1.0";
    update.report->internal_name = "filtered";
    update.report->observed = IpAddress::parse("203.0.113.10");
    update.report->public_mode = PublicMode::Fixed;
    update.report->public_addresses = {*IpAddress::parse("203.0.113.10"),
                                       *IpAddress::parse("2001:db8::1")};
    update.report->private_addresses = {*IpAddress::parse("192.168.1.11")};
    update.report->certificate = sha256(as_octets("leaf"));
    store.committer->seen(update);
    store.committer->stop();

    Reader reader = store.reader();
    const auto server = must(reader->server(server_id));
    REQUIRE(server);
    CHECK(server->report == *update.report);
    CHECK(server->last_seen_at == update.last_seen_at);
    CHECK(server->online == Online::Online);
    CHECK(server->version == 1);  // A report is not an edit of the resource.
    CHECK(store.zone("pl-acme.example.net.")->serial() == serial);
    CHECK(must(reader->counts()).servers_online == 1);
    CHECK(must(reader->silent_since(from_unix_milliseconds(5001), 10)).size() == 1);
    CHECK(must(reader->silent_since(from_unix_milliseconds(5000), 10)).empty());
    CHECK(store.committer->counters().seen_rows.load() == 1);
}

TEST_CASE("A server that was heard is online and last seen then, unless it was seen later",
          "[store][seen][committer]") {
    struct Case {
        const char* why;
        std::optional<std::int64_t> seen;
        Online online;
        std::int64_t heard;
        std::int64_t last_seen;
        Online online_then;
    };
    const auto each = GENERATE(values<Case>({
        {"never seen", {}, Online::Unknown, 5'000, 5'000, Online::Online},
        {"online", 4'000, Online::Online, 5'000, 5'000, Online::Online},
        {"offline", 4'000, Online::Offline, 5'000, 5'000, Online::Online},
        {"a report came later", 6'000, Online::Online, 5'000, 6'000, Online::Online},
        {"silent since, and offline", 6'000, Online::Offline, 5'000, 6'000, Online::Offline},
    }));
    INFO(each.why);
    OpenStore store;
    const std::int64_t server_id = make_server(store);
    SeenUpdate before;
    before.server_id = server_id;
    if (each.seen) before.last_seen_at = from_unix_milliseconds(*each.seen);
    before.online = each.online;
    store.committer->seen(before);
    store.committer->heard(
        std::vector<HeardAt>{{server_id, from_unix_milliseconds(each.heard)},
                             {server_id + 1, from_unix_milliseconds(each.heard)}});  // It is gone.
    store.committer->stop();
    Reader reader = store.reader();
    const auto server = must(reader->server(server_id));
    REQUIRE(server);
    CHECK(server->last_seen_at == from_unix_milliseconds(each.last_seen));
    CHECK(server->online == each.online_then);
}

TEST_CASE("A thousand heartbeats of one server are one row written", "[store][seen][committer]") {
    OpenStore store;
    const std::int64_t server_id = make_server(store);
    const auto commits = store.committer->counters().commits.load();
    for (int each = 0; each < 1000; ++each)
        store.committer->seen(at(server_id, each));
    store.committer->stop();
    CHECK(store.committer->counters().seen_rows.load() == 1);
    CHECK(store.committer->counters().commits.load() == commits + 1);
}

TEST_CASE("One report that breaks a rule of the schema does not keep the others out",
          "[store][seen]") {
    OpenStore store;
    const std::int64_t server_id = make_server(store);
    Database database = open_database(store.path());
    SeenBuffer::Batch batch;
    SeenUpdate broken = at(server_id, 1);
    broken.report = Report{};
    broken.report->internal_name = "nonsense";
    batch.servers = {broken, at(server_id, 7000), at(999, 1)};

    CHECK(must(write_seen(database, batch)) == 1);
    Queries queries(database);
    CHECK(must(queries.server(server_id))->last_seen_at == from_unix_milliseconds(7000));
}

}  // namespace
}  // namespace hairpin::store
