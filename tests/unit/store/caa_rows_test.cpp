#include "store/caa_rows.hpp"

#include <catch2/catch.hpp>

#include "store/preflight_rows.hpp"
#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

const zones::Name kCaaZone = name("Pl-acme.example.net.");
const WallTime kSince = from_unix_milliseconds(1'795'000'000'123);

struct WithZone {
    OpenStore store;
    WithZone() { REQUIRE(store.submit(as_work({create_zone("pl-acme.example.net.")}))); }
    template <typename F>
    [[nodiscard]] bool commit(F rows) {
        return commit_rows(*store.committer, std::move(rows));
    }
    void drop() {
        zones::ZoneChange change;
        change.apex = kCaaZone;
        change.action = zones::ZoneAction::Drop;
        REQUIRE(store.submit(as_work({change})));
    }
};

TEST_CASE("A CAA value of an account is what was written last, and goes with its zone",
          "[store][caa]") {
    WithZone world;
    const auto rows = [&] { return must(caa_rows(world.store.reader()->database())); };
    REQUIRE(world.commit([](Writer& writer) -> Result<void> {
        TRY(put_caa(writer, {kCaaZone, "https://ca.example/1", "old", kSince, kSince}));
        TRY(put_caa(writer, {kCaaZone, "https://ca.example/2", "two", kSince, kSince}));
        return put_caa(writer,
                       {kCaaZone, "https://ca.example/1", "new", kSince, kSince + Seconds(9)});
    }));
    REQUIRE(rows().size() == 2);
    CHECK(rows()[0].value == "new");
    CHECK(rows()[0].usable_at == kSince + Seconds(9));
    CHECK(rows()[0].zone == kCaaZone);
    REQUIRE(world.commit(
        [](Writer& writer) { return erase_caa(writer, kCaaZone, "https://ca.example/1"); }));
    CHECK(must(caa_rows_of(world.store.reader()->database(), kCaaZone)).size() == 1);
    CHECK_FALSE(world.commit([](Writer& writer) {
        return put_caa(writer,
                       {name("other.example."), "https://ca.example/1", "x", kSince, kSince});
    }));
    world.drop();
    CHECK(rows().empty());
}

TEST_CASE("A preflight is kept while it is not good, and goes with its zone",
          "[store][preflight]") {
    WithZone world;
    const auto kept = [&] {
        return must(preflight_of(world.store.reader()->database(), kCaaZone));
    };
    const auto put = [&](const char* outcome, const zones::Name& zone) {
        return world.commit([&](Writer& writer) {
            return put_preflight(writer, {zone, outcome, "mend this", kSince});
        });
    };
    CHECK_FALSE(kept());
    REQUIRE(put("problem", kCaaZone));
    CHECK(kept()->text == "mend this");
    CHECK(kept()->outcome == "problem");
    CHECK(must(preflights(world.store.reader()->database())).size() == 1);
    CHECK_FALSE(put("fine", kCaaZone));
    CHECK(put("problem", name("other.example.")));  // Nothing is written of a zone that is gone.
    CHECK(must(preflights(world.store.reader()->database())).size() == 1);
    REQUIRE(world.commit([](Writer& writer) { return erase_preflight(writer, kCaaZone); }));
    CHECK_FALSE(kept());
    REQUIRE(put("unknown", kCaaZone));
    world.drop();
    CHECK_FALSE(kept());
}

}  // namespace
}  // namespace hairpin::store
