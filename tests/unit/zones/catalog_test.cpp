#include "zones/catalog.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/zones.hpp"
#include "zones/edit.hpp"
#include "zones/presentation.hpp"

namespace hairpin::zones {
namespace {

using hairpin::tests::name;

const Name kCatalog = name("catalog.example.net.");

/// Does what the repairs say, as the committer would.
ZoneTable repaired(ZoneTable table, const std::optional<Name>& catalog) {
    for (const ZoneChange& change : catalog_repairs(table, catalog)) {
        const auto edited = apply(table.share(change.apex), change, {1'795'000'000, {}}, {});
        REQUIRE(edited);
        edited->zone ? table.put(edited->zone) : table.erase(change.apex);
    }
    return table;
}

ZoneTable table_of(std::initializer_list<std::pair<const char*, ZoneKind>> zones) {
    ZoneTable table;
    for (const auto& [apex, kind] : zones)
        table.put(hairpin::tests::zone(apex, "", kind));
    return table;
}

/// Members and their groups, as a consumer reads them (RFC 9432 section 4).
std::map<std::string, std::string> members(const ZoneTable& table) {
    std::map<std::string, std::string> found;
    const Zone* catalog = table.find(kCatalog);
    REQUIRE(catalog != nullptr);
    catalog->for_each([&](const Name& owner, const Node& node) {
        const RRset* ptr = node.find(RType::PTR);
        if (ptr == nullptr) return true;
        CHECK(owner.without_labels(1) == name("zones.catalog.example.net."));
        CHECK(ptr->count() == 1);
        const auto group = catalog->find(Name::child("group", owner).value(), RType::TXT);
        REQUIRE(group != nullptr);
        found[Name::from_wire(*ptr->rdatas().begin()).value().text()] =
            std::string(as_text((*group->rdatas().begin()).subspan(1)));
        return true;
    });
    return found;
}

TEST_CASE("A catalog lists every zone with its group, and itself not", "[zones][rfc9432]") {
    const ZoneTable table = repaired(
        table_of({{"example.net.", ZoneKind::Plain}, {"PL-Acme.example.net.", ZoneKind::Licence}}),
        kCatalog);
    CHECK(members(table) == std::map<std::string, std::string>{
                                {"example.net.", "plain"}, {"pl-acme.example.net.", "licence"}});
    const Zone& catalog = *table.find(kCatalog);
    CHECK(catalog.kind() == ZoneKind::Catalog);
    CHECK(catalog.find(name("version.catalog.example.net."), RType::TXT)->copy_rdatas() ==
          std::vector<Octets>{{1, '2'}});
    CHECK(catalog.ns().copy_rdatas() ==
          std::vector<Octets>{hairpin::tests::rdata(RType::NS, "invalid.")});
    CHECK(catalog_repairs(table, kCatalog).empty());
}

TEST_CASE("A group that was chosen takes the place of the kind's, and the member its id keeps",
          "[zones][rfc9432]") {
    ZoneTable table = repaired(
        table_of({{"a.example.", ZoneKind::Plain}, {"b.example.", ZoneKind::Licence}}), kCatalog);
    const std::size_t names = table.find(kCatalog)->names().size();
    const CatalogGroups groups{{name("A.example."), "gold"}, {name("gone.example."), "silver"}};
    const auto repairs = catalog_repairs(table, kCatalog, groups);
    REQUIRE(repairs.size() == 1);
    REQUIRE(repairs[0].edits.size() == 1);  // The group alone, at the id that was there.
    table.put(apply(table.share(kCatalog), repairs[0], {1'795'000'001, {}}, {})->zone);
    CHECK(members(table) ==
          std::map<std::string, std::string>{{"a.example.", "gold"}, {"b.example.", "licence"}});
    CHECK(table.find(kCatalog)->names().size() == names);
    CHECK(catalog_repairs(table, kCatalog, groups).empty());
    table = repaired(std::move(table), kCatalog);  // Nobody chose any more.
    CHECK(members(table).at("a.example.") == "plain");
}

TEST_CASE("A group may have 255 octets", "[zones][rfc9432]") {
    const std::string longest(kMaxGroupOctets, 'g');
    const auto edits = add_member(kCatalog, name("a.example."), longest);
    CHECK(edits.back().rdatas[0].size() == 256);
    CHECK(edits.back().rdatas[0][0] == 255);
}

TEST_CASE("Whatever the catalog holds, the repairs make it right", "[zones][rfc9432]") {
    ZoneTable table = repaired(
        table_of({{"a.example.", ZoneKind::Plain}, {"b.example.", ZoneKind::Plain}}), kCatalog);
    SECTION("a zone came without it") {
        table.put(hairpin::tests::zone("c.example.", "", ZoneKind::Licence));
    }
    SECTION("a zone went without it") {
        table.erase(name("a.example."));
    }
    SECTION("something else stands in it") {
        auto strange = hairpin::tests::change(
            "catalog.example.net.",
            {hairpin::tests::edit(EditKind::ReplaceRRset, "x.zones.catalog.example.net.",
                                  RType::PTR, {"evil.example."}),
             hairpin::tests::edit(EditKind::ReplaceRRset, "group.x.zones.catalog.example.net.",
                                  RType::TXT, {"evil"})});
        table.put(apply(table.share(kCatalog), strange, {1'795'000'001, {}}, {})->zone);
    }
    table = repaired(std::move(table), kCatalog);
    std::map<std::string, std::string> expected;
    table.for_each([&](const Zone& zone) {
        if (zone.kind() != ZoneKind::Catalog)
            expected[zone.apex().text()] = zone.kind() == ZoneKind::Licence ? "licence" : "plain";
        return true;
    });
    CHECK(members(table) == expected);
}

TEST_CASE("A catalog that is not wanted any more is dropped", "[zones][rfc9432]") {
    ZoneTable table = repaired(table_of({{"a.example.", ZoneKind::Plain}}), kCatalog);
    table = repaired(std::move(table), name("other.example.net."));
    CHECK(table.find(kCatalog) == nullptr);
    REQUIRE(table.find(name("other.example.net.")) != nullptr);
    table = repaired(std::move(table), std::nullopt);
    CHECK(table.find(name("other.example.net.")) == nullptr);
    CHECK(table.size() == 1);
}

TEST_CASE("A member keeps its id whatever its case and whenever it is asked", "[zones][rfc9432]") {
    const Name owner = member_owner(kCatalog, name("pl-acme.example.net."));
    CHECK(member_owner(kCatalog, name("PL-ACME.example.net.")) == owner);
    CHECK(member_owner(kCatalog, name("pl-acme.example.com.")) != owner);
    // SHA-256 of 07 'pl-acme' 07 'example' 03 'net' 00, its first 16 octets: kept for ever.
    CHECK(owner.text() == "5c3e4c911768c8419e7085194c4fd9a7.zones.catalog.example.net.");
    for (const Edit& edit : remove_member(kCatalog, name("pl-acme.example.net.")))
        CHECK(edit.owner.is_within(owner));
}

}  // namespace
}  // namespace hairpin::zones
