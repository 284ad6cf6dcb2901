#include "core/nearest_name.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace hairpin {
namespace {

TEST_CASE("The nearest name is near", "[core]") {
    const std::vector<std::string_view> known{"licence", "zone", "plan"};
    CHECK(nearest_name("license", known) == "licence");
    CHECK(nearest_name("zones", known) == "zone");
    CHECK(nearest_name("certificate", known).empty());
    CHECK(nearest_name(std::string(10'000, 'x'), known).empty());
}

}  // namespace
}  // namespace hairpin
