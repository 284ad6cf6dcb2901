// Certificates for one name of a server, beside the one for both.

#include <catch2/catch.hpp>

#include "acme/certificate_alarm.hpp"
#include "acme/requests.hpp"
#include "store/certificate_overview.hpp"
#include "tests/unit/acme/csr_of.hpp"
#include "tests/unit/acme/world.hpp"

namespace hairpin::acme {
namespace {

using tests::kDay;
using tests::kInternal;
using tests::kPublic;
using tests::World;

Csr csr_of(const std::string& names) {
    return tests::csr_of(tests::ec_key("P-256"), names);
}
const std::string kTwins = "DNS:" + kPublic + ",DNS:" + kInternal;

TEST_CASE("a certificate for one name stands beside the one for both", "[acme]") {
    World world;
    const store::Subject alone(world.server, kPublic);
    const auto twin = world.ask(csr_of(kTwins));
    const auto first = world.ask(csr_of("DNS:" + kPublic), alone);
    REQUIRE(twin.state);
    REQUIRE(first.state);
    CHECK(first.news.replaced.empty());
    CHECK(world.attempt(twin.wake)->state == StateName::Wanted);
    const auto row = world.attempt(first.wake);
    CHECK(row->name_alone == kPublic);
    CHECK(row->public_name == kPublic);
    CHECK(row->internal_name.empty());
    CHECK(names_of(*from_row(*row)) == std::vector<std::string>{kPublic});

    // Another key takes the place of its like, and of nothing else.
    const auto second = world.ask(csr_of("DNS:" + kPublic), alone);
    REQUIRE(second.news.replaced.size() == 1);
    CHECK(second.news.replaced[0].attempt_id == first.wake);
    CHECK(world.attempt(twin.wake)->state == StateName::Wanted);

    const Sha256 given = world.issue(second.wake);
    CHECK(world.state_of(alone).sha256 == given);
    CHECK(world.state().phase == Phase::Ordering);
    CHECK_FALSE(world.state().sha256);
    CHECK(world.attempt(twin.wake)->state == StateName::Wanted);
}

TEST_CASE("a name alone is the server's, its CSR names it alone, and its key is no secret of ours",
          "[acme][hostile]") {
    struct Case {
        const char* what;
        std::string name;
        std::optional<Csr> csr;
        std::string why;
    };
    const std::string other = "nur2.pl-acme.example.net";
    const auto each = GENERATE_COPY(values<Case>({
        {"of another server", other, csr_of("DNS:" + other), "none of this server's names"},
        {"in capitals", "NUR1.pl-acme.example.net", csr_of("DNS:" + kPublic), "none of"},
        {"both in the CSR", kPublic, csr_of(kTwins), "must name exactly " + kPublic},
        {"the twin in the CSR", kPublic, csr_of("DNS:" + kInternal), "must name exactly"},
        {"a managed key", kPublic, {}, "needs a key of the server's own"},
    }));
    INFO(each.what);
    World world;
    const auto asked = world.ask(each.csr, store::Subject(world.server, each.name));
    REQUIRE_FALSE(asked.state);
    CHECK(asked.state.error().code == ErrorCode::Invalid);
    CHECK_THAT(asked.state.error().text(), Catch::Contains(each.why));
}

TEST_CASE("a retry takes up all that waits of a server", "[acme]") {
    World world;
    const auto twin = world.ask(csr_of(kTwins));
    const auto alone =
        world.ask(csr_of("DNS:" + kInternal), store::Subject(world.server, kInternal));
    for (const std::int64_t id : {twin.wake, alone.wake})
        REQUIRE(world.update(id, [](store::AcmeAttemptRow& row) {
            row.state = StateName::Blocked;
            row.failures = 1;
        }));
    EngineNews news;
    const auto retry = [&](store::Writer& writer, zones::Change&) {
        news = {};
        return take_retry(writer, world.server, {}, news);
    };
    REQUIRE(world.in_commit(retry));
    CHECK(news.wake == std::vector<std::int64_t>{twin.wake, alone.wake});
    CHECK(world.attempt(alone.wake)->state == StateName::Wanted);
    CHECK(world.in_commit(retry).error().code == ErrorCode::NotFound);
}

TEST_CASE("a compromised key ends every attempt that is for it", "[acme]") {
    World world;
    const auto key = tests::ec_key("P-256");
    const auto alone =
        world.ask(tests::csr_of(key, "DNS:" + kInternal), store::Subject(world.server, kInternal));
    const auto twin = world.ask(csr_of(kTwins));
    CertificateRequest how;
    how.server_id = world.server;
    EngineNews news;
    REQUIRE(world.in_commit([&](store::Writer& writer, zones::Change& change) {
        return end_attempt_for(writer, change, tests::csr_of(key, kTwins).key_sha256, how, news);
    }));
    CHECK(world.attempt(alone.wake)->state == StateName::Superseded);
    CHECK(world.attempt(twin.wake)->state == StateName::Wanted);
}

TEST_CASE("the overview has a server once, with its names alone", "[acme][store]") {
    World world;
    REQUIRE(world.ask(csr_of(kTwins)).state);
    const auto alone =
        world.ask(csr_of("DNS:" + kInternal), store::Subject(world.server, kInternal));
    const Sha256 given = world.issue(alone.wake);
    REQUIRE(world.ask(csr_of("DNS:" + kPublic), store::Subject(world.server, kPublic)).state);

    const WallTime now = world.store.clock.now();
    store::Reader reader = world.store.reader();
    const auto rows = tests::must(store::certificate_overview(reader->database(), now, 10, 0));
    REQUIRE(rows.size() == 1);
    const ServerCertificates all = server_certificates(rows[0], now);
    CHECK(all.twin.phase == Phase::Ordering);
    CHECK(all.phase() == Phase::Ordering);
    REQUIRE(all.alone.size() == 2);
    CHECK(all.alone[0].name == kInternal);
    CHECK(all.alone[0].state.sha256 == given);
    CHECK(all.alone[1].name == kPublic);
    CHECK(all.alone[1].state.phase == Phase::Ordering);
    CHECK(tests::must(store::certificate_overview(reader->database(), now, 10, world.server))
              .empty());
}

/// A certificate that is good until `end`, of which nobody said that it is served.
CertificateState good_until(WallTime end, const Sha256& sha256) {
    CertificateState state;
    state.phase = Phase::Valid;
    state.issued_at = end - kDay * 90;
    state.renew_at = end - kDay * 30;
    state.not_after = end;
    state.sha256 = sha256;
    return state;
}

TEST_CASE("an alarm of a name alone counts where no twin certificate is good", "[acme][alarm]") {
    const WallTime now = from_unix_milliseconds(1'795'000'000'000);
    const Sha256 twin{1};
    const Sha256 alone{2};
    ServerCertificates all;
    CHECK_FALSE(alarm_of(all, {}, now));

    all.alone.push_back({kPublic, good_until(now + kDay * 60, alone)});
    CHECK_FALSE(alarm_of(all, {}, now));  // Nobody says that it is served; its client sees to it.
    CHECK(all.phase() == Phase::Valid);

    all.alone.push_back({kInternal, good_until(now + kDay * 5, {3})});
    const auto overdue = alarm_of(all, {}, now);
    REQUIRE(overdue);
    CHECK(overdue->kind == AlarmKind::Overdue);
    CHECK_THAT(overdue->text, Catch::StartsWith("For " + kInternal + " alone: "));

    CertificateState over;
    over.expired_at = now - kDay;
    all.alone.push_back({"z", over});
    CHECK(alarm_of(all, {}, now)->kind == AlarmKind::Expired);

    // The twin certificate does for all of them; and serving one alone is not serving an old one.
    all.twin = good_until(now + kDay * 60, twin);
    CHECK_FALSE(alarm_of(all, twin, now));
    CHECK_FALSE(alarm_of(all, alone, now));
    CHECK(alarm_of(all, Sha256{9}, now)->kind == AlarmKind::OldServed);
}

}  // namespace
}  // namespace hairpin::acme
