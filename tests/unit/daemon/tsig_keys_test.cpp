#include "daemon/tsig_keys.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/tsig_keys.hpp"
#include "tests/support/store.hpp"

namespace hairpin::daemon {
namespace {

using namespace tests;

/// A store whose committer keeps a key ring, as the daemon wires it.
struct Site {
    Site() : sealer(Sealer::from_key({1, 2, 3})), keys(sealer, clock) {
        make_database(folder.file("hairpin.db"));
        start();
    }
    void start() {
        committer.reset();
        const std::string path = folder.file("hairpin.db");
        store::Database database = open_database(path);
        zones.emplace(std::make_shared<const zones::ZoneTable>(must(store::load_zones(database))));
        store::Queries queries(database);
        must(keys.load(queries));
        reader.emplace(must(store::Reader::open(path)));
        store::CommitterOptions options;
        options.path = path;
        options.on_tsig_keys = [this](const std::vector<std::string>& names) {
            told.insert(told.end(), names.begin(), names.end());
            renewed = keys.refresh(**reader, names);
        };
        committer = must(store::Committer::open(std::move(options), clock, *zones));
    }
    bool commit(const std::function<Result<void>(store::Writer&)>& rows,
                std::vector<zones::ZoneChange> changes = {}) {
        return commit_rows(*committer, rows, std::move(changes));
    }
    [[nodiscard]] store::CredentialRow credential(const std::string& key_name,
                                                  std::string_view secret) const {
        store::CredentialRow row;
        row.kind = store::CredentialKind::Operator;
        row.token_hash = sha256(as_octets(key_name + std::string(secret)));
        row.label = key_name;
        row.tsig_name = key_name;
        row.tsig_algorithm = "hmac-sha256";
        row.tsig_sealed = sealer.seal(as_octets(secret), admin::tsig_seal_context(row.token_hash));
        return row;
    }
    std::int64_t insert(const store::CredentialRow& row) {
        std::int64_t id = 0;
        REQUIRE(commit([&](store::Writer& writer) -> Result<void> {
            id = TRY(writer.insert_credential(row));
            return {};
        }));
        return id;
    }
    /// The secret of a key of the published ring; empty where there is none.
    [[nodiscard]] std::string secret(std::string_view key_name) {
        const auto ring = keys.published().snapshot();
        const dnsd::TsigKey* key = ring->find(name(key_name));
        return key == nullptr ? "" : std::string(as_text(key->secret()));
    }

    TemporaryFolder folder;
    ManualClock clock;
    Sealer sealer;
    TsigKeys keys;
    std::vector<std::string> told;
    std::vector<zones::Name> renewed;  // Of the last time.
    std::optional<Published<zones::ZoneTable>> zones;
    std::optional<store::Reader> reader;
    std::unique_ptr<store::Committer> committer;
};

TEST_CASE("A key that is new, or is made again, is told from one that was looked at", "[daemon]") {
    Site site;
    const auto id = site.insert(site.credential("k1.example.net.", "first"));
    CHECK(site.renewed == std::vector<zones::Name>{name("k1.example.net.")});
    REQUIRE(site.commit([&](store::Writer& writer) { return writer.revoke_credential(id); }));
    CHECK(site.renewed.empty());  // It is gone.
    site.insert(site.credential("k1.example.net.", "second"));
    CHECK(site.renewed == std::vector<zones::Name>{name("k1.example.net.")});
    site.insert(site.credential("k1.example.net.", "third"));  // The newest counts.
    CHECK(site.renewed == std::vector<zones::Name>{name("k1.example.net.")});
    CHECK(site.keys.refresh(**site.reader, {"k1.example.net."}).empty());
}

TEST_CASE("A credential's key is known when the credential is acknowledged", "[daemon][rfc8945]") {
    Site site;
    CHECK(site.secret("k1.example.net.").empty());
    const auto id = site.insert(site.credential("k1.example.net.", "first"));
    CHECK(site.secret("K1.example.net.") == "first");
    CHECK(site.keys.published().snapshot()->find(name("k1.example.net."))->id() == id);
    site.insert(site.credential("k2.example.net.", "second"));
    CHECK(site.secret("k1.example.net.") == "first");
    CHECK(site.secret("k2.example.net.") == "second");
    CHECK(site.told == std::vector<std::string>{"k1.example.net.", "k2.example.net."});

    site.start();
    CHECK(site.secret("k1.example.net.") == "first");
    CHECK(site.secret("k2.example.net.") == "second");
}

TEST_CASE("A revoked credential has no key any more", "[daemon]") {
    Site site;
    const auto id = site.insert(site.credential("k1.example.net.", "first"));
    site.insert(site.credential("k2.example.net.", "second"));
    REQUIRE(site.commit([&](store::Writer& writer) { return writer.revoke_credential(id); }));
    CHECK(site.secret("k1.example.net.").empty());
    CHECK(site.secret("k2.example.net.") == "second");
    site.start();
    CHECK(site.secret("k1.example.net.").empty());

    // The name may be used again.
    site.insert(site.credential("k1.example.net.", "third"));
    CHECK(site.secret("k1.example.net.") == "third");
}

TEST_CASE("Keys of a server end with it, and with its licence", "[daemon]") {
    Site site;
    std::vector<std::int64_t> servers;
    const auto make = [&](store::Writer& writer) -> Result<void> {
        TRY(writer.insert_licence({"acme", name("pl-acme.example.net."), "", {}, {}, {}, 1, ""}));
        for (const char* label : {"nur1", "nur2"}) {
            store::ServerRow server;
            server.licence = "acme";
            server.label = label;
            servers.push_back(TRY(writer.insert_server(server)));
            auto row = site.credential(std::string(label) + ".", label);
            row.kind = store::CredentialKind::Server;
            row.server_id = servers.back();
            TRY(writer.insert_credential(row));
        }
        return {};
    };
    REQUIRE(site.commit(make, {create_zone("pl-acme.example.net.")}));
    CHECK(site.secret("nur1.") == "nur1");
    CHECK(site.secret("nur2.") == "nur2");
    REQUIRE(site.commit([&](store::Writer& writer) { return writer.erase_server(servers[0]); }));
    CHECK(site.secret("nur1.").empty());
    CHECK(site.secret("nur2.") == "nur2");
    REQUIRE(site.commit([&](store::Writer& writer) { return writer.erase_licence("acme"); }));
    CHECK(site.keys.published().snapshot()->size() == 0);
}

TEST_CASE("A credential that ends takes its key with it in time", "[daemon]") {
    Site site;
    auto row = site.credential("k1.example.net.", "first");
    row.expires_at = site.clock.now() + Seconds(60);
    site.insert(row);
    const auto now = static_cast<dnsd::TsigTime>(to_unix_seconds(site.clock.now()));
    const auto ring = site.keys.published().snapshot();
    const dnsd::TsigKey* key = ring->find(name("k1.example.net."));
    REQUIRE(key != nullptr);
    CHECK(key->is_usable(now + 59));
    CHECK_FALSE(key->is_usable(now + 60));
    site.clock.advance(Seconds(61));
    site.start();
    CHECK(site.secret("k1.example.net.").empty());
}

TEST_CASE("A work that is refused changes no key", "[daemon]") {
    Site site;
    CHECK_FALSE(site.commit([&](store::Writer& writer) -> Result<void> {
        TRY(writer.insert_credential(site.credential("k1.example.net.", "first")));
        return fail(Error{ErrorCode::Conflict, "test", "no"});
    }));
    CHECK(site.secret("k1.example.net.").empty());
    CHECK(site.told.empty());
}

TEST_CASE("A secret that does not open is left out, and disturbs no other", "[daemon]") {
    Site site;
    auto moved = site.credential("k1.example.net.", "first");
    moved.tsig_sealed = site.credential("k2.example.net.", "second").tsig_sealed;
    site.insert(moved);
    auto unknown = site.credential("k3.example.net.", "third");
    unknown.tsig_algorithm = "hmac-sha3-256";
    site.insert(unknown);
    site.insert(site.credential("k4.example.net.", "fourth"));
    site.start();
    CHECK(site.keys.published().snapshot()->size() == 1);
    CHECK(site.secret("k4.example.net.") == "fourth");
}

}  // namespace
}  // namespace hairpin::daemon
