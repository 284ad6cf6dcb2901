#include "observer/query_log.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/temporary_folder.hpp"

namespace hairpin::observer {
namespace {

using hairpin::tests::TemporaryFolder;

constexpr MonotonicTime when(int milliseconds) {
    return MonotonicTime(Milliseconds(1'000'000 + milliseconds));
}

std::string content(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::size_t lines(const std::string& path) {
    const std::string text = content(path);
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

struct Logging {
    Logging() { log.set(path, when(0)); }
    void see(int exchanges, int milliseconds) {
        for (int each = 0; each < exchanges; ++each)
            log.see({}, when(milliseconds));
        log.flush(when(milliseconds));
    }
    TemporaryFolder folder;
    const std::string path = folder.file("queries.log");
    SinkCounters counters;
    QueryLog log{counters};
};

TEST_CASE("Lines are appended to a file that its group may read, whatever the umask",
          "[observer][query_log]") {
    const mode_t before = ::umask(0077);
    Logging logging;
    ::umask(before);
    logging.see(3, 0);
    CHECK(lines(logging.path) == 3);
    struct stat facts {};
    REQUIRE(::stat(logging.path.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0640);
    // Another process, or another start, goes on behind what is there, and changes no mode.
    REQUIRE(::chmod(logging.path.c_str(), 0600) == 0);
    SinkCounters counters;
    QueryLog other(counters);
    other.set(logging.path, when(0));
    other.see({}, when(0));
    other.flush(when(0));
    CHECK(lines(logging.path) == 4);
    REQUIRE(::stat(logging.path.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0600);
    CHECK(logging.counters.written.value() == 3);
    CHECK(counters.written.value() == 1);
}

TEST_CASE("After it was moved away the file is made anew when it is set again",
          "[observer][query_log]") {
    Logging logging;
    logging.see(2, 0);
    const std::string moved = logging.path + ".1";
    std::filesystem::rename(logging.path, moved);
    logging.see(1, 10);
    CHECK(lines(moved) == 3);
    logging.log.set(logging.path, when(20));
    logging.see(1, 30);
    CHECK(lines(moved) == 3);
    CHECK(lines(logging.path) == 1);
    CHECK(logging.counters.dropped.value() == 0);
}

TEST_CASE("What cannot be opened loses lines, counts them, and is tried again",
          "[observer][query_log]") {
    const TemporaryFolder folder;
    const std::string path = folder.file("missing/queries.log");
    SinkCounters counters;
    QueryLog log(counters);
    log.set(path, when(0));
    const auto see = [&](int milliseconds) {
        log.see({}, when(milliseconds));
        log.flush(when(milliseconds));
    };
    see(0);
    see(500);
    CHECK(counters.dropped.value() == 2);
    std::filesystem::create_directory(folder.file("missing"));
    see(900);  // Too early.
    CHECK(counters.dropped.value() == 3);
    see(1'100);
    CHECK(counters.dropped.value() == 3);
    CHECK(counters.written.value() == 1);
    CHECK(lines(path) == 1);
}

TEST_CASE("A FIFO holds up nothing, whether nobody reads it or nobody reads on",
          "[observer][query_log]") {
    const TemporaryFolder folder;
    const std::string path = folder.file("fifo");
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    SinkCounters counters;
    QueryLog log(counters);
    log.set(path, when(0));
    log.see({}, when(0));
    log.flush(when(0));
    CHECK(counters.dropped.value() == 1);

    const Fd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    REQUIRE(reader);
    constexpr std::uint64_t kLines = 5'000;
    for (std::uint64_t each = 0; each < kLines; ++each)
        log.see({}, when(2'000));
    log.flush(when(2'000));
    CHECK(counters.written.value() > 0);
    CHECK(counters.dropped.value() > 1);
    CHECK(counters.written.value() + counters.dropped.value() == 1 + kLines);
}

TEST_CASE("A line torn by a full disk is ended before the next one", "[observer][query_log]") {
    // A file-size limit stands in for the disk: the kernel writes up to it, and then refuses.
    Logging logging;
    logging.see(1, 0);
    const std::size_t line = content(logging.path).size();
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{line * 2 + 10, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    logging.see(3, 10);
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    static_cast<void>(std::signal(SIGXFSZ, handler));
    CHECK(content(logging.path).size() == line * 2 + 10);
    CHECK(logging.counters.written.value() == 2);
    CHECK(logging.counters.dropped.value() == 2);

    logging.see(1, 20);
    const std::string text = content(logging.path);
    CHECK(logging.counters.written.value() == 3);
    CHECK(text.size() == line * 3 + 11);
    CHECK(text[line * 2 + 10] == '\n');
    CHECK(text.substr(line * 2 + 11, 5) == "time=");
    CHECK(text.back() == '\n');
}

TEST_CASE("Without a path nothing is written", "[observer][query_log]") {
    Logging logging;
    logging.log.set("", when(0));
    logging.log.flush(when(0));
    CHECK(content(logging.path).empty());
}

}  // namespace
}  // namespace hairpin::observer
