#include "store/lock.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <optional>

#include "tests/support/temporary_folder.hpp"

namespace hairpin::store {
namespace {

using tests::TemporaryFolder;

TEST_CASE("A database is locked by one at a time, and the other is told by whom", "[store][lock]") {
    TemporaryFolder folder;
    const std::string path = folder.file("hairpin.db");
    auto first = StoreLock::acquire(path);
    REQUIRE(first);
    struct stat found {};
    REQUIRE(::stat((path + ".lock").c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0600);

    const auto second = StoreLock::acquire(path);

    REQUIRE_FALSE(second);
    CHECK(second.error() == Error{ErrorCode::Conflict, path,
                                  "another hairpind is using this database (pid " +
                                      std::to_string(::getpid()) + ")"});
    {
        const StoreLock moved = *std::move(first);
        CHECK_FALSE(StoreLock::acquire(path));
    }
    CHECK(StoreLock::acquire(path));
}

TEST_CASE("A process that dies gives its lock back, and leaves no wrong number behind",
          "[store][lock]") {
    TemporaryFolder folder;
    const std::string path = folder.file("hairpin.db");
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) ::_exit(StoreLock::acquire(path) ? 0 : 1);  // No destructor runs.
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) == 0);

    const auto next = StoreLock::acquire(path);

    REQUIRE(next);
    CHECK(StoreLock::acquire(path).error().cause.find(std::to_string(::getpid())) !=
          std::string::npos);
}

TEST_CASE("A lock that cannot be taken says which file and why", "[store][lock]") {
    TemporaryFolder folder;
    const auto missing = StoreLock::acquire(folder.file("gone/hairpin.db"));
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::Unavailable);
    CHECK(missing.error().subject == folder.file("gone/hairpin.db.lock"));
    std::filesystem::create_symlink(folder.file("elsewhere"), folder.file("link.db.lock"));
    const auto link = StoreLock::acquire(folder.file("link.db"));
    REQUIRE_FALSE(link);
    CHECK(link.error().code == ErrorCode::Unavailable);
    CHECK_FALSE(std::filesystem::exists(folder.file("elsewhere")));
}

}  // namespace
}  // namespace hairpin::store
