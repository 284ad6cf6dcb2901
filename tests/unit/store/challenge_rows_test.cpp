#include "store/challenge_rows.hpp"

#include <catch2/catch.hpp>

#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

struct ChallengeSite {
    ChallengeSite() {
        REQUIRE(store.submit(create_zone("a.example.")));
        for (std::int64_t* id : {&one, &two})
            REQUIRE(commit([&](Writer& writer) -> Result<void> {
                CredentialRow row;
                row.kind = CredentialKind::Token;
                row.token_hash = sha256(as_octets(std::to_string(++made)));
                *id = TRY(writer.insert_credential(row));
                return {};
            }));
    }
    bool commit(const std::function<Result<void>(Writer&)>& rows) {
        Work work = as_work({});
        work.rows = [&](Writer& writer, zones::Change&) { return rows(writer); };
        return bool(store.submit(std::move(work)));
    }
    bool put(std::int64_t id, std::string_view value, const char* apex = "a.example.") {
        return commit([&](Writer& writer) {
            return put_challenge_value(writer, name(apex), kOwner, id, as_octets(value));
        });
    }
    [[nodiscard]] std::string values(std::int64_t id) const {
        Reader reader = store.reader();
        std::string all;
        for (const auto& each :
             must(challenge_values(reader->database(), name("A.example."), kOwner, id)))
            all.append(as_text(each.rdata)).append(" ");
        return all;
    }
    [[nodiscard]] bool others(std::int64_t id, std::string_view value) const {
        Reader reader = store.reader();
        return must(
            others_wrote(reader->database(), name("a.example."), kOwner, id, as_octets(value)));
    }

    const zones::Name kOwner = name("_acme-challenge.A.example.");
    OpenStore store;
    int made = 0;
    std::int64_t one = 0;
    std::int64_t two = 0;
};

TEST_CASE("A challenge value is its writer's, the oldest first", "[store][challenges]") {
    ChallengeSite site;
    for (const char* value : {"x", "y"}) {
        REQUIRE(site.put(site.one, value));
        site.store.clock.advance(Milliseconds(1'000));
    }
    REQUIRE(site.put(site.two, "x"));
    CHECK(site.values(site.one) == "x y ");
    CHECK(site.values(site.two) == "x ");
    CHECK(site.others(site.one, "x"));
    CHECK(site.others(site.two, "y"));
    CHECK_FALSE(site.others(site.one, "y"));

    REQUIRE(site.put(site.one, "x"));  // Again: it is the newest now.
    CHECK(site.values(site.one) == "y x ");
    const auto erase = [&](std::int64_t id, std::string_view value) {
        return site.commit([&](Writer& writer) {
            return erase_challenge_value(writer, name("a.example."), site.kOwner, id,
                                         as_octets(value));
        });
    };
    REQUIRE(erase(site.one, "x"));
    REQUIRE(erase(site.one, "never"));
    CHECK(site.values(site.one) == "y ");
    CHECK(site.values(site.two) == "x ");
    CHECK_FALSE(site.put(site.one, "x", "none.example."));
}

TEST_CASE("Challenge values are forgotten with their writer and with their zone",
          "[store][challenges]") {
    ChallengeSite site;
    REQUIRE(site.put(site.one, "x"));
    REQUIRE(site.put(site.two, "x"));
    REQUIRE(site.commit([&](Writer& writer) { return writer.erase_credential(site.one); }));
    CHECK_FALSE(site.others(site.two, "x"));
    zones::ZoneChange drop;
    drop.apex = name("a.example.");
    drop.action = zones::ZoneAction::Drop;
    REQUIRE(site.store.submit(drop));
    CHECK(site.values(site.two).empty());
}

}  // namespace
}  // namespace hairpin::store
