#include "dnsd/transfer_choice.hpp"

#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "tests/support/zones.hpp"

namespace hairpin::dnsd {
namespace {

using hairpin::tests::change;
using hairpin::tests::edit;
using zones::EditKind;
using zones::NoHistory;
using zones::RType;

zones::ZoneRef many(int names) {
    std::string text;
    for (int each = 0; each < names; ++each)
        text += "n" + std::to_string(each) + " 60 IN A 192.0.2.1\n";
    return hairpin::tests::zone("example.net.", text);
}

zones::EditedZone edited(const zones::ZoneRef& from, const char* address) {
    auto made =
        zones::apply(from,
                     change("example.net.",
                            {edit(EditKind::ReplaceRRset, "n1.example.net.", RType::A, {address})}),
                     {0, {}}, {});
    REQUIRE(made);
    return *std::move(made);
}

TEST_CASE("A difference is sent when it is right and shorter than the zone", "[dnsd][rfc1995]") {
    const auto old = many(20);
    const auto made = edited(old, "192.0.2.9");
    const auto difference = choose_difference(made.difference, made.zone, old->serial());
    REQUIRE(difference != nullptr);
    CHECK(difference->rrsets.size() == 2);

    SECTION("not when there is none") {
        for (const auto why :
             {NoHistory::Gone, NoHistory::TooLarge, NoHistory::Busy, NoHistory::Unavailable})
            CHECK(choose_difference(fail(why), made.zone, old->serial()) == nullptr);
    }
    SECTION("not when it begins at another serial") {
        CHECK(choose_difference(made.difference, made.zone, old->serial() + 7) == nullptr);
    }
    SECTION("not when it leads elsewhere than to the snapshot") {
        const auto later = edited(made.zone, "192.0.2.10");
        CHECK(choose_difference(made.difference, later.zone, old->serial()) == nullptr);
        CHECK(choose_difference(later.difference, made.zone, made.zone->serial()) == nullptr);
    }
    SECTION("not when it says nothing of the SOA") {
        auto without = made.difference;
        std::erase_if(without.rrsets, [](const auto& each) { return each.type == RType::SOA; });
        CHECK(choose_difference(without, made.zone, old->serial()) == nullptr);
    }
}

TEST_CASE("A small zone is sent whole rather than as a longer difference", "[dnsd][rfc1995]") {
    const auto old = many(2);
    const auto made = edited(old, "192.0.2.9");
    CHECK(choose_difference(made.difference, made.zone, old->serial()) == nullptr);
}

}  // namespace
}  // namespace hairpin::dnsd
