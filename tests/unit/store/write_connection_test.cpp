#include "store/write_connection.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "store/backup.hpp"
#include "tests/support/fault_vfs.hpp"
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
        return ensure_after(suspect, {ErrorCode::Unavailable, "db", "the disk is full"});
    }
    Result<std::optional<WriteConnection::Takeover>> ensure_after(std::string_view suspect,
                                                                  const Error& failure) {
        connection.distrust({{name(suspect), 0, true}}, failure, now);
        return connection.ensure(table, now);
    }
    // Nobody has the database open any more; then another file, with what it held, takes its place.
    void replace_by_copy() {
        REQUIRE(back_up(store.path(), store.path() + ".copy"));
        put_copy_in_place();
    }
    void put_copy_in_place() {
        store.committer.reset();
        // Kept aside, so that its number is not given to the copy.
        std::filesystem::rename(store.path(), store.path() + ".old");
        for (const char* suffix : {"-wal", "-shm"})
            std::filesystem::remove(store.path() + suffix);
        std::filesystem::rename(store.path() + ".copy", store.path());
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

    // A failure of our own concerns our own zones; a row changed by somebody else concerns all.
    CHECK_FALSE(must(moved.ensure_after_failure("other.example.")));
    moved.connection.confirm();
    const auto ensured =
        moved.ensure_after("other.example.", {ErrorCode::Corrupt, "db", "changed by somebody"});

    REQUIRE_FALSE(ensured);
    CHECK(ensured.error().code == ErrorCode::Corrupt);
    CHECK(ensured.error().cause.find("restart") != std::string::npos);
}

TEST_CASE("Writes that fail again and again are tried less and less often",
          "[store][committer][invariant6]") {
    MovedOn moved;
    CHECK(moved.ensure_after_failure(kApex));  // The first may pass.
    for (const int wait : {200, 400, 800, 1600, 3200, 3200, 3200}) {
        INFO(wait);
        const auto refused = moved.ensure_after_failure(kApex);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().cause == "the disk is full");
        moved.now += Milliseconds{wait - 1};
        CHECK_FALSE(moved.connection.ensure(moved.table, moved.now));
        moved.now += Milliseconds{1};
        CHECK(moved.connection.ensure(moved.table, moved.now));
    }
    moved.connection.confirm();
    CHECK(moved.ensure_after_failure(kApex));
}

TEST_CASE("Another file is gone on with only where every zone agrees",
          "[store][committer][invariant2]") {
    MovedOn moved;
    SECTION("a copy of what is served") {
        moved.replace_by_copy();
        CHECK_FALSE(must(moved.connection.ensure(moved.table, moved.now)));
    }
    SECTION("an older one") {
        REQUIRE(back_up(moved.store.path(), moved.store.path() + ".copy"));
        REQUIRE(moved.store.submit(replace_a(kApex, "a.pl-acme.example.net.", "192.0.2.2")));
        moved.table = *moved.store.published->snapshot();
        moved.put_copy_in_place();
        const auto ensured = moved.connection.ensure(moved.table, moved.now);
        REQUIRE_FALSE(ensured);
        CHECK(ensured.error().code == ErrorCode::Corrupt);
    }
    SECTION("one that differs in a suspect zone") {
        REQUIRE(moved.store.submit(replace_a(kApex, "a.pl-acme.example.net.", "192.0.2.2")));
        moved.connection.distrust({{name(kApex), 0, true}},
                                  {ErrorCode::Unavailable, "db", "fsync failed"}, moved.now);
        moved.replace_by_copy();
        CHECK_FALSE(moved.connection.ensure(moved.table, moved.now));
    }
}

TEST_CASE("Nothing is taken over before it is surely on the disk",
          "[store][committer][invariant1]") {
    FaultVfs vfs;
    MovedOn moved;
    WriteConnection connection{{moved.store.path(), vfs.name(), Milliseconds{0}}};
    REQUIRE_FALSE(must(connection.ensure(moved.table, moved.now)));
    REQUIRE(moved.store.submit(replace_a(kApex, "a.pl-acme.example.net.", "192.0.2.2")));
    connection.distrust({{name(kApex), 0, true}}, {ErrorCode::Unavailable, "db", "fsync failed"},
                        moved.now);
    vfs.arm(FaultVfs::Fault::SyncError);
    CHECK_FALSE(connection.ensure(moved.table, moved.now));
    CHECK(vfs.failures() > 0);
    vfs.heal();
    CHECK(must(connection.ensure(moved.table, moved.now)));
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
