#include "acme/requests.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/acme/csr_of.hpp"
#include "tests/unit/acme/world.hpp"

namespace hairpin::acme {
namespace {

using tests::kDay;
using tests::kInternal;
using tests::kPublic;
using tests::kZone;
using tests::World;

Csr csr_for(const tests::KeyRef& key, const std::string& names = "") {
    const std::string both = "DNS:" + kPublic + ",DNS:" + kInternal;
    return tests::csr_of(key, names.empty() ? both : names);
}

/// Another licence's server; its zone is `pl-<licence>.example.net.`
std::int64_t add_server(World& world, const std::string& licence, const std::string& label) {
    std::int64_t made = 0;
    const std::string zone = "pl-" + licence + ".example.net.";
    store::Work work = tests::as_work({});
    if (licence != "acme") work = tests::as_work({tests::create_zone(zone)});
    work.change.actor = {"operator", "tester", "", "rest"};
    work.rows = [&](store::Writer& writer, zones::Change&) -> Result<void> {
        if (licence != "acme") {
            store::LicenceRow row;
            row.name = licence;
            row.zone_apex = tests::name(zone);
            TRY(writer.insert_licence(row));
        }
        store::ServerRow row;
        row.licence = licence;
        row.label = label;
        made = TRY(writer.insert_server(row));
        return {};
    };
    REQUIRE(world.store.submit(std::move(work)));
    return made;
}

std::string both_of(const std::string& licence, const std::string& label) {
    const std::string zone = ".pl-" + licence + ".example.net";
    return "DNS:" + label + zone + ",DNS:i-" + label + zone;
}

TEST_CASE("a key that another licence uses, or used, is refused without saying whose",
          "[acme][hostile]") {
    World world;
    const std::int64_t stranger = add_server(world, "bolt", "nur1");
    const std::int64_t sibling = add_server(world, "acme", "nur2");
    const auto key = tests::ec_key("P-256");
    const auto first = world.ask(csr_for(key));
    REQUIRE(first.state);

    const auto refused = world.ask(csr_for(key, both_of("bolt", "nur1")), stranger);
    REQUIRE_FALSE(refused.state);
    CHECK(refused.state.error().code == ErrorCode::Invalid);
    CHECK_THAT(refused.state.error().cause, Catch::Contains("in use at another customer"));
    CHECK_THAT(refused.state.error().cause, !Catch::Contains("acme") && !Catch::Contains("nur1"));
    // As a certificate's just as an attempt's.
    world.issue(first.wake);
    CHECK_FALSE(world.ask(csr_for(key, both_of("bolt", "nur1")), stranger).state);
    // One customer's servers may share one: it is the same customer's risk.
    CHECK(world.ask(csr_for(key, both_of("acme", "nur2")), sibling).state);
    CHECK(world.ask(csr_for(tests::ec_key("P-256"), both_of("bolt", "nur1")), stranger).state);
}

TEST_CASE("a server without a request has no certificate and no attempt", "[acme]") {
    World world;
    const CertificateState state = world.state();
    CHECK(state.phase == Phase::None);
    CHECK(to_string(state.phase) == "none");
    CHECK(state.step.empty());
}

TEST_CASE("a first request makes an attempt for the names that the store knows", "[acme]") {
    World world;
    const auto asked = world.ask(csr_for(tests::ec_key("P-256")));
    REQUIRE(asked.state);
    CHECK(asked.state->phase == Phase::Ordering);
    CHECK(asked.state->step == "wanted");
    CHECK(asked.state->eta > world.store.clock.now());
    const auto row = world.attempt(asked.wake);
    REQUIRE(row);
    CHECK(row->cause == store::AttemptCause::First);
    CHECK(row->public_name == kPublic);
    CHECK(row->internal_name == kInternal);
    CHECK(row->next_at == world.store.clock.now());
}

TEST_CASE("names are never taken from the CSR", "[acme][hostile]") {
    World world;
    const auto asked = world.ask(csr_for(tests::ec_key("P-256"), "DNS:www.example.net"));
    REQUIRE_FALSE(asked.state);
    CHECK(asked.state.error().code == ErrorCode::Invalid);
    CHECK_THAT(asked.state.error().cause, Catch::Contains(kPublic));
    CHECK(world.state().phase == Phase::None);
}

TEST_CASE("asking again with the same key gives the attempt under way", "[acme]") {
    World world;
    const auto key = tests::ec_key("P-256");
    REQUIRE(world.ask(csr_for(key)).wake != 0);
    const auto again = world.ask(csr_for(key));
    REQUIRE(again.state);
    CHECK(again.wake == 0);
    CHECK(again.state->phase == Phase::Ordering);
}

TEST_CASE("asking again while the attempt backs off does not shorten the pause", "[acme]") {
    World world;
    const auto key = tests::ec_key("P-256");
    const auto first = world.ask(csr_for(key));
    const WallTime later = world.store.clock.now() + kDay;
    REQUIRE(world.update(first.wake, [&](store::AcmeAttemptRow& row) {
        row.state = StateName::Backoff;
        row.next_at = later;
        row.problem = "the CA is down";
    }));
    const auto again = world.ask(csr_for(key));
    CHECK(again.wake == 0);
    CHECK(world.state().next_check == later);
    CHECK(world.state().problem == "the CA is down");
}

TEST_CASE("another key does not jump over the pause after a failure", "[acme]") {
    World world;
    for (const StateName paused : {StateName::Backoff, StateName::Blocked}) {
        const auto first = world.ask(csr_for(tests::ec_key("P-256")));
        const auto live = world.live();
        const WallTime later = world.store.clock.now() + kDay;
        REQUIRE(world.update(live.id, [&](store::AcmeAttemptRow& row) {
            row.state = paused;
            row.next_at = later;
            row.failures = 3;
            row.problem_type = "caa";
            row.problem = "a CAA record forbids it";
        }));
        const auto second = world.ask(csr_for(tests::ec_key("P-256")));
        REQUIRE(second.state);
        const auto successor = world.live();
        CHECK(successor.id != live.id);
        CHECK(successor.state == paused);
        CHECK(successor.next_at == later);
        CHECK(successor.failures == 3);
        CHECK(successor.problem == "a CAA record forbids it");
        CHECK(second.wake == successor.id);  // So that the engine knows when it is due.
    }
}

TEST_CASE("another key in the middle of an order keeps the count of failures", "[acme]") {
    World world;
    const auto first = world.ask(csr_for(tests::ec_key("P-256")));
    REQUIRE(world.update(first.wake, [&](store::AcmeAttemptRow& row) {
        row.state = StateName::Ordering;
        row.failures = 2;
    }));
    const auto second = world.ask(csr_for(tests::ec_key("P-256")));
    CHECK(world.attempt(second.wake)->state == StateName::Wanted);
    CHECK(world.attempt(second.wake)->failures == 2);
    CHECK(world.attempt(second.wake)->next_at == world.store.clock.now());
}

TEST_CASE("a request may end the pause once in a while: the cause may be mended", "[acme]") {
    World world;
    const auto key = tests::ec_key("P-256");
    const auto first = world.ask(csr_for(key));
    const auto fail_with = [&](const std::string& type) {
        REQUIRE(world.update(world.live().id, [&](store::AcmeAttemptRow& row) {
            row.state = StateName::Blocked;
            row.next_at = world.store.clock.now() + kDay;
            row.failures = 4;
            row.problem_type = type;
            row.problem = "no way";
        }));
    };
    constexpr Seconds kPause{300};
    fail_with("caa");
    world.store.clock.advance(kPause - Seconds(1));
    CHECK(world.ask(csr_for(key)).wake == 0);
    world.store.clock.advance(Seconds(1));
    CHECK(world.ask(csr_for(key)).wake == first.wake);
    CHECK(world.live().state == StateName::Wanted);
    CHECK(world.live().next_at == world.store.clock.now());
    CHECK(world.live().failures == 4);

    // Another key is a request like any other.
    fail_with("badCSR");
    world.store.clock.advance(kPause);
    const auto mended = world.ask(csr_for(tests::ec_key("P-256")));
    CHECK(mended.wake != first.wake);
    CHECK(world.live().state == StateName::Wanted);
    CHECK(world.live().next_at == world.store.clock.now());

    // Where the CA is to be left alone nobody has mended anything.
    for (const char* type : {"rateLimited", "serverInternal", "http-503"}) {
        fail_with(type);
        world.store.clock.advance(kPause * 2);
        CHECK(world.ask(csr_for(tests::ec_key("P-256"))).state);
        CHECK(world.live().state == StateName::Blocked);
    }
}

TEST_CASE("a frozen server gets no certificate", "[acme]") {
    World world;
    REQUIRE(world.in_commit([&](store::Writer& writer, zones::Change&) -> Result<void> {
        auto server = TRY(writer.read().server(world.server));
        server->state = store::ServerState::Frozen;
        return writer.update_server(*server);
    }));
    const auto asked = world.ask(csr_for(tests::ec_key("P-256")));
    REQUIRE_FALSE(asked.state);
    CHECK(asked.state.error().code == ErrorCode::Denied);
    CHECK_THAT(asked.state.error().cause, Catch::Contains("two machines"));
}

TEST_CASE("another key supersedes the attempt, and its TXT values leave the zone", "[acme]") {
    World world;
    const auto first = world.ask(csr_for(tests::ec_key("P-256")));
    const std::string owner = "_acme-challenge." + kPublic + ".";
    REQUIRE(world.store.submit(
        tests::change(kZone, {tests::edit(zones::EditKind::AddRecords, owner, zones::RType::TXT,
                                          {"\"ours\"", "\"somebody else's\""})})));
    REQUIRE(world.update(first.wake, [&](store::AcmeAttemptRow& row) {
        row.state = StateName::Challenged;
        row.order_url = "https://ca.example/order/1";
        row.finalize_url = "https://ca.example/finalize/1";
        row.authorizations = {
            {"https://ca.example/a/1", kPublic, "https://ca.example/c/1", "ours", {}, {}, false}};
    }));

    const auto second = world.ask(csr_for(tests::ec_key("P-256")));

    REQUIRE(second.state);
    CHECK(second.wake != first.wake);
    CHECK(world.attempt(first.wake)->state == StateName::Superseded);
    CHECK(world.attempt(second.wake)->state == StateName::Wanted);
    REQUIRE(second.news.replaced.size() == 1);
    CHECK(second.news.replaced[0].attempt_id == first.wake);
    CHECK(second.news.replaced[0].order_url == "https://ca.example/order/1");
    const auto* left = world.store.zone(kZone)->find(tests::name(owner), zones::RType::TXT);
    REQUIRE(left != nullptr);
    CHECK(left->count() == 1);
    CHECK(left->contains(tests::rdata(zones::RType::TXT, "\"somebody else's\"")));
}

TEST_CASE("the same key and a young certificate: the same certificate is given", "[acme]") {
    World world;
    const auto key = tests::ec_key("P-256");
    const Sha256 hash = world.issue(world.ask(csr_for(key)).wake);

    const auto again = world.ask(csr_for(key));
    REQUIRE(again.state);
    CHECK(again.wake == 0);
    CHECK(again.state->phase == Phase::Valid);
    CHECK(again.state->sha256 == hash);

    world.store.clock.advance(kDay);
    const auto later = world.ask(csr_for(key));
    CHECK(later.wake != 0);
    CHECK(world.attempt(later.wake)->cause == store::AttemptCause::Again);
    CHECK(later.state->phase == Phase::Valid);  // The old one still is.
    CHECK(later.state->step == "wanted");
}

TEST_CASE("another key gets another certificate, however young the old one is", "[acme]") {
    World world;
    static_cast<void>(world.issue(world.ask(csr_for(tests::ec_key("P-256"))).wake));
    const auto asked = world.ask(csr_for(tests::ec_key("P-256")));
    REQUIRE(asked.wake != 0);
    CHECK(world.attempt(asked.wake)->cause == store::AttemptCause::NewKey);
}

TEST_CASE("servers that are unknown or suspended get no certificate", "[acme]") {
    World world;
    const auto csr = csr_for(tests::ec_key("P-256"));
    CHECK(world.ask(csr, 999).state.error().code == ErrorCode::NotFound);
    REQUIRE(world.in_commit([&](store::Writer& writer, zones::Change&) -> Result<void> {
        auto licence = TRY(writer.read().licence("acme"));
        licence->expires_at = writer.now();
        return writer.update_licence(*licence);
    }));
    CHECK(world.ask(csr).state.error().code == ErrorCode::Denied);
    REQUIRE(world.in_commit([&](store::Writer& writer, zones::Change&) -> Result<void> {
        auto licence = TRY(writer.read().licence("acme"));
        licence->expires_at.reset();
        TRY(writer.update_licence(*licence));
        auto server = TRY(writer.read().server(world.server));
        server->state = store::ServerState::Suspended;
        return writer.update_server(*server);
    }));
    CHECK(world.ask(csr).state.error().code == ErrorCode::Denied);
}

TEST_CASE("a deployed certificate is noted once, and its renewal stays planned", "[acme]") {
    World world;
    const auto asked = world.ask(csr_for(tests::ec_key("P-256")));
    const Sha256 hash = world.issue(asked.wake);
    const auto acknowledge = [&](const Sha256& which) {
        return world.in_commit([&](store::Writer& writer, zones::Change&) {
            return take_deployed(writer, world.server, which, {});
        });
    };
    CHECK_FALSE(world.state().deployed);
    CHECK(acknowledge(sha256(as_octets("another"))).error().code == ErrorCode::NotFound);

    REQUIRE(acknowledge(hash));
    CHECK(world.state().deployed);
    CHECK(world.attempt(asked.wake)->state == StateName::Deployed);
    CHECK(world.attempt(asked.wake)->next_at == world.state().renew_at);
    CHECK(acknowledge(hash));
}

/// A world with a managed key that waits, and the calls about it.
struct ManagedWorld : World {
    std::int64_t attempt_id = 0;
    SigningKey key = *SigningKey::generate();
    Sha256 certificate{};

    ManagedWorld() {
        attempt_id = ask({}).wake;
        REQUIRE(attempt_id != 0);
        const Sha256 key_hash = key_sha256(key.handle());
        REQUIRE(update(attempt_id, [&](store::AcmeAttemptRow& row) {
            row.key_sha256 = key_hash;
            row.key_sealed = sealer.seal(key.pkcs8(), store::managed_key_context(server, key_hash));
        }));
        certificate = issue(attempt_id);
    }
    Result<std::string> take(const Sealer& with, KeyEscrow escrow = KeyEscrow::Off) {
        std::string pem;
        const auto done = in_commit([&](store::Writer& writer, zones::Change&) -> Result<void> {
            EngineNews news;
            pem = TRY(hand_out_key(writer, server, with, {}, news, escrow));
            return {};
        });
        if (!done) return fail(done.error());
        return pem;
    }
};

TEST_CASE("a managed key may be fetched again until its certificate is deployed", "[acme]") {
    ManagedWorld world;
    CHECK(world.state().managed_key_waiting);
    CHECK(world.ask({}).wake == 0);  // It is young and its key waits.
    CHECK(world.take(Sealer::from_key({8})).error().code == ErrorCode::Corrupt);
    REQUIRE(world.take(world.sealer));
    CHECK(world.take(world.sealer).value() == world.key.pem());  // The first answer was lost.
    CHECK(world.state().managed_key_waiting);

    REQUIRE(world.in_commit([&](store::Writer& writer, zones::Change&) {
        return take_deployed(writer, world.server, world.certificate, {});
    }));
    CHECK(world.take(world.sealer).error().code == ErrorCode::NotFound);
    CHECK_FALSE(world.state().managed_key_waiting);
    CHECK(world.attempt(world.attempt_id)->next_at == world.state().renew_at);
    CHECK_FALSE(world.attempt(world.attempt_id)->deadline_at);
    CHECK(world.ask({}).wake != 0);  // Who asks again has lost it.
}

TEST_CASE("an escrow keeps a managed key as long as its certificate is the server's", "[acme]") {
    ManagedWorld world;
    const std::string pem = world.key.pem();
    REQUIRE(world.take(world.sealer, KeyEscrow::On).value() == pem);
    CHECK_FALSE(world.attempt(world.attempt_id)->deadline_at);
    REQUIRE(world.in_commit([&](store::Writer& writer, zones::Change&) {
        return take_deployed(writer, world.server, world.certificate, {}, KeyEscrow::On);
    }));
    CHECK(world.take(world.sealer, KeyEscrow::On).value() == pem);
    CHECK(world.take(world.sealer, KeyEscrow::On).value() == pem);
    // The escrow is over with the next start: what is deployed has no key here any more.
    REQUIRE(
        world.in_commit([](store::Writer& writer, zones::Change&) { return end_escrow(writer); }));
    CHECK(world.take(world.sealer, KeyEscrow::On).error().code == ErrorCode::NotFound);
}

TEST_CASE("the end of an escrow leaves the keys that wait to be fetched", "[acme]") {
    ManagedWorld world;
    REQUIRE(
        world.in_commit([](store::Writer& writer, zones::Change&) { return end_escrow(writer); }));
    CHECK(world.take(world.sealer).value() == world.key.pem());
}

TEST_CASE("a managed key is given for an hour after the first time, however often", "[acme]") {
    ManagedWorld world;
    world.store.clock.advance(kDay);  // It waits for the first time as long as it takes.
    REQUIRE(world.take(world.sealer));
    const WallTime erase_at = world.store.clock.now() + kManagedKeyStays;
    world.store.clock.advance(kManagedKeyStays - Milliseconds(1));
    REQUIRE(world.take(world.sealer));
    CHECK(world.attempt(world.attempt_id)->deadline_at == erase_at);
    CHECK(world.attempt(world.attempt_id)->next_at == erase_at);  // The engine erases it then.
    world.store.clock.advance(Milliseconds(1));
    CHECK(world.take(world.sealer).error().code == ErrorCode::NotFound);
}

TEST_CASE("a paused attempt can be taken up again by a person, no other can", "[acme]") {
    World world;
    const auto asked = world.ask(csr_for(tests::ec_key("P-256")));
    std::int64_t woken = 0;
    const auto retry = [&] {
        return world.in_commit([&](store::Writer& writer, zones::Change&) -> Result<void> {
            EngineNews news;
            TRY(take_retry(writer, world.server, {}, news));
            woken = news.wake.front();
            return {};
        });
    };
    CHECK(retry().error().code == ErrorCode::NotFound);
    REQUIRE(world.update(asked.wake, [&](store::AcmeAttemptRow& row) {
        row.state = StateName::Blocked;
        row.next_at = world.store.clock.now() + kDay;
        row.problem = "a CAA record forbids it";
    }));
    CHECK(world.state().phase == Phase::Blocked);
    CHECK_FALSE(world.state().eta);
    REQUIRE(retry());
    CHECK(woken == asked.wake);
    CHECK(world.attempt(asked.wake)->next_at == world.store.clock.now());
    CHECK(world.state().phase == Phase::Ordering);
}

TEST_CASE("an expired certificate is none", "[acme]") {
    World world;
    static_cast<void>(world.issue(world.ask(csr_for(tests::ec_key("P-256"))).wake));
    CHECK(world.state().phase == Phase::Valid);
    world.store.clock.advance(kDay * 90);
    CHECK(world.state().phase == Phase::None);
    store::Reader reader = world.store.reader();
    CHECK_FALSE(*certificate_chain(*reader, world.server, world.store.clock.now()));
}

TEST_CASE("the store lets one attempt of a server be under way", "[acme]") {
    World world;
    const auto asked = world.ask(csr_for(tests::ec_key("P-256")));
    const auto second = world.in_commit([&](store::Writer& writer, zones::Change&) -> Result<void> {
        const auto row = TRY(store::AcmeQueries(writer.database()).attempt(asked.wake));
        TRY(insert_attempt(writer, *row));
        return {};
    });
    CHECK(second.error().code == ErrorCode::Conflict);
}

TEST_CASE("a transition on a state that moved on is refused", "[acme]") {
    World world;
    const auto asked = world.ask(csr_for(tests::ec_key("P-256")));
    const auto stale = world.in_commit([&](store::Writer& writer, zones::Change&) -> Result<void> {
        auto row = TRY(store::AcmeQueries(writer.database()).attempt(asked.wake));
        return update_attempt(writer, *row, StateName::Challenged);
    });
    CHECK(stale.error().code == ErrorCode::Conflict);
    const auto erase = [&](store::Writer& writer, zones::Change&) {
        return writer.erase_server(world.server);
    };
    REQUIRE(world.in_commit(erase));
    const auto gone = world.in_commit([&](store::Writer& writer, zones::Change&) -> Result<void> {
        store::AcmeAttemptRow row;
        row.id = asked.wake;
        return update_attempt(writer, row, StateName::Wanted);
    });
    CHECK(gone.error().code == ErrorCode::NotFound);
}

}  // namespace
}  // namespace hairpin::acme
