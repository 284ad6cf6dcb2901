#include "acme/schedule.hpp"

#include <catch2/catch.hpp>

namespace hairpin::acme {
namespace {

WallTime at(std::int64_t seconds) {
    return from_unix_milliseconds(seconds * 1000);
}

TEST_CASE("what is due comes out once, the earliest first", "[acme]") {
    Schedule schedule;
    CHECK_FALSE(schedule.earliest());
    schedule.set(1, at(30));
    schedule.set(2, at(10));
    schedule.set(3, at(20));
    schedule.set(4, at(20));
    CHECK(schedule.earliest() == at(10));
    CHECK(schedule.take_due(at(9), 10).empty());
    CHECK(schedule.take_due(at(20), 2) == std::vector<std::int64_t>{2, 3});
    CHECK(schedule.take_due(at(20), 2) == std::vector<std::int64_t>{4});
    CHECK(schedule.size() == 1);
}

TEST_CASE("setting again moves, erasing forgets", "[acme]") {
    Schedule schedule;
    schedule.set(1, at(30));
    schedule.set(1, at(5));
    schedule.set(2, at(6));
    schedule.erase(2);
    schedule.erase(99);
    CHECK(schedule.size() == 1);
    CHECK(schedule.take_due(at(100), 10) == std::vector<std::int64_t>{1});
    CHECK_FALSE(schedule.earliest());
}

}  // namespace
}  // namespace hairpin::acme
