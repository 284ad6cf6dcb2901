#include "store/elsewhere_rows.hpp"

#include <catch2/catch.hpp>

#include "store/acme_rows.hpp"
#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

struct WithAttempt {
    OpenStore store;
    AcmeAttemptRow row;
    WithAttempt() {
        REQUIRE(store.submit(as_work({create_zone("pl-acme.example.net.")})));
        row.server_id = kOurselves;
        row.zone_apex = name("pl-acme.example.net.");
        row.public_name = "nur1.pl-acme.example.net";
        row.key_origin = KeyOrigin::Managed;
        REQUIRE(commit([this](Writer& writer) -> Result<void> {
            row.id = TRY(insert_attempt(writer, row));
            return {};
        }));
    }
    template <typename F>
    [[nodiscard]] bool commit(F rows) {
        return commit_rows(*store.committer, std::move(rows));
    }
    [[nodiscard]] bool update(std::vector<AcmeAuthorizationRow> authorizations) {
        row.authorizations = std::move(authorizations);
        return commit([this](Writer& writer) { return update_attempt(writer, row, row.state); });
    }
    [[nodiscard]] std::vector<ElsewhereRow> left() {
        return must(left_elsewhere(store.reader()->database(), 10));
    }
};

AcmeAuthorizationRow value_elsewhere(const std::string& value) {
    return {"u", "nur1.pl-acme.example.net", "c", value, "Nur1.V.example.", "v.example.", false,
            true};
}

TEST_CASE("A value elsewhere is left from when no authorization needs it until it is erased",
          "[store][elsewhere]") {
    WithAttempt world;
    REQUIRE(world.update({value_elsewhere("one"),
                          value_elsewhere("two"),
                          {"u", "nur1.pl-acme.example.net", "c", "ours", "", "", false, false}}));
    CHECK(world.left().empty());
    const auto attempt = must(AcmeQueries(world.store.reader()->database()).attempt(world.row.id));
    REQUIRE(attempt);
    CHECK(attempt->authorizations[0] == value_elsewhere("one"));
    CHECK_FALSE(attempt->authorizations[2].elsewhere);

    REQUIRE(world.update({value_elsewhere("two")}));
    REQUIRE(world.left().size() == 1);
    const ElsewhereRow one = world.left()[0];
    CHECK(one.owner == name("nur1.v.example."));
    CHECK(one.value == "one");
    CHECK(one.apex == name("v.example."));
    CHECK(one.attempt_id == world.row.id);

    REQUIRE(world.update({}));
    CHECK(world.left().size() == 2);
    // Another attempt's by now: not this one's to erase.
    REQUIRE(world.commit([&](Writer& writer) {
        return note_elsewhere(writer, {one.owner, one.value, one.apex, one.attempt_id + 1, {}});
    }));
    REQUIRE(world.commit([&](Writer& writer) { return erase_elsewhere(writer, one); }));
    CHECK(world.left().size() == 2);
    for (const ElsewhereRow& each : world.left())
        REQUIRE(world.commit([&](Writer& writer) { return erase_elsewhere(writer, each); }));
    CHECK(world.left().empty());
}

}  // namespace
}  // namespace hairpin::store
