#include "store/grant_rows.hpp"

#include <catch2/catch.hpp>

#include "store/transfer_rows.hpp"
#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

struct GrantSite : NotedStore {
    std::int64_t make_key(const std::string& key, const std::string& licence = {}) {
        CredentialRow row;
        row.kind = CredentialKind::Tsig;
        row.token_hash = sha256(as_octets(key));
        row.tsig_name = key;
        row.tsig_algorithm = "hmac-sha256";
        row.tsig_sealed = {1};
        row.licence = licence;
        std::int64_t id = 0;
        REQUIRE(commit([&](Writer& writer) -> Result<void> {
            id = TRY(writer.insert_credential(row));
            return {};
        }));
        return id;
    }
    bool put(std::int64_t id, const std::vector<zones::Grant>& grants) {
        return commit([&](Writer& writer) { return put_grants(writer, id, grants); });
    }
    [[nodiscard]] std::vector<zones::Grant> grants(std::int64_t id) const {
        Reader reader = store.reader();
        return must(grants_of(reader->database(), id));
    }
    /// The keys that may transfer a zone.
    [[nodiscard]] std::string keys(const GrantedZone& zone) const {
        Reader reader = store.reader();
        std::string all;
        for (const auto& key : must(TransferQueries(reader->database()).keys_of_zone(zone)))
            all += key.key.text() + " ";
        return all;
    }
};

zones::Grant grant_for(const char* zone, zones::Operation operation) {
    zones::Grant grant;
    if (zone != nullptr) grant.zone = name(zone);
    grant.operations.add(operation);
    return grant;
}

zones::Grant transfer_of(const char* zone) {
    return grant_for(zone, zones::Operation::Transfer);
}

TEST_CASE("Grants come back as they were put", "[store][grants]") {
    GrantSite site;
    const std::int64_t id = site.make_key("k.");
    zones::Grant full = grant_for("a.example.", zones::Operation::Update);
    full.operations.add(zones::Operation::Read);
    full.names = {*zones::NamePattern::parse("www.a.example."),
                  *zones::NamePattern::parse("subtree:two\\032words.a.example.")};
    full.types = {zones::RType::A, zones::RType(65280)};
    full.values = zones::ValueRule::Source;
    const std::vector<zones::Grant> grants = {full, transfer_of(nullptr)};
    REQUIRE(site.put(id, grants));
    CHECK(site.grants(id) == grants);
    REQUIRE(site.put(id, {full}));
    CHECK(site.grants(id) == std::vector{full});
    CHECK(site.grants(4711).empty());

    CHECK_FALSE(site.put(id, {transfer_of("none.example.")}));
    CHECK_FALSE(site.put(4711, {full}));
    CHECK_FALSE(site.put(id, std::vector<zones::Grant>(kMaxGrants + 1, full)));
    CHECK(site.grants(id) == std::vector{full});  // Nothing of what was refused.
}

TEST_CASE("Who may transfer is told of, zone by zone", "[store][grants]") {
    GrantSite site;
    const std::int64_t id = site.make_key("k.");
    CHECK(site.take_told() == "key k. ");
    REQUIRE(site.put(id, {transfer_of("a.example.")}));
    CHECK(site.take_told() == "a.example. ");
    REQUIRE(site.put(id, {transfer_of("a.example."), transfer_of(nullptr)}));
    CHECK(site.take_told() == "a.example. a.example. . ");
    CHECK(site.keys(name("a.example.")) == "k. ");
    CHECK(site.keys(name("b.example.")).empty());
    CHECK(site.keys(std::nullopt) == "k. ");

    REQUIRE(site.commit([&](Writer& writer) { return erase_granted_credential(writer, id); }));
    CHECK(site.take_told() == "a.example. . key k. ");
    CHECK(site.keys(name("a.example.")).empty());
    CHECK(site.keys(std::nullopt).empty());
    CHECK_FALSE(site.commit([&](Writer& writer) { return erase_granted_credential(writer, id); }));
    CHECK(site.take_told().empty());
}

TEST_CASE("A grant to update is none to transfer", "[store][grants]") {
    GrantSite site;
    const std::int64_t id = site.make_key("k.");
    site.take_told();
    REQUIRE(site.put(id, {grant_for("a.example.", zones::Operation::Update)}));
    CHECK(site.keys(name("a.example.")).empty());
    CHECK(site.take_told().empty());
}

TEST_CASE("The keys of a suspended licence transfer nothing", "[store][grants]") {
    GrantSite site;
    LicenceRow licence;
    licence.name = "acme";
    licence.zone_apex = name("a.example.");
    REQUIRE(site.commit([&](Writer& writer) { return writer.insert_licence(licence); }));
    const std::int64_t id = site.make_key("k.", "acme");
    REQUIRE(site.put(id, {transfer_of("a.example.")}));
    CHECK(site.keys(name("a.example.")) == "k. ");
    site.take_told();
    licence.state = LicenceState::Suspended;
    REQUIRE(site.commit([&](Writer& writer) { return writer.update_licence(licence); }));
    CHECK(site.keys(name("a.example.")).empty());
    CHECK(site.take_told() == "a.example. ");
}

TEST_CASE("A transfer's grant says how long and from where its key is good", "[store][grants]") {
    GrantSite site;
    LicenceRow licence;
    licence.name = "acme";
    licence.zone_apex = name("a.example.");
    licence.expires_at = WallTime(Milliseconds(1'795'186'800'000));
    REQUIRE(site.commit([&](Writer& writer) { return writer.insert_licence(licence); }));
    const std::int64_t id = site.make_key("k.", "acme");
    REQUIRE(site.put(id, {transfer_of("a.example."), transfer_of("b.example.")}));
    site.take_told();
    CredentialRow row;
    row.id = id;
    row.sources = {*Prefix::parse("192.0.2.0/24"), *Prefix::parse("2001:db8::/32")};
    REQUIRE(site.commit([&](Writer& writer) { return writer.update_credential(row); }));
    CHECK(site.take_told() == "a.example. b.example. key k. ");
    Reader reader = site.store.reader();
    TransferQueries transfers(reader->database());
    CHECK(must(transfers.keys_of_zone(name("a.example."))) ==
          std::vector{TransferKey{name("k."), row.sources, licence.expires_at}});
    CHECK(must(transfers.keys_of_zone(name("b.example."))).empty());  // Beyond its licence.
}

TEST_CASE("A key of a server rests with the server and with its licence", "[store][grants]") {
    GrantSite site;
    LicenceRow licence;
    licence.name = "acme";
    licence.zone_apex = name("a.example.");
    ServerRow server;
    server.licence = "acme";
    server.label = "nur1";
    CredentialRow row;
    row.kind = CredentialKind::Tsig;
    row.tsig_name = "k.";
    row.tsig_sealed = {1};
    REQUIRE(site.commit([&](Writer& writer) -> Result<void> {
        TRY(writer.insert_licence(licence));
        server.id = TRY(writer.insert_server(server));
        row.server_id = server.id;
        row.id = TRY(writer.insert_credential(row));
        return put_grants(writer, row.id, {transfer_of("a.example.")});
    }));
    CHECK(site.keys(name("a.example.")) == "k. ");
    site.take_told();
    server.state = ServerState::Suspended;
    REQUIRE(site.commit([&](Writer& writer) { return writer.update_server(server); }));
    CHECK(site.take_told() == "a.example. ");
    CHECK(site.keys(name("a.example.")).empty());
    ++server.version;
    server.state = ServerState::Active;
    REQUIRE(site.commit([&](Writer& writer) { return writer.update_server(server); }));
    CHECK(site.keys(name("a.example.")) == "k. ");
    licence.state = LicenceState::Suspended;
    REQUIRE(site.commit([&](Writer& writer) { return writer.update_licence(licence); }));
    CHECK(site.keys(name("a.example.")).empty());
}

TEST_CASE("Grants end with their zone, and credentials with their licence", "[store][grants]") {
    GrantSite site;
    const std::int64_t id = site.make_key("k.");
    REQUIRE(site.put(id, {transfer_of("a.example."), transfer_of("b.example.")}));
    zones::ZoneChange drop;
    drop.apex = name("a.example.");
    drop.action = zones::ZoneAction::Drop;
    REQUIRE(site.store.submit(drop));
    CHECK(site.grants(id) == std::vector{transfer_of("b.example.")});
    REQUIRE(site.store.submit(create_zone("a.example.")));
    CHECK(site.keys(name("a.example.")).empty());

    LicenceRow licence;
    licence.name = "acme";
    licence.zone_apex = name("b.example.");
    REQUIRE(site.commit([&](Writer& writer) { return writer.insert_licence(licence); }));
    const std::int64_t owned = site.make_key("owned.", "acme");
    site.take_told();
    REQUIRE(site.commit([&](Writer& writer) { return writer.erase_licence("acme"); }));
    CHECK(site.take_told() == "key owned. ");
    Reader reader = site.store.reader();
    CHECK_FALSE(must(reader->credential(owned)));
    CHECK(must(reader->credential(id)));
}

TEST_CASE("A name is the key of one credential", "[store][grants]") {
    GrantSite site;
    site.make_key("k.");
    CredentialRow again;
    again.kind = CredentialKind::Tsig;
    again.token_hash = sha256(as_octets("another"));
    again.tsig_name = "k.";
    again.tsig_sealed = {1};
    CHECK_FALSE(site.commit([&](Writer& writer) -> Result<void> {
        TRY(writer.insert_credential(again));
        return {};
    }));
}

}  // namespace
}  // namespace hairpin::store
