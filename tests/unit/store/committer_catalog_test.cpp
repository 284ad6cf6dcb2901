// The catalog zone follows what is made and dropped, in the same commit.

#include <catch2/catch.hpp>

#include "store/committer.hpp"
#include "tests/support/store.hpp"
#include "zones/catalog.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

constexpr auto kCatalog = "catalog.example.net.";

CommitterOptions with_catalog() {
    CommitterOptions options;
    options.catalog = name(kCatalog);
    return options;
}

bool lists(const OpenStore& store, const char* member) {
    const zones::ZoneRef catalog = store.zone(kCatalog);
    return catalog &&
           catalog->find(zones::member_owner(name(kCatalog), name(member)), zones::RType::PTR);
}

TEST_CASE("A zone is in the catalog as soon as it is served, and gone with it",
          "[store][committer][rfc9432]") {
    OpenStore store(with_catalog());
    REQUIRE(store.submit(zones::new_catalog(name(kCatalog))));
    const std::uint32_t empty = store.zone(kCatalog)->serial();

    REQUIRE(store.submit(as_work({create_zone("a.example."), create_zone("b.example.")})));
    CHECK(lists(store, "a.example."));
    CHECK(lists(store, "b.example."));
    CHECK_FALSE(lists(store, kCatalog));
    const std::uint32_t full = store.zone(kCatalog)->serial();
    CHECK(zones::serial_greater(full, empty));

    zones::ZoneChange drop;
    drop.apex = name("a.example.");
    drop.action = zones::ZoneAction::Drop;
    REQUIRE(store.submit(drop));
    CHECK_FALSE(lists(store, "a.example."));
    CHECK(lists(store, "b.example."));
    CHECK(zones::serial_greater(store.zone(kCatalog)->serial(), full));

    store.restart(with_catalog());
    CHECK_FALSE(lists(store, "a.example."));
    CHECK(lists(store, "b.example."));
    CHECK(zones::catalog_repairs(*store.published->snapshot(), name(kCatalog)).empty());
}

std::string group_of(const OpenStore& store, const char* member) {
    const zones::Name owner = zones::member_owner(name(kCatalog), name(member));
    const zones::RRset* group =
        store.zone(kCatalog)->find(zones::Name::child("group", owner).value(), zones::RType::TXT);
    REQUIRE(group != nullptr);
    REQUIRE(group->count() == 1);
    return std::string(as_text((*group->rdatas().begin()).subspan(1)));
}

Work regrouping(const char* apex, std::string group) {
    Work work = as_work({});
    work.rows = [apex, group](Writer& writer, zones::Change&) {
        return writer.set_catalog_group(name(apex), group);
    };
    return work;
}

TEST_CASE("A zone is listed in the group that was chosen, with the commit that chose it",
          "[store][committer][rfc9432]") {
    OpenStore store(with_catalog());
    REQUIRE(store.submit(zones::new_catalog(name(kCatalog))));
    zones::ZoneChange made = create_zone("a.example.");
    made.catalog_group = "gold";
    REQUIRE(store.submit(made));
    REQUIRE(store.submit(create_zone("b.example.")));
    CHECK(group_of(store, "a.example.") == "gold");
    CHECK(group_of(store, "b.example.") == "plain");
    const std::uint32_t serial = store.zone(kCatalog)->serial();
    const std::uint32_t of_zone = store.zone("b.example.")->serial();

    REQUIRE(store.submit(regrouping("B.example.", "silver")));
    CHECK(group_of(store, "b.example.") == "silver");
    CHECK(zones::serial_greater(store.zone(kCatalog)->serial(), serial));
    CHECK(store.zone("b.example.")->serial() == of_zone);
    REQUIRE(store.submit(regrouping("a.example.", "")));
    CHECK(group_of(store, "a.example.") == "plain");
    const auto missing = store.submit(regrouping("none.example.", "gold"));
    REQUIRE_FALSE(missing);
    CHECK(to_error(missing.error()).code == ErrorCode::NotFound);

    const auto rows = must(store.reader()->grouped_zones(10, ""));
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].apex == name("b.example."));
    CHECK(rows[0].catalog_group == "silver");
    CHECK(must(store.reader()->grouped_zones(10, "b.example.")).empty());
}

TEST_CASE("A zone that is made again is in the group of its kind", "[store][committer][rfc9432]") {
    OpenStore store(with_catalog());
    REQUIRE(store.submit(zones::new_catalog(name(kCatalog))));
    zones::ZoneChange made = create_zone("a.example.");
    made.catalog_group = "gold";
    REQUIRE(store.submit(made));
    zones::ZoneChange drop;
    drop.apex = name("a.example.");
    drop.action = zones::ZoneAction::Drop;
    // Regrouped and dropped in one work: it is gone all the same.
    Work work = regrouping("a.example.", "silver");
    work.change.zones.push_back(drop);
    REQUIRE(store.submit(std::move(work)));
    CHECK_FALSE(lists(store, "a.example."));
    REQUIRE(store.submit(create_zone("a.example.")));
    CHECK(group_of(store, "a.example.") == "plain");
}

TEST_CASE("The catalog of a work that is refused is as it was", "[store][committer][rfc9432]") {
    OpenStore store(with_catalog());
    REQUIRE(store.submit(zones::new_catalog(name(kCatalog))));
    const std::uint32_t before = store.zone(kCatalog)->serial();
    Work work = as_work({create_zone("a.example.")});
    work.after = [](Writer&, const WorkReceipt&) -> Result<void> {
        return fail(Error{ErrorCode::Conflict, "test", "no"});
    };
    CHECK_FALSE(store.submit(std::move(work)));
    CHECK_FALSE(lists(store, "a.example."));
    CHECK(store.zone(kCatalog)->serial() == before);
    // And one that only edits a zone has nothing to do with it.
    REQUIRE(store.submit(create_zone("b.example.")));
    const std::uint32_t listed = store.zone(kCatalog)->serial();
    REQUIRE(store.submit(replace_a("b.example.", "www.b.example.", "192.0.2.1")));
    CHECK(store.zone(kCatalog)->serial() == listed);
}

TEST_CASE("The catalog's step is in the journal and is told of", "[store][committer][rfc9432]") {
    std::vector<std::string> moved;
    CommitterOptions options = with_catalog();
    options.on_published = [&](const std::vector<zones::ZoneReceipt>& receipts) {
        for (const auto& each : receipts)
            moved.push_back(each.apex.text());
    };
    OpenStore store(std::move(options));
    REQUIRE(store.submit(zones::new_catalog(name(kCatalog))));
    const std::uint32_t before = store.zone(kCatalog)->serial();
    const auto receipt = store.submit(create_zone("a.example."));
    REQUIRE(receipt);
    CHECK(receipt->zones.size() == 1);  // The submitter's own.
    store.committer->stop();
    CHECK(std::count(moved.begin(), moved.end(), kCatalog) == 2);
    Reader reader = store.reader();
    const auto steps = must(reader->journal_since(name(kCatalog), before, 10));
    REQUIRE(steps.size() == 1);
    CHECK(steps[0].serial_after == store.zone(kCatalog)->serial());
}

TEST_CASE("Without a catalog nothing is listed anywhere", "[store][committer][rfc9432]") {
    OpenStore store;
    REQUIRE(store.submit(zones::new_catalog(name(kCatalog))));
    const std::uint32_t before = store.zone(kCatalog)->serial();
    REQUIRE(store.submit(create_zone("a.example.")));
    CHECK(store.zone(kCatalog)->serial() == before);
    // One that is configured and does not exist yet stands in nobody's way.
    OpenStore other(with_catalog());
    CHECK(other.submit(create_zone("a.example.")));
}

}  // namespace
}  // namespace hairpin::store
