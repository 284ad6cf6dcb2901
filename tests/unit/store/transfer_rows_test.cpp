#include "store/transfer_rows.hpp"

#include <catch2/catch.hpp>

#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

struct Site : NotedStore {
    bool put(const char* apex, const std::vector<SecondaryRow>& rows) {
        return commit([&](Writer& writer) { return put_secondaries(writer, name(apex), rows); });
    }
    [[nodiscard]] std::vector<SecondaryRow> secondaries(const char* apex) const {
        Reader reader = store.reader();
        return must(TransferQueries(reader->database()).secondaries_of(name(apex)));
    }
    [[nodiscard]] std::size_t zones_with_rows() const {
        Reader reader = store.reader();
        return must(TransferQueries(reader->database()).zones_with_rows(10, "")).size();
    }
};

SecondaryRow secondary(const char* address, const char* key = nullptr) {
    SecondaryRow row{Endpoint::parse(address).value(), {}};
    if (key != nullptr) row.key = name(key);
    return row;
}

TEST_CASE("A zone has the secondaries that were put last, in their order", "[store][transfers]") {
    Site site;
    const std::vector<SecondaryRow> two = {secondary("192.0.2.2:53", "k."),
                                           secondary("[2001:db8::1]:5353")};
    REQUIRE(site.put("a.example.", two));
    CHECK(site.take_told() == "a.example. ");
    CHECK(site.secondaries("A.example.") == two);
    CHECK(site.secondaries("b.example.").empty());
    CHECK(site.zones_with_rows() == 1);

    REQUIRE(site.put("a.example.", two));
    CHECK(site.take_told().empty());  // Nothing was written.
    REQUIRE(site.put("a.example.", {two[1]}));
    CHECK(site.secondaries("a.example.") == std::vector<SecondaryRow>{two[1]});
    REQUIRE(site.put("a.example.", {}));
    CHECK(site.secondaries("a.example.").empty());
    CHECK(site.zones_with_rows() == 0);
    CHECK_FALSE(site.put("none.example.", two));
}

TEST_CASE("Secondaries end with their zone", "[store][transfers]") {
    Site site;
    REQUIRE(site.put("a.example.", {secondary("192.0.2.2:53")}));
    site.take_told();
    zones::ZoneChange drop;
    drop.apex = name("a.example.");
    drop.action = zones::ZoneAction::Drop;
    REQUIRE(site.store.submit(drop));
    CHECK(site.take_told() == "a.example. ");
    REQUIRE(site.store.submit(create_zone("a.example.")));
    CHECK(site.secondaries("a.example.").empty());
}

}  // namespace
}  // namespace hairpin::store
