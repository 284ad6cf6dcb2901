#include "daemon/checkin_feed.hpp"

#include <algorithm>
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

constexpr std::int64_t kUnixNow = 1'795'000'000'000;

struct FeedSite {
    FeedSite()
        : sealer(Sealer::from_key({1, 2, 3})),
          zones(std::make_shared<const zones::ZoneTable>()),
          desk(*checkin::Desk::bind({}, zones, clock)),
          feed(sealer, {}, *desk) {
        server.id = 7;
        server.licence = "acme";
        server.label = "nur1";
        licence.name = "acme";
        licence.zone_apex = name("pl-acme.example.net.");
        credentials.push_back(credential(1, "first"));
    }
    [[nodiscard]] store::CredentialRow credential(std::int64_t id, std::string_view secret) const {
        store::CredentialRow row;
        row.id = id;
        row.token_hash = sha256(as_octets(secret));
        row.server_id = 7;
        row.tsig_name = "k" + std::to_string(id) + ".nur1.pl-acme.example.net.";
        row.tsig_algorithm = "hmac-sha256";
        row.tsig_sealed = sealer.seal(as_octets(secret), admin::tsig_seal_context(row.token_hash));
        return row;
    }
    [[nodiscard]] std::optional<checkin::Enrolment> enrolment() const {
        return feed.enrolment_of(server, licence, credentials);
    }
    [[nodiscard]] static checkin::Key key(std::string_view secret) {
        return checkin::check_in_key(as_octets(secret));
    }

    ManualClock clock;
    Sealer sealer;
    Published<zones::ZoneTable> zones;
    std::unique_ptr<checkin::Desk> desk;
    CheckinFeed feed;
    store::ServerRow server;
    store::LicenceRow licence;
    std::vector<store::CredentialRow> credentials;
};

TEST_CASE("A server checks in with a key made from its TSIG secret", "[daemon][checkin]") {
    FeedSite site;
    site.server.report.machine = "machine-1";
    const auto enrolment = site.enrolment();
    REQUIRE(enrolment);
    REQUIRE(enrolment->keys.size() == 1);
    CHECK(enrolment->keys[0].key == FeedSite::key("first"));
    CHECK(enrolment->keys[0].until == checkin::kForever);
    CHECK(enrolment->machine == checkin::machine_tag("machine-1"));
    CHECK(enrolment->welcome_until == checkin::kForever);
    CHECK(zones::Name::from_wire(enrolment->public_name) == name("nur1.pl-acme.example.net."));
    CHECK_FALSE(enrolment->reported_from);
}

TEST_CASE("Keys come and go with their credentials", "[daemon][checkin]") {
    FeedSite site;
    site.credentials.push_back(site.credential(2, "second"));
    site.credentials[0].expires_at = from_unix_milliseconds(kUnixNow);
    const auto both = site.enrolment();
    REQUIRE(both);
    REQUIRE(both->keys.size() == 2);
    CHECK(both->keys[0].key == FeedSite::key("second"));  // The newest first.
    CHECK(both->keys[1].until == from_unix_milliseconds(kUnixNow));

    site.credentials[1].revoked_at = from_unix_milliseconds(kUnixNow);
    CHECK(site.enrolment()->keys.size() == 1);
    site.credentials[0].tsig_sealed = site.credentials[1].tsig_sealed;  // It does not open.
    CHECK_FALSE(site.enrolment());
    site.credentials.clear();
    CHECK_FALSE(site.enrolment());
}

TEST_CASE("Who is suspended or has expired is not welcome, who is frozen is", "[daemon][checkin]") {
    FeedSite site;
    site.licence.expires_at = from_unix_milliseconds(kUnixNow);
    CHECK(site.enrolment()->welcome_until == from_unix_milliseconds(kUnixNow));
    site.licence.state = store::LicenceState::Suspended;
    CHECK(site.enrolment()->welcome_until == WallTime::min());
    site.licence = {"acme", name("pl-acme.example.net."), "", {}, {}, {}, 1, ""};
    site.server.state = store::ServerState::Suspended;
    CHECK(site.enrolment()->welcome_until == WallTime::min());
    site.server.state = store::ServerState::Frozen;
    CHECK(site.enrolment()->welcome_until == checkin::kForever);
}

TEST_CASE("Where the source is not to be published, that of the last report is right",
          "[daemon][checkin]") {
    struct Case {
        const char* why;
        const char* observed;
        store::PublicMode mode;
        bool counts;
    };
    const auto each = GENERATE(values<Case>({
        {"published by itself", "93.184.216.34", store::PublicMode::Auto, false},
        {"addresses given by hand", "93.184.216.34", store::PublicMode::Fixed, true},
        {"no public address", "10.1.2.3", store::PublicMode::Auto, true},
        {"behind a carrier's NAT", "100.64.1.2", store::PublicMode::Auto, true},
    }));
    INFO(each.why);
    FeedSite site;
    site.server.report.observed = IpAddress::parse(each.observed);
    site.server.report.public_mode = each.mode;
    CHECK(site.enrolment()->reported_from.has_value() == each.counts);
}

TEST_CASE("The store's servers are handed over whole, then as they change", "[daemon][checkin]") {
    FeedSite site;
    std::vector<std::int64_t> told;
    OpenStore store;
    store::CommitterOptions options;
    options.on_servers = [&](const std::vector<std::int64_t>& servers) {
        told.insert(told.end(), servers.begin(), servers.end());
    };
    store.restart(std::move(options));
    std::int64_t id = 0;
    const auto make = [&](store::Writer& writer) -> Result<void> {
        TRY(writer.insert_licence(site.licence));
        id = TRY(writer.insert_server(site.server));
        auto row = site.credentials[0];
        row.server_id = id;
        TRY(writer.insert_credential(row));
        return {};
    };
    REQUIRE(commit_rows(*store.committer, make, {create_zone("pl-acme.example.net.")}));
    CHECK(told == std::vector<std::int64_t>{id});

    auto reader = must(store::Reader::open(store.path()));
    must(site.feed.load(*reader));
    must(site.desk->start({}));
    site.desk->stop();
    CHECK(site.desk->counters().servers.value() == 1);
}

TEST_CASE("Every change that matters to check-ins names its servers", "[daemon][checkin][store]") {
    FeedSite site;
    std::vector<std::int64_t> told;
    OpenStore store;
    store::CommitterOptions options;
    options.on_servers = [&](const std::vector<std::int64_t>& servers) { told = servers; };
    store.restart(std::move(options));
    std::int64_t server = 0;
    std::int64_t credential = 0;
    const auto names_it = [&](const char* what,
                              const std::function<Result<void>(store::Writer&)>& rows) {
        INFO(what);
        told.clear();
        REQUIRE(commit_rows(*store.committer, rows));
        CHECK(std::count(told.begin(), told.end(), server) > 0);
    };
    REQUIRE(commit_rows(*store.committer,
                        [&](store::Writer& writer) -> Result<void> {
                            TRY(writer.insert_licence(site.licence));
                            server = TRY(writer.insert_server(site.server));
                            return {};
                        },
                        {create_zone("pl-acme.example.net.")}));
    names_it("a new credential", [&](store::Writer& writer) -> Result<void> {
        auto row = site.credentials[0];
        row.server_id = server;
        credential = TRY(writer.insert_credential(row));
        return {};
    });
    names_it("revoked", [&](store::Writer& w) { return w.revoke_credential(credential); });
    names_it("all revoked",
             [&](store::Writer& w) { return w.revoke_credentials_of_server(server, 0); });
    names_it("expiring", [&](store::Writer& w) {
        return w.expire_credentials_of_server(server, 0, from_unix_milliseconds(kUnixNow));
    });
    names_it("the licence", [&](store::Writer& w) { return w.update_licence(site.licence); });
    names_it("the server", [&](store::Writer& w) -> Result<void> {
        return w.update_server(*TRY(w.read().server(server)));
    });
    names_it("a credential that goes",
             [&](store::Writer& w) { return w.erase_credential(credential); });
    names_it("the server that goes", [&](store::Writer& w) { return w.erase_server(server); });
}

}  // namespace
}  // namespace hairpin::daemon
