#include "daemon/transfers.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/grant_rows.hpp"
#include "store/transfer_rows.hpp"
#include "tests/support/store.hpp"

namespace hairpin::daemon {
namespace {

using namespace tests;

dnsd::Secondary follower(const char* address, const char* key = nullptr) {
    dnsd::Secondary made{Endpoint::parse(address).value(), {}};
    if (key != nullptr) made.key = name(key);
    return made;
}

/// A store whose committer keeps a transfer policy, as the daemon wires it.
struct TransferSite {
    explicit TransferSite(Config the_config = {}) : config(std::move(the_config)) {
        make_database(folder.file("hairpin.db"));
        start();
        for (const char* apex : {"a.example.", "b.example.", "catalog.example."})
            REQUIRE(commit([](store::Writer&) -> Result<void> { return {}; }, {create_zone(apex)}));
        told.clear();
    }
    void start() {
        committer.reset();
        const std::string path = folder.file("hairpin.db");
        store::Database database = open_database(path);
        zones.emplace(std::make_shared<const zones::ZoneTable>(must(store::load_zones(database))));
        transfers = std::make_unique<Transfers>(config);
        store::Queries queries(database);
        must(transfers->load(queries));
        reader.emplace(must(store::Reader::open(path)));
        store::CommitterOptions options;
        options.path = path;
        options.on_transfers = [this](const std::vector<zones::Name>& apexes) {
            for (const zones::Name& apex : transfers->refresh(**reader, apexes))
                told += apex.text() + " ";
        };
        committer = must(store::Committer::open(std::move(options), clock, *zones));
    }
    bool commit(const std::function<Result<void>(store::Writer&)>& rows,
                std::vector<zones::ZoneChange> changes = {}) {
        return commit_rows(*committer, rows, std::move(changes));
    }
    std::int64_t make_key(const char* key, const std::vector<store::GrantedZone>& granted,
                          store::CredentialRow row = {}) {
        row.kind = store::CredentialKind::Tsig;
        row.token_hash = sha256(as_octets(key));
        row.tsig_name = key;
        row.tsig_sealed = {1};
        std::int64_t id = 0;
        REQUIRE(commit([&](store::Writer& writer) -> Result<void> {
            id = TRY(writer.insert_credential(row));
            std::vector<zones::Grant> grants;
            for (const auto& each : granted) {
                zones::Grant& grant = grants.emplace_back();
                grant.zone = each;
                grant.operations.add(zones::Operation::Transfer);
            }
            return store::put_grants(writer, id, grants);
        }));
        return id;
    }
    void put(const char* apex, std::vector<store::SecondaryRow> rows) {
        REQUIRE(commit([&](store::Writer& writer) {
            return store::put_secondaries(writer, name(apex), rows);
        }));
    }
    [[nodiscard]] bool may(const char* apex, const char* key, const char* from = "198.51.100.9",
                           dnsd::TsigTime now = 0) {
        const zones::Name signer = name(key == nullptr ? "." : key);
        return transfers->published().snapshot()->permits(
            name(apex), {IpAddress::parse(from).value(), key == nullptr ? nullptr : &signer, now});
    }
    [[nodiscard]] std::string followers(const char* apex) {
        std::string all;
        for (const auto& each : transfers->published().snapshot()->secondaries_of(name(apex)))
            all += each.text() + "; ";
        return all;
    }

    Config config;
    std::string told;
    TemporaryFolder folder;
    ManualClock clock;
    std::unique_ptr<Transfers> transfers;
    std::optional<Published<zones::ZoneTable>> zones;
    std::optional<store::Reader> reader;
    std::unique_ptr<store::Committer> committer;
};

TEST_CASE("A key transfers what it is granted, as soon as that is acknowledged and after a restart",
          "[daemon][rfc5936][rfc8945]") {
    TransferSite site;
    const auto one = site.make_key("one.", {name("a.example.")});
    const auto every = site.make_key("every.", {std::nullopt});
    for (int turn = 0; turn < 2; ++turn) {
        CHECK(site.may("a.example.", "one."));
        CHECK_FALSE(site.may("b.example.", "one."));
        CHECK(site.may("a.example.", "every."));
        CHECK(site.may("catalog.example.", "every."));
        CHECK_FALSE(site.may("a.example.", nullptr));
        site.start();
    }
    for (const auto id : {one, every})
        REQUIRE(site.commit(
            [&](store::Writer& writer) { return store::erase_granted_credential(writer, id); }));
    CHECK_FALSE(site.may("a.example.", "one."));
    CHECK_FALSE(site.may("a.example.", "every."));
    CHECK(site.told.empty());  // Nobody follows.
}

TEST_CASE("A licence's keys transfer until the second in which it expires, and from where they may",
          "[daemon][rfc5936]") {
    constexpr dnsd::TsigTime kEnd = 1'795'186'800;
    TransferSite site;
    store::LicenceRow licence;
    licence.name = "acme";
    licence.zone_apex = name("a.example.");
    licence.expires_at = WallTime(Milliseconds(kEnd * 1'000 + 400));
    REQUIRE(site.commit([&](store::Writer& writer) { return writer.insert_licence(licence); }));
    store::CredentialRow row;
    row.licence = "acme";
    row.sources = {*Prefix::parse("192.0.2.0/24"), *Prefix::parse("203.0.113.0/24")};
    site.make_key("k.", {name("a.example.")}, row);
    for (int turn = 0; turn < 2; ++turn) {
        for (const char* from : {"192.0.2.1", "203.0.113.1"}) {
            CHECK(site.may("a.example.", "k.", from, kEnd - 1));
            CHECK_FALSE(site.may("a.example.", "k.", from, kEnd));
        }
        CHECK_FALSE(site.may("a.example.", "k.", "198.51.100.1", kEnd - 1));
        site.start();
    }
    // Nobody has to do anything at that moment, and a longer licence holds as soon as it is told.
    licence.expires_at.reset();
    REQUIRE(site.commit([&](store::Writer& writer) { return writer.update_licence(licence); }));
    CHECK(site.may("a.example.", "k.", "192.0.2.1", kEnd));
}

TEST_CASE("A zone's secondaries follow it, and end with it", "[daemon][rfc1996]") {
    TransferSite site;
    const auto where = Endpoint::parse("192.0.2.1:53").value();
    site.put("a.example.", {{where, name("k.")}});
    CHECK(site.told == "a.example. ");
    CHECK(site.followers("a.example.") == "192.0.2.1:53 key k.; ");
    CHECK(site.followers("b.example.").empty());
    CHECK(site.may("a.example.", "k."));
    CHECK_FALSE(site.may("b.example.", "k."));
    CHECK_FALSE(site.may("a.example.", nullptr, "192.0.2.1"));
    site.start();
    CHECK(site.followers("a.example.") == "192.0.2.1:53 key k.; ");

    zones::ZoneChange drop;
    drop.apex = name("a.example.");
    drop.action = zones::ZoneAction::Drop;
    REQUIRE(site.commit([](store::Writer&) -> Result<void> { return {}; }, {drop}));
    CHECK(site.followers("a.example.").empty());
    CHECK_FALSE(site.may("a.example.", "k."));
}

TEST_CASE("Who follows the catalog follows every zone in it", "[daemon][rfc9432]") {
    Config config;
    config.catalog = name("catalog.example.");
    TransferSite site(config);
    site.put("catalog.example.", {{Endpoint::parse("192.0.2.1:53").value(), name("k.")}});
    CHECK(site.told == ". ");
    CHECK(site.followers("a.example.") == "192.0.2.1:53 key k.; ");
    CHECK(site.may("b.example.", "k."));
    site.put("catalog.example.", {});
    CHECK(site.followers("a.example.").empty());
    CHECK_FALSE(site.may("b.example.", "k."));
}

TEST_CASE("A new configuration takes the place of the old one and leaves the store's alone",
          "[daemon]") {
    Config config;
    config.transfer_secondaries = {follower("192.0.2.1:53")};
    TransferSite site(config);
    site.put("a.example.", {{Endpoint::parse("192.0.2.2:53").value(), {}}});
    CHECK(site.followers("a.example.") == "192.0.2.2:53; 192.0.2.1:53; ");
    CHECK_FALSE(site.transfers->configure(config));

    config.transfer_secondaries = {follower("192.0.2.2:53", "k.")};
    config.transfer_allow = {Prefix::parse("203.0.113.0/24").value()};
    CHECK(site.transfers->configure(config));
    CHECK(site.followers("a.example.") == "192.0.2.2:53; ");
    CHECK(site.followers("b.example.") == "192.0.2.2:53 key k.; ");
    CHECK(site.may("b.example.", nullptr, "203.0.113.9"));
    CHECK_FALSE(site.may("b.example.", nullptr, "192.0.2.1"));
}

TEST_CASE("Whom a key concerns is known by its name", "[daemon][rfc8945]") {
    Config config;
    config.catalog = name("catalog.example.");
    config.transfer_secondaries = {follower("192.0.2.9:53", "config.")};
    TransferSite site(config);
    site.put("a.example.", {{Endpoint::parse("192.0.2.1:53").value(), name("own.")},
                            {Endpoint::parse("192.0.2.2:53").value(), name("own.")}});
    site.put("b.example.", {{Endpoint::parse("192.0.2.1:53").value(), name("other.")}});
    site.put("catalog.example.", {{Endpoint::parse("192.0.2.3:53").value(), name("cat.")}});
    const auto followed = [&](std::vector<zones::Name> keys) {
        std::string text;
        for (const zones::Name& apex : site.transfers->followed_with(**site.reader, keys))
            text += apex.text() + " ";
        return text;
    };
    CHECK(followed({}).empty());
    CHECK(followed({name("nobody.")}).empty());
    CHECK(followed({name("OWN.")}) == "a.example. ");
    CHECK(followed({name("own."), name("other.")}) == "a.example. b.example. ");
    CHECK(followed({name("own."), name("config.")}) == ". ");
    CHECK(followed({name("cat.")}) == ". ");  // It follows every zone.
}

}  // namespace
}  // namespace hairpin::daemon
