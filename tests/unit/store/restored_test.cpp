#include "store/restored.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "store/backup.hpp"
#include "store/journal_format.hpp"
#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

constexpr auto kClocked = "pl-acme.example.net.";  // Serials follow the clock.
constexpr auto kDated = "dated.example.";          // Serials far ahead of the clock.
constexpr auto kLate = "late.example.";            // Made after the backup.

std::string owner_in(std::string_view apex) {
    return "a." + std::string(apex);
}

// A server that was backed up, went on, and is stopped.
struct WentOn {
    explicit WentOn(int changes, Milliseconds apart = Milliseconds{0}) {
        REQUIRE(store.submit(create_zone(kClocked)));
        REQUIRE(store.submit(create_zone(kDated, {}, "2026112101")));
        REQUIRE(back_up(store.path(), backup));
        REQUIRE(store.submit(create_zone(kLate, {}, "3000000000")));
        for (int each = 0; each < changes; ++each) {
            store.clock.advance(apart);
            for (const auto* apex : {kClocked, kDated})
                REQUIRE(store.submit(
                    replace_a(apex, owner_in(apex), "192.0.2." + std::to_string(each % 250))));
        }
        clocked = store.zone(kClocked)->serial();
        dated = store.zone(kDated)->serial();
        store.committer.reset();
    }
    // As the daemon starts.
    std::size_t start() {
        std::size_t moved = 0;
        {
            Database database = open_database(store.path());
            must(migrate(database));
            moved = must(advance_serials(database, store.clock.now()));
        }
        store.restart();
        return moved;
    }

    OpenStore store;
    std::string backup = store.folder.file("backup");
    std::uint32_t clocked = 0;
    std::uint32_t dated = 0;
};

TEST_CASE("After a restore every serial is past what was served before",
          "[store][restored][invariant2][rfc1982]") {
    WentOn went(300);  // Without a second going by: far ahead of the clock.
    SECTION("in the place of the database that served") {}
    SECTION("twice, the first without a start") {
        REQUIRE(restore(went.backup, went.store.path()));
    }
    SECTION("in the place of one that is damaged") {
        std::ofstream(went.store.path()) << "this is not what SQLite wrote here";
    }
    SECTION("with nothing there") {
        std::filesystem::remove(went.store.path());
    }
    SECTION("in the place of a new one of another history") {
        std::filesystem::remove(went.store.path());
        const Database fresh = make_database(went.store.path());
    }
    REQUIRE(restore(went.backup, went.store.path()));

    CHECK(went.start() == 2);

    CHECK(zones::serial_greater(went.store.zone(kClocked)->serial(), went.clocked));
    CHECK(zones::serial_greater(went.store.zone(kDated)->serial(), went.dated));
    CHECK(went.store.address(kDated, owner_in(kDated)).empty());
}

TEST_CASE("A zone that the backup does not know goes on from what was served when it is made again",
          "[store][restored][invariant2]") {
    WentOn went(1);
    REQUIRE(restore(went.backup, went.store.path()));
    CHECK(went.start() == 2);
    CHECK_FALSE(went.store.zone(kLate));
    REQUIRE(went.store.submit(create_zone(kLate)));
    CHECK(zones::serial_greater(went.store.zone(kLate)->serial(), 3'000'000'000));
}

TEST_CASE("Serials are not moved further than is known to be needed", "[store][restored]") {
    WentOn went(300);
    REQUIRE(restore(went.backup, went.store.path()));
    CHECK(went.start() == 2);
    CHECK(went.store.zone(kClocked)->serial() == went.clocked + 1);
    CHECK(went.store.zone(kDated)->serial() == went.dated + 1);
}

TEST_CASE("Where nobody knows what was served the pace of the zone is the measure",
          "[store][restored]") {
    // Four changes a second, before the backup and for a day after it.
    OpenStore store;
    REQUIRE(store.submit(create_zone(kDated, {}, "2026112101")));
    for (int each = 0; each < 400; ++each) {
        store.clock.advance(Milliseconds{250});
        REQUIRE(store.submit(
            replace_a(kDated, owner_in(kDated), "192.0.2." + std::to_string(each % 250))));
    }
    const std::string backup = store.folder.file("backup");
    REQUIRE(back_up(store.path(), backup));
    const std::uint32_t last = store.zone(kDated)->serial() + 4 * 86'400;
    store.clock.advance(std::chrono::hours(24));
    store.committer.reset();
    std::filesystem::remove(store.path());
    REQUIRE(restore(backup, store.path()));
    {
        Database database = open_database(store.path());
        CHECK(must(advance_serials(database, store.clock.now())) == 1);
    }
    store.restart();
    const std::uint32_t serial = store.zone(kDated)->serial();
    CHECK(zones::serial_greater(serial, last));
    CHECK(serial - last < 10 * 86'400);
}

TEST_CASE("The step is in the journal, and the mark is gone", "[store][restored]") {
    WentOn went(1);
    REQUIRE(restore(went.backup, went.store.path()));
    const std::uint32_t serial = [&] {
        Database database = open_database(went.store.path());
        return must(load_zone(database, name(kDated)))->serial();
    }();
    CHECK(went.start() == 2);
    const std::uint32_t advanced = went.store.zone(kDated)->serial();

    const auto journal = must(went.store.reader()->journal_since(name(kDated), serial, 10));
    REQUIRE(journal.size() == 1);
    CHECK(journal[0].serial_after == advanced);
    CHECK(journal[0].actor.door == "restore");
    const auto difference = must(decode_difference(journal[0].difference, name(kDated)));
    REQUIRE(difference.size() == 1);
    CHECK(difference[0].type == zones::RType::SOA);

    went.store.committer.reset();
    CHECK(went.start() == 0);  // Only once.
    CHECK(went.store.zone(kDated)->serial() == advanced);
}

TEST_CASE("A database that was not restored is left alone", "[store][restored]") {
    WentOn went(1);
    CHECK(went.start() == 0);
    CHECK(went.store.zone(kDated)->serial() == went.dated);
}

}  // namespace
}  // namespace hairpin::store
