#include "daemon/wire_answers.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "admin/tsig_keys.hpp"
#include "tests/support/zones.hpp"

namespace hairpin::daemon {
namespace {

using tests::name;

const zones::Name kRingKey = name("upd.");

/// A zone, a key, and a policy that gives the key the zone.
struct WireSite {
    WireSite() {
        auto table = std::make_shared<zones::ZoneTable>();
        table->put(tests::zone("example.net.", "nur1 60 A 192.0.2.1\n"));
        zones.publish(table);
        dnsd::TsigKeyOptions options;
        options.id = 7;
        options.expires = 2'000;
        dnsd::KeyRing ring;
        ring.put(dnsd::TsigKey::create(kRingKey, Octets(32, 1), options));
        keys.publish(std::make_shared<const dnsd::KeyRing>(ring));
        give({{}, kRingKey, dnsd::kNeverExpires});
    }
    void give(const dnsd::TransferRule& rule, bool needs_tls = false) {
        auto next = std::make_shared<dnsd::TransferPolicy>();
        next->allow(name("example.net."), rule);
        next->require_tls(needs_tls);
        transfers.publish(next);
    }
    [[nodiscard]] WireAnswers answers() {
        return WireAnswers({zones, keys, transfers, nullptr, clock});
    }
    ManualClock clock{1'000'000};
    Published<zones::ZoneTable> zones{std::make_shared<const zones::ZoneTable>()};
    dnsd::PublishedKeys keys{std::make_shared<const dnsd::KeyRing>()};
    dnsd::PublishedTransferPolicy transfers{std::make_shared<const dnsd::TransferPolicy>()};
};

const IpAddress kFrom = IpAddress::parse("192.0.2.9").value();

TEST_CASE("A key that is not in the ring, or has ended, is NOTAUTH", "[daemon][rfc8945]") {
    WireSite site;
    CHECK(site.answers().key_refusal(kRingKey).empty());
    CHECK(site.answers().key_refusal(name("other.")) == "NOTAUTH");
    site.clock.advance(Milliseconds(1'000'000));
    CHECK(site.answers().key_refusal(kRingKey) == "NOTAUTH");
}

TEST_CASE("An UPDATE is told as the name server tells it", "[daemon][rfc2136]") {
    WireSite site;
    const admin::DoorRefusal denied(admin::Problem(admin::ProblemType::Forbidden, "no"));
    const admin::DoorRefusal busy(admin::Problem(admin::ProblemType::Unavailable, "no"));
    const admin::DoorRefusal outside(zones::Refusal{zones::RefusalCode::NotZone, "x", "no"});
    CHECK(site.answers().update_answer(name("example.net."), nullptr) == "NOERROR");
    CHECK(site.answers().update_answer(name("example.net."), &denied) == "REFUSED");
    CHECK(site.answers().update_answer(name("example.net."), &busy) == "SERVFAIL");
    CHECK(site.answers().update_answer(name("example.net."), &outside) == "NOTZONE");
    CHECK(site.answers().update_answer(name("other.test."), &denied) == "NOTAUTH");
}

TEST_CASE("A transfer is given as the policy gives it", "[daemon][rfc5936]") {
    WireSite site;
    const auto given = [&](const char* apex, const zones::Name& key) {
        const auto answer = site.answers().transfer(name(apex), key, kFrom);
        return answer.rcode + (answer.is_given ? " given" : "") + (answer.needs_tls ? " tls" : "");
    };
    CHECK(given("example.net.", kRingKey) == "NOERROR given");
    CHECK(given("EXAMPLE.net.", name("UPD.")) == "NOERROR given");
    CHECK(given("example.net.", name("other.")) == "REFUSED");
    CHECK(given("other.test.", kRingKey) == "NOTAUTH");
    site.give({{}, kRingKey, 1'000});
    CHECK(given("example.net.", kRingKey) == "REFUSED");
    site.give({{}, kRingKey, dnsd::kNeverExpires}, true);
    CHECK(given("example.net.", kRingKey) == "REFUSED tls");
}

TEST_CASE("Without a desk nobody checks in", "[daemon]") {
    WireSite site;
    CHECK_FALSE(site.answers().check_in({}, {}, {}, "", kFrom));
}

TEST_CASE("A check-in is judged as the desk judges it", "[daemon][checkin]") {
    WireSite site;
    const Sealer sealer = Sealer::from_key({1, 2, 3});
    const auto desk = *checkin::Desk::bind({}, site.zones, site.clock);
    const CheckinFeed feed(sealer, {}, *desk);
    const WireAnswers answers({site.zones, site.keys, site.transfers, &feed, site.clock});
    store::ServerRow server;
    server.id = 7;
    server.licence = "acme";
    server.label = "nur1";
    store::LicenceRow licence;
    licence.name = "acme";
    licence.zone_apex = name("example.net.");
    store::CredentialRow row;
    row.token_hash = sha256(as_octets("secret"));
    row.server_id = 7;
    row.tsig_sealed = sealer.seal(as_octets("secret"), admin::tsig_seal_context(row.token_hash));
    const auto said = [&](const char* from, const char* machine = "") {
        const auto judged =
            answers.check_in(server, licence, {row}, machine, IpAddress::parse(from).value());
        REQUIRE(judged);
        return judged->outcome + (judged->is_heard ? " heard" : "") +
               (judged->is_challenged ? " challenged" : "");
    };
    CHECK(said("192.0.2.1") == "right heard");
    CHECK(said("192.0.2.2") == "moved challenged");
    CHECK(said("192.0.2.1", "another") == "other-machine challenged");
    licence.expires_at = site.clock.now();
    CHECK(said("192.0.2.1") == "suspended");
    licence.expires_at.reset();
    row.expires_at = site.clock.now();
    CHECK(said("192.0.2.1") == "forged");
    row.tsig_sealed.clear();
    CHECK(said("192.0.2.1") == "unknown");
}

}  // namespace
}  // namespace hairpin::daemon
