#include "store/backup.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "store/lock.hpp"
#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

constexpr auto kApex = "pl-acme.example.net.";
constexpr auto kOwner = "a.pl-acme.example.net.";

TEST_CASE("A backup taken beside a busy writer is whole, private and restorable",
          "[store][backup]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex)));
    std::atomic<bool> done = false;
    std::thread writer([&] {
        for (int each = 0; !done; ++each)
            if (!store.submit(replace_a(kApex, kOwner, "192.0.2." + std::to_string(each % 250))))
                std::abort();
    });
    const std::string backup = store.folder.file("backup");
    const auto taken = back_up(store.path(), backup);
    done = true;
    writer.join();
    REQUIRE(taken);
    CHECK(check_backup(backup));
    struct stat found {};
    REQUIRE(::stat(backup.c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0600);
    CHECK_FALSE(std::filesystem::exists(backup + ".partial"));
    const std::uint32_t latest = store.zone(kApex)->serial();
    REQUIRE(store.submit(create_zone("later.example.")));
    CHECK(restore(backup, store.path()).error().code == ErrorCode::Conflict);  // Still running.
    store.committer.reset();

    REQUIRE(restore(backup, store.path()));
    store.restart();

    CHECK(store.published->snapshot()->size() == 1);
    CHECK_FALSE(zones::serial_greater(store.zone(kApex)->serial(), latest));
    CHECK_FALSE(std::filesystem::exists(store.path() + ".partial"));
    CHECK_FALSE(std::filesystem::exists(store.path() + ".partial-wal"));
}

TEST_CASE("Nothing is restored under somebody who holds the lock, or over what cannot be opened",
          "[store][backup][lock]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex)));
    const std::string backup = store.folder.file("backup");
    REQUIRE(back_up(store.path(), backup));
    store.committer.reset();
    SECTION("locked") {
        const StoreLock lock = must(StoreLock::acquire(store.path()));
        const auto restored = restore(backup, store.path());
        REQUIRE_FALSE(restored);
        CHECK(restored.error().code == ErrorCode::Conflict);
        CHECK(restored.error().cause.find("another hairpind") != std::string::npos);
    }
    SECTION("not to be opened") {
        // A folder is not a damaged database, and nobody knows what is in it.
        std::filesystem::remove(store.path());
        std::filesystem::create_directory(store.path());
        const auto restored = restore(backup, store.path());
        REQUIRE_FALSE(restored);
        CHECK(restored.error().code == ErrorCode::Unavailable);
    }
    SECTION("held by another program") {
        Database other = open_database(store.path());
        must(
            other.execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;"
                          "UPDATE identity SET probes = 1; COMMIT"));
        CHECK_FALSE(restore(backup, store.path()));
    }
    CHECK_FALSE(std::filesystem::exists(store.path() + ".partial"));
}

TEST_CASE("A backup does not overwrite", "[store][backup]") {
    OpenStore store;
    std::ofstream(store.folder.file("backup")) << "precious";
    CHECK(back_up(store.path(), store.folder.file("backup")).error().code == ErrorCode::Conflict);
}

TEST_CASE("A backup that is damaged, foreign, newer or missing is not restored",
          "[store][backup]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex, "a 60 IN A 192.0.2.1\n")));
    const std::string backup = store.folder.file("backup");
    REQUIRE(back_up(store.path(), backup));
    store.committer.reset();
    SECTION("damaged") {
        const auto size = std::filesystem::file_size(backup);
        std::fstream file(backup, std::ios::in | std::ios::out | std::ios::binary);
        for (std::uintmax_t offset = 4096; offset + 100 < size; offset += 4096) {
            file.seekp(static_cast<std::streamoff>(offset));
            file.write(std::string(100, '\x5a').data(), 100);
        }
    }
    SECTION("cut off") {
        std::filesystem::resize_file(backup, 5000);
    }
    SECTION("foreign") {
        std::filesystem::remove(backup);
        Database other = open_database(backup, Access::Create);
        must(other.execute("CREATE TABLE x (a)"));
    }
    SECTION("newer") {
        Database newer = open_database(backup);
        must(newer.execute("PRAGMA user_version = 4711; PRAGMA journal_mode = DELETE"));
    }
    SECTION("a row that refers to nothing") {
        Database broken = open_database(backup);
        must(
            broken.execute("PRAGMA foreign_keys = OFF;"
                           "INSERT INTO rrsets VALUES (77, x'', 1, NULL, 60, x'0000');"
                           "PRAGMA journal_mode = DELETE"));
    }
    SECTION("a file out of a running server, its log beside it") {
        std::ofstream(backup + "-wal") << "log";
    }
    const auto checked = check_backup(backup);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == ErrorCode::Corrupt);
    CHECK_FALSE(restore(backup, store.path()));
    store.restart();
    CHECK(store.address(kApex, kOwner) == "192.0.2.1");
    CHECK(check_backup(store.folder.file("gone")).error().code == ErrorCode::Unavailable);
}

}  // namespace
}  // namespace hairpin::store
