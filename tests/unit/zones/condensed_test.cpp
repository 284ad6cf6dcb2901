#include "zones/condensed.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/zones.hpp"

namespace hairpin::zones {
namespace {

RRsetRef a(std::string_view address) {
    if (address.empty()) return {};
    return RRset::create(RType::A, 60, {tests::rdata(RType::A, address)});
}

RRsetDifference step(std::string_view owner, std::string_view before, std::string_view after) {
    return {tests::name(owner), RType::A, a(before), a(after)};
}

std::string side(const RRsetRef& rrset) {
    return rrset ? rdata_text(RType::A, *rrset->rdatas().begin()) : "-";
}

std::string text(Condensed& condensed) {
    std::string all;
    for (const RRsetDifference& each : condensed.take())
        all += each.owner.text() + " " + side(each.before) + " " + side(each.after) + "\n";
    return all;
}

TEST_CASE("Steps become the difference between first and last", "[zones][rfc1995]") {
    struct Case {
        const char* why;
        std::vector<RRsetDifference> steps;
        const char* whole;
    };
    const auto tried = GENERATE(values<Case>({
        {"nothing", {}, ""},
        {"one step stays", {step("a.", "192.0.2.1", "192.0.2.2")}, "a. 192.0.2.1 192.0.2.2\n"},
        {"the ends of several stay",
         {step("a.", "192.0.2.1", "192.0.2.2"), step("a.", "192.0.2.2", "192.0.2.3")},
         "a. 192.0.2.1 192.0.2.3\n"},
        {"there and back is nothing",
         {step("a.", "192.0.2.1", "192.0.2.2"), step("a.", "192.0.2.2", "192.0.2.1")},
         ""},
        {"made and removed is nothing",
         {step("a.", "", "192.0.2.2"), step("a.", "192.0.2.2", "")},
         ""},
        {"removed and made anew is a change",
         {step("a.", "192.0.2.1", ""), step("a.", "", "192.0.2.3")},
         "a. 192.0.2.1 192.0.2.3\n"},
        {"in canonical order",
         {step("b.", "", "192.0.2.1"), step("c.a.", "", "192.0.2.2"), step("a.", "", "192.0.2.3")},
         "a. - 192.0.2.3\nc.a. - 192.0.2.2\nb. - 192.0.2.1\n"},
        {"the case written last stands",
         {step("A.", "", "192.0.2.1"), step("a.", "192.0.2.1", "192.0.2.2")},
         "a. - 192.0.2.2\n"},
    }));

    INFO(tried.why);
    Condensed condensed;
    for (const RRsetDifference& each : tried.steps)
        REQUIRE(condensed.add(each));
    CHECK(text(condensed) == tried.whole);
    CHECK(condensed.octets() == 0);
}

TEST_CASE("Steps that do not fit one another are told apart", "[zones]") {
    Condensed condensed;
    REQUIRE(condensed.add(step("a.", "192.0.2.1", "192.0.2.2")));
    CHECK_FALSE(condensed.add(step("a.", "192.0.2.9", "192.0.2.3")));
    CHECK_FALSE(condensed.add(step("a.", "", "192.0.2.3")));
}

TEST_CASE("What is held is counted, and what is gone is not", "[zones]") {
    Condensed condensed;
    REQUIRE(condensed.add(step("a.", "", "192.0.2.2")));
    const std::size_t one = condensed.octets();
    CHECK(one >= 16);
    REQUIRE(condensed.add(step("b.", "", "192.0.2.2")));
    CHECK(condensed.octets() == 2 * one);
    REQUIRE(condensed.add(step("b.", "192.0.2.2", "")));
    CHECK(condensed.octets() == one);
}

}  // namespace
}  // namespace hairpin::zones
