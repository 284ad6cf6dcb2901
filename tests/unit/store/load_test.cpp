#include "store/load.hpp"

#include <catch2/catch.hpp>

#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

TEST_CASE("What is loaded is what was published: names, case, TTLs, kinds", "[store][load]") {
    OpenStore store;
    zones::ZoneChange made = create_zone("Example.NET.",
                                         "WWW 300 IN A 192.0.2.1\n"
                                         "www 300 IN TXT \"two\" \"strings\"\n"
                                         "*.deep.er 5 IN AAAA 2001:db8::1\n"
                                         "odd\\.label\\000 60 IN TYPE65280 \\# 2 0102\n"
                                         "sub 60 IN NS ns.elsewhere.example.\n");
    made.kind = zones::ZoneKind::Licence;
    REQUIRE(store.submit(made));
    REQUIRE(store.submit(create_zone("example.org.")));
    const auto published = store.published->snapshot();

    store.restart();

    REQUIRE(store.published->snapshot()->size() == 2);
    const zones::ZoneRef before = published->share(name("example.net."));
    const zones::ZoneRef after = store.zone("example.net.");
    CHECK(after->kind() == zones::ZoneKind::Licence);
    CHECK(after->names().size() == before->names().size());
    before->for_each([&](const zones::Name& owner, const zones::Node& node) {
        INFO(owner.text());
        const zones::Node* loaded = after->find(owner);
        REQUIRE(loaded != nullptr);
        CHECK(as_text(loaded->owner()) == as_text(node.owner()));  // Octet for octet.
        REQUIRE(loaded->rrsets().size() == node.rrsets().size());
        for (const auto& rrset : node.rrsets())
            CHECK(loaded->find(rrset->type())->same_as(*rrset));
        return true;
    });
}

TEST_CASE("One zone can be loaded alone; one that is not there is empty", "[store][load]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone("example.net.")));
    REQUIRE(store.submit(create_zone("example.org.", "a 60 IN A 192.0.2.1\n")));
    Database database = open_database(store.path());

    const zones::ZoneRef loaded = must(load_zone(database, name("EXAMPLE.org.")));

    REQUIRE(loaded);
    CHECK(loaded->names().size() == 2);
    CHECK_FALSE(must(load_zone(database, name("example.com."))));
}

TEST_CASE("What is loaded is published at the time given, and counted", "[store][load]") {
    OpenStore store;
    std::string content;
    for (int number = 1; number <= 101; ++number)
        content += "a 60 IN A 192.0.2." + std::to_string(number) + "\n";
    const auto receipt = store.submit(create_zone("example.net.", content));
    REQUIRE(receipt);
    CHECK(receipt->zones.front().newly_crowded.size() == 1);
    Database database = open_database(store.path());

    const auto table = must(load_zones(database, from_unix_milliseconds(5'900)));

    const zones::Zone* loaded = table.find(name("example.net."));
    REQUIRE(loaded != nullptr);
    CHECK(loaded->published_at() == 5);
    CHECK(loaded->crowded_rrsets(10) == receipt->zones.front().newly_crowded);
}

TEST_CASE("Rows that are no zone are an error with the zone's name, not a crash",
          "[store][load][hostile]") {
    struct Case {
        const char* why;
        const char* sql;
    };
    const auto damage = GENERATE(values<Case>({
        {"no SOA", "DELETE FROM rrsets WHERE type = 6"},
        {"no NS", "DELETE FROM rrsets WHERE type = 2"},
        {"no rows at all", "DELETE FROM rrsets"},
        {"records cut off", "UPDATE rrsets SET rdata = x'00ff' WHERE type = 1"},
        {"a SOA that is too short", "UPDATE rrsets SET rdata = x'000201ff' WHERE type = 6"},
        {"an owner that is no name", "UPDATE rrsets SET owner = x'ff61' WHERE type = 1"},
        {"an owner without its end", "UPDATE rrsets SET owner = x'0561' WHERE type = 1"},
    }));
    OpenStore store;
    REQUIRE(store.submit(create_zone("example.net.", "a 60 IN A 192.0.2.1\n")));
    store.committer->stop();
    Database database = open_database(store.path());
    must(database.execute(damage.sql));

    INFO(damage.why);
    const auto loaded = load_zones(database);

    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().code == ErrorCode::Corrupt);
    CHECK(loaded.error().subject == "example.net.");
}

}  // namespace
}  // namespace hairpin::store
