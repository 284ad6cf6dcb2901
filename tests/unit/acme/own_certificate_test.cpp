#include "acme/own_certificate.hpp"

#include <catch2/catch.hpp>

#include "acme/jws.hpp"
#include "acme/requests.hpp"
#include "tests/support/store.hpp"
#include "tests/support/x509.hpp"

namespace hairpin::acme {
namespace {

constexpr Seconds kOneDay{24 * 3600};
const OwnNames kOwn = {tests::name("example.net."), "manager.example.net", {"dns.example.net"}};

/// A store, and what is asked for ourselves inside commits.
struct OwnWorld {
    tests::OpenStore store;
    Sealer sealer = Sealer::from_key({7});
    SigningKey key = *SigningKey::generate();

    template <typename F>
    Result<void> in_commit(F rows) {
        store::Work work;
        work.rows = [&](store::Writer& writer, zones::Change& change) -> Result<void> {
            return rows(writer, change);
        };
        const auto done = store.submit(std::move(work));
        if (!done) return fail(store::to_error(done.error()));
        return {};
    }
    struct Asked {
        std::int64_t wake = 0;  // The attempt that was woken, or superseded; 0: none.
        std::int64_t replaced = 0;
    };
    Asked ask(const OwnNames& names, Renew renew = Renew::WhenDue) {
        EngineNews news;
        const OwnRequest request{names, renew, Seconds(300), 60, {}};
        REQUIRE(in_commit([&](store::Writer& writer, zones::Change& change) -> Result<void> {
            TRY(take_own_request(writer, change, request, news));
            return {};
        }));
        Asked asked;
        if (!news.wake.empty()) asked.wake = news.wake.front();
        if (!news.replaced.empty()) asked.replaced = news.replaced.front().attempt_id;
        return asked;
    }
    /// Ends an attempt with a certificate for `names` that lasts 90 days.
    void issue(std::int64_t attempt_id, const std::string& names) {
        const WallTime now = store.clock.now();
        const auto leaf_key = tests::ec_key("P-256");
        const std::string pem = tests::pem_of(
            tests::make_certificate({"", names, now - Seconds(3600), now + kOneDay * 90, false},
                                    leaf_key, nullptr, leaf_key));
        store::CertificateRow row;
        row.server_id = store::kOurselves;
        row.sha256 = sha256(as_octets(pem));
        row.key_sha256 = key_sha256(key.handle());
        row.key_origin = store::KeyOrigin::Managed;
        row.not_before = now - Seconds(3600);
        row.not_after = now + kOneDay * 90;
        row.issued_at = now;
        row.renew_at = now + kOneDay * 60;
        row.chain = pem;
        row.key_sealed =
            sealer.seal(key.pkcs8(), store::managed_key_context(store::kOurselves, row.key_sha256));
        REQUIRE(in_commit([&](store::Writer& writer, zones::Change&) -> Result<void> {
            TRY(insert_certificate(writer, row));
            auto attempt = TRY(store::AcmeQueries(writer.database()).attempt(attempt_id));
            const StateName was = attempt->state;
            attempt->state = StateName::Offered;
            attempt->next_at = row.renew_at;
            attempt->certificate_sha256 = row.sha256;
            return update_attempt(writer, *attempt, was);
        }));
    }
    void fail_attempt(std::int64_t attempt_id, StateName state) {
        REQUIRE(in_commit([&](store::Writer& writer, zones::Change&) -> Result<void> {
            auto attempt = TRY(store::AcmeQueries(writer.database()).attempt(attempt_id));
            const StateName was = attempt->state;
            attempt->state = state;
            attempt->next_at = writer.now() + kOneDay;
            attempt->failures = 1;
            attempt->problem_type = "unauthorized";
            attempt->problem = "the CA asked and got NXDOMAIN";
            return update_attempt(writer, *attempt, was);
        }));
    }
    store::AcmeAttemptRow attempt(std::int64_t id) {
        store::Reader reader = store.reader();
        return store::AcmeQueries(reader->database()).attempt(id)->value();
    }
    std::optional<OwnNames> asked() {
        store::Reader reader = store.reader();
        return *own_names_asked(*reader);
    }
    Result<std::optional<OwnPair>> pair(std::string_view name, const Sealer& with) {
        store::Reader reader = store.reader();
        return own_pair(*reader, with, name, store.clock.now());
    }
    CertificateState state() {
        store::Reader reader = store.reader();
        return *certificate_state(*reader, store::kOurselves, store.clock.now());
    }
};

TEST_CASE("Hairpin has no certificate of its own before it asks", "[acme][own]") {
    OwnWorld world;
    CHECK_FALSE(world.asked());
    CHECK(world.state().phase == Phase::None);
    CHECK_FALSE(*world.pair(kOwn.name, world.sealer));
}

TEST_CASE("A certificate of our own is an attempt without a server", "[acme][own]") {
    OwnWorld world;
    const auto news = world.ask(kOwn);
    const auto row = world.attempt(news.wake);
    CHECK(row.server_id == store::kOurselves);
    CHECK(row.zone_apex == kOwn.zone_apex);
    CHECK(row.key_origin == store::KeyOrigin::Managed);
    CHECK(world.asked() == kOwn);
    CHECK(world.state().phase == Phase::Ordering);

    auto attempt = from_row(row);
    REQUIRE(attempt);
    CHECK(names_of(*attempt) == std::vector<std::string>{"manager.example.net", "dns.example.net"});
    CHECK(to_row(*attempt).other_names == kOwn.others);
}

TEST_CASE("Asking again for our names changes nothing, other names take their place",
          "[acme][own]") {
    OwnWorld world;
    const auto first = world.ask(kOwn);
    CHECK(world.ask(kOwn).wake == 0);
    OwnNames others = kOwn;
    others.others.clear();
    const auto second = world.ask(others);
    CHECK(second.replaced == first.wake);
    CHECK(world.attempt(first.wake).state == StateName::Superseded);
    CHECK(world.asked() == others);

    world.issue(second.wake, "DNS:manager.example.net");
    CHECK(world.asked() == others);
    CHECK(world.ask(others).wake == 0);
    CHECK(world.ask(kOwn).wake != 0);
    CHECK(world.asked() == kOwn);
}

TEST_CASE("Our certificate is ordered anew where it has expired, or an operator wants it",
          "[acme][own]") {
    OwnWorld world;
    const auto first = world.ask(kOwn);
    CHECK(world.attempt(first.wake).cause == store::AttemptCause::First);
    world.issue(first.wake, "DNS:manager.example.net,DNS:dns.example.net");
    CHECK(world.state().phase == Phase::Valid);

    const auto again = world.ask(kOwn, Renew::Now);
    REQUIRE(again.wake != 0);
    CHECK(world.attempt(again.wake).cause == store::AttemptCause::Again);
    CHECK(world.ask(kOwn, Renew::Now).wake == 0);  // It is under way.
    world.issue(again.wake, "DNS:manager.example.net,DNS:dns.example.net");

    world.store.clock.advance(kOneDay * 90);
    CHECK(world.ask(kOwn).wake != 0);
}

TEST_CASE("An order of ours that failed rests, until an operator wants it tried again",
          "[acme][own]") {
    for (const StateName state : {StateName::Backoff, StateName::Blocked}) {
        OwnWorld world;
        const auto first = world.ask(kOwn);
        world.fail_attempt(first.wake, state);
        CHECK(world.ask(kOwn).wake == 0);
        CHECK(world.attempt(first.wake).state == state);
        CHECK(world.ask(kOwn, Renew::Now).wake == first.wake);
        CHECK(world.attempt(first.wake).state == StateName::Wanted);

        // What failed for these names says nothing of others.
        world.fail_attempt(first.wake, state);
        OwnNames others = kOwn;
        others.name = "ns1.example.net";
        const auto second = world.ask(others);
        CHECK(world.attempt(second.wake).state == StateName::Wanted);
        CHECK(world.attempt(second.wake).failures == 0);
    }
}

TEST_CASE("A renewal of ours that a limit holds back gives way to an operator's order",
          "[acme][own]") {
    OwnWorld world;
    const auto first = world.ask(kOwn);
    REQUIRE(world.in_commit([&](store::Writer& writer, zones::Change&) -> Result<void> {
        auto attempt = TRY(store::AcmeQueries(writer.database()).attempt(first.wake));
        attempt->cause = store::AttemptCause::Renewal;
        attempt->next_at = writer.now() + kOneDay;
        attempt->problem_type = "postponed";
        return update_attempt(writer, *attempt, StateName::Wanted);
    }));
    CHECK(world.ask(kOwn).wake == 0);
    const auto ordered = world.ask(kOwn, Renew::Now);
    REQUIRE(ordered.wake != 0);
    CHECK(ordered.replaced == first.wake);
    CHECK(world.attempt(ordered.wake).next_at == world.store.clock.now());
    CHECK(world.attempt(ordered.wake).cause != store::AttemptCause::Renewal);
}

TEST_CASE("What is served is the newest certificate that is good for the name", "[acme][own]") {
    OwnWorld world;
    world.issue(world.ask(kOwn).wake, "DNS:manager.example.net,DNS:dns.example.net");
    const auto pair = world.pair("manager.example.net", world.sealer);
    REQUIRE(pair);
    REQUIRE(*pair);
    CHECK((*pair)->key_pem == world.key.pem());
    CHECK((*pair)->not_after == world.store.clock.now() + kOneDay * 90);
    CHECK((*world.pair("MANAGER.example.net", world.sealer)));
    CHECK_FALSE(*world.pair("other.example.net", world.sealer));
    CHECK(world.pair("manager.example.net", Sealer::from_key({8})).error().code ==
          ErrorCode::Corrupt);

    // Another name meanwhile: the one before is there still, key and all.
    world.store.clock.advance(kOneDay);
    OwnNames others = kOwn;
    others.name = "new.example.net";
    others.others.clear();
    world.issue(world.ask(others).wake, "DNS:new.example.net");
    CHECK((*world.pair("new.example.net", world.sealer))->sha256 != (*pair)->sha256);
    CHECK((*world.pair("manager.example.net", world.sealer))->sha256 == (*pair)->sha256);

    world.store.clock.advance(kOneDay * 89);
    CHECK_FALSE(*world.pair("manager.example.net", world.sealer));
    CHECK(*world.pair("new.example.net", world.sealer));
}

}  // namespace
}  // namespace hairpin::acme
