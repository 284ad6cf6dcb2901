#include "admin/alternation_watch.hpp"

#include <catch2/catch.hpp>

#include <vector>

namespace hairpin::admin {
namespace {

struct TurnTaken {
    const char* addresses;
    const char* source;
    int minute;
};

/// The source that each turn found at odds; "-": none.
std::string watched(const std::vector<TurnTaken>& turns) {
    AlternationWatch watch;
    std::string found;
    for (const TurnTaken& turn : turns) {
        const auto other =
            watch.note(1, turn.addresses, *IpAddress::parse(turn.source),
                       from_unix_milliseconds(1'795'000'000'000 + turn.minute * 60'000));
        found += (found.empty() ? "" : " ") + (other ? other->text() : "-");
    }
    return found;
}

TEST_CASE("Two sources that take turns are found at the fourth turn", "[admin][clones]") {
    CHECK(watched({{"a", "192.0.2.1", 0},
                   {"b", "192.0.2.2", 1},
                   {"a", "192.0.2.1", 2},
                   {"b", "192.0.2.2", 3}}) == "- - - 192.0.2.1");
    // The same said again is no turn.
    CHECK(watched({{"a", "192.0.2.1", 0},
                   {"a", "192.0.2.1", 1},
                   {"b", "192.0.2.2", 1},
                   {"b", "192.0.2.2", 2},
                   {"a", "192.0.2.1", 3},
                   {"b", "192.0.2.2", 4},
                   {"b", "192.0.2.2", 5}}) == "- - - - - 192.0.2.1 192.0.2.1");
}

TEST_CASE("A line that changes is no clone", "[admin][clones]") {
    CHECK(watched({{"a", "192.0.2.1", 0},
                   {"b", "192.0.2.2", 1},
                   {"c", "192.0.2.3", 2},
                   {"d", "192.0.2.4", 3}}) == "- - - -");
    // Once there and back: a line that failed over.
    CHECK(watched({{"a", "192.0.2.1", 0},
                   {"b", "192.0.2.2", 1},
                   {"a", "192.0.2.1", 2},
                   {"c", "192.0.2.2", 3}}) == "- - - -");
    // One source that changes its mind.
    CHECK(watched({{"a", "192.0.2.1", 0},
                   {"b", "192.0.2.1", 1},
                   {"a", "192.0.2.1", 2},
                   {"b", "192.0.2.1", 3}}) == "- - - -");
    // Slowly: two lines that take over from one another by the day.
    CHECK(watched({{"a", "192.0.2.1", 0},
                   {"b", "192.0.2.2", 1},
                   {"a", "192.0.2.1", 60},
                   {"b", "192.0.2.2", 61}}) == "- - - -");
}

TEST_CASE("What was forgotten begins anew, and one server says nothing of another",
          "[admin][clones]") {
    AlternationWatch watch;
    const WallTime now = from_unix_milliseconds(1'795'000'000'000);
    const auto note = [&](std::int64_t id, const char* addresses, const char* source) {
        return watch.note(id, addresses, *IpAddress::parse(source), now).has_value();
    };
    CHECK_FALSE(note(1, "a", "192.0.2.1"));
    CHECK_FALSE(note(1, "b", "192.0.2.2"));
    CHECK_FALSE(note(1, "a", "192.0.2.1"));
    CHECK_FALSE(note(2, "b", "192.0.2.2"));
    watch.forget(1);
    CHECK_FALSE(note(1, "b", "192.0.2.2"));
}

}  // namespace
}  // namespace hairpin::admin
