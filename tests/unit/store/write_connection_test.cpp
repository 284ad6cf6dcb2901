#include "store/write_connection.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

constexpr auto kApex = "pl-acme.example.net.";

zones::ZoneChange drop(std::string_view apex) {
    zones::ZoneChange dropped;
    dropped.apex = name(apex);
    dropped.action = zones::ZoneAction::Drop;
    return dropped;
}

// `table` is what readers see; the store behind it moves on, as if a commit that was reported
// failed had happened.
struct MovedOn {
    MovedOn() {
        REQUIRE(store.submit(create_zone(kApex, "a 60 IN A 192.0.2.1\n")));
        REQUIRE(store.submit(create_zone("other.example.")));
        table = *store.published->snapshot();
        REQUIRE_FALSE(must(connection.ensure(table, now)));
    }
    Result<std::optional<WriteConnection::Takeover>> ensure_after_failure(
        std::string_view suspect) {
        connection.distrust({{name(suspect), 0, true}});
        return connection.ensure(table, now);
    }

    OpenStore store;
    zones::ZoneTable table;
    MonotonicTime now{};
    WriteConnection connection{{store.path(), {}, Milliseconds{200}}};
};

TEST_CASE("A suspect zone that did not move is left alone", "[store][committer][invariant2]") {
    MovedOn moved;
    CHECK_FALSE(must(moved.ensure_after_failure(kApex)));
}

TEST_CASE("A suspect zone that did move is taken over from the database",
          "[store][committer][invariant2]") {
    MovedOn moved;
    SECTION("edited") {
        REQUIRE(moved.store.submit(replace_a(kApex, "a.pl-acme.example.net.", "192.0.2.2")));
        const auto takeover = must(moved.ensure_after_failure(kApex));
        REQUIRE(takeover);
        REQUIRE(takeover->moved.size() == 1);
        CHECK(takeover->moved[0].serial == moved.store.zone(kApex)->serial());
        CHECK(takeover->table.find(name(kApex))->serial() == moved.store.zone(kApex)->serial());
        CHECK(takeover->table.size() == 2);
        // Once taken over, all is well.
        moved.table = takeover->table;
        CHECK_FALSE(must(moved.connection.ensure(moved.table, moved.now)));
    }
    SECTION("made") {
        REQUIRE(moved.store.submit(create_zone("new.example.")));
        const auto takeover = must(moved.ensure_after_failure("new.example."));
        REQUIRE(takeover);
        CHECK(takeover->table.find(name("new.example.")) != nullptr);
        CHECK(takeover->table.size() == 3);
    }
    SECTION("dropped") {
        REQUIRE(moved.store.submit(drop(kApex)));
        const auto takeover = must(moved.ensure_after_failure(kApex));
        REQUIRE(takeover);
        CHECK(takeover->table.find(name(kApex)) == nullptr);
        CHECK(takeover->table.size() == 1);
    }
}

TEST_CASE("A zone that moved without being suspect stops all writing",
          "[store][committer][invariant2]") {
    MovedOn moved;
    SECTION("edited") {
        REQUIRE(moved.store.submit(replace_a(kApex, "a.pl-acme.example.net.", "192.0.2.2")));
    }
    SECTION("made") {
        REQUIRE(moved.store.submit(create_zone("new.example.")));
    }
    SECTION("dropped") {
        REQUIRE(moved.store.submit(drop(kApex)));
    }

    const auto ensured = moved.ensure_after_failure("other.example.");

    REQUIRE_FALSE(ensured);
    CHECK(ensured.error().code == ErrorCode::Corrupt);
    CHECK(ensured.error().cause.find("restart") != std::string::npos);
}

TEST_CASE("A lost database is looked for again after the interval, not with every change",
          "[store][committer][invariant6]") {
    MovedOn moved;
    moved.store.committer.reset();
    std::filesystem::rename(moved.store.path(), moved.store.path() + ".aside");
    REQUIRE_FALSE(moved.connection.ensure(moved.table, moved.now));
    std::filesystem::rename(moved.store.path() + ".aside", moved.store.path());
    CHECK_FALSE(moved.connection.ensure(moved.table, moved.now + Milliseconds{199}));
    CHECK(moved.connection.ensure(moved.table, moved.now + Milliseconds{200}));
}

}  // namespace
}  // namespace hairpin::store
