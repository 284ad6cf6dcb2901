#include "store/transfer_rows.hpp"

#include <catch2/catch.hpp>

#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

/// A store that notes what it is told of, with two zones.
struct Site {
    Site() : store(options()) {
        for (const char* apex : {"a.example.", "b.example."})
            REQUIRE(store.submit(create_zone(apex)));
        told.clear();
    }
    CommitterOptions options() {
        CommitterOptions made;
        made.on_transfers = [this](const std::vector<zones::Name>& apexes) {
            for (const zones::Name& apex : apexes)
                told += apex.text() + " ";
        };
        made.on_tsig_keys = [this](const std::vector<std::string>& names) {
            for (const std::string& each : names)
                told += "key " + each + " ";
        };
        return made;
    }
    bool commit(const std::function<Result<void>(Writer&)>& rows) {
        Work work = as_work({});
        work.rows = [&](Writer& writer, zones::Change&) { return rows(writer); };
        return bool(store.submit(std::move(work)));
    }
    std::int64_t make_key(const std::string& key) {
        CredentialRow row;
        row.kind = CredentialKind::Tsig;
        row.token_hash = sha256(as_octets(key));
        row.tsig_name = key;
        row.tsig_algorithm = "hmac-sha256";
        row.tsig_sealed = {1};
        std::int64_t id = 0;
        REQUIRE(commit([&](Writer& writer) -> Result<void> {
            id = TRY(writer.insert_credential(row));
            return {};
        }));
        return id;
    }
    bool grant(std::int64_t id, const GrantedZone& zone) {
        return commit([&](Writer& writer) { return insert_grant(writer, id, zone); });
    }
    bool put(const char* apex, const std::vector<SecondaryRow>& rows) {
        return commit([&](Writer& writer) { return put_secondaries(writer, name(apex), rows); });
    }
    [[nodiscard]] std::string keys(const GrantedZone& zone) const {
        Reader reader = store.reader();
        std::string all;
        for (const auto& key : must(TransferQueries(reader->database()).keys_of_zone(zone)))
            all += key.text() + " ";
        return all;
    }
    [[nodiscard]] std::vector<SecondaryRow> secondaries(const char* apex) const {
        Reader reader = store.reader();
        return must(TransferQueries(reader->database()).secondaries_of(name(apex)));
    }
    [[nodiscard]] std::size_t zones_with_rows() const {
        Reader reader = store.reader();
        return must(TransferQueries(reader->database()).zones_with_rows(10, "")).size();
    }
    std::string take_told() { return std::exchange(told, {}); }

    std::string told;
    OpenStore store;
};

SecondaryRow secondary(const char* address, const char* key = nullptr) {
    SecondaryRow row{Endpoint::parse(address).value(), {}};
    if (key != nullptr) row.key = name(key);
    return row;
}

TEST_CASE("Who touches grants or secondaries is told of, zone by zone", "[store][transfers]") {
    Site site;
    const std::int64_t id = site.make_key("k.");
    CHECK(site.take_told() == "key k. ");
    REQUIRE(site.grant(id, name("A.example.")));
    CHECK(site.take_told() == "A.example. ");
    REQUIRE(site.grant(id, std::nullopt));
    CHECK(site.take_told() == ". ");
    CHECK(site.keys(name("a.example.")) == "k. ");
    CHECK(site.keys(name("b.example.")).empty());
    CHECK(site.keys(std::nullopt) == "k. ");

    REQUIRE(site.commit([&](Writer& writer) { return erase_tsig_credential(writer, id); }));
    CHECK(site.take_told() == "key k. . a.example. ");
    CHECK(site.keys(name("a.example.")).empty());
    CHECK(site.keys(std::nullopt).empty());
    CHECK_FALSE(site.commit([&](Writer& writer) { return erase_tsig_credential(writer, id); }));
    CHECK(site.take_told().empty());
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

TEST_CASE("Grants and secondaries end with their zone", "[store][transfers]") {
    Site site;
    const std::int64_t id = site.make_key("k.");
    REQUIRE(site.grant(id, name("a.example.")));
    REQUIRE(site.put("a.example.", {secondary("192.0.2.2:53")}));
    site.take_told();
    zones::ZoneChange drop;
    drop.apex = name("a.example.");
    drop.action = zones::ZoneAction::Drop;
    REQUIRE(site.store.submit(drop));
    CHECK(site.take_told() == "a.example. ");
    REQUIRE(site.store.submit(create_zone("a.example.")));
    CHECK(site.keys(name("a.example.")).empty());
    CHECK(site.secondaries("a.example.").empty());
}

TEST_CASE("A name is one operator's key, and a zone is granted once", "[store][transfers]") {
    Site site;
    const std::int64_t id = site.make_key("k.");
    CredentialRow again;
    again.kind = CredentialKind::Tsig;
    again.token_hash = sha256(as_octets("another"));
    again.tsig_name = "k.";
    again.tsig_sealed = {1};
    CHECK_FALSE(site.commit([&](Writer& writer) -> Result<void> {
        TRY(writer.insert_credential(again));
        return {};
    }));
    REQUIRE(site.grant(id, name("a.example.")));
    CHECK_FALSE(site.grant(id, name("a.example.")));
    REQUIRE(site.grant(id, std::nullopt));
    CHECK_FALSE(site.grant(id, std::nullopt));
    CHECK_FALSE(site.grant(id, name("none.example.")));
    CHECK_FALSE(site.grant(4711, name("a.example.")));
}

}  // namespace
}  // namespace hairpin::store
