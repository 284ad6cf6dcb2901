#include "checkin/outcome.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>

namespace hairpin::checkin {
namespace {

TEST_CASE("Each outcome has a name of its own, and three of them are challenged", "[checkin]") {
    std::set<std::string> names;
    std::size_t challenged = 0;
    for (std::size_t each = 0; each < kOutcomes; ++each) {
        names.emplace(to_string(static_cast<Outcome>(each)));
        challenged += is_challenged(static_cast<Outcome>(each)) ? 1 : 0;
    }
    CHECK(names.size() == kOutcomes);
    CHECK_FALSE(names.contains(""));
    CHECK(challenged == 3);
}

}  // namespace
}  // namespace hairpin::checkin
