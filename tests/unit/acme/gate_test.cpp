#include "acme/gate.hpp"

#include <catch2/catch.hpp>

#include "store/budget_rows.hpp"
#include "tests/support/store.hpp"

namespace hairpin::acme {
namespace {

using tests::commit_rows;
using tests::must;

const std::string kGateCa = "https://acme-v02.api.letsencrypt.org/directory";
const WallTime kGateNow = from_unix_milliseconds(1'795'000'000'000);
const Charge kGateDomain{Limit::CertificatesPerDomain, "example.net"};
const Charge kGateAccount{Limit::OrdersPerAccount, ""};

Attempt wanted_attempt(std::int64_t id) {
    Attempt attempt;
    attempt.id = attempt.server_id = id;
    attempt.public_name = "nur" + std::to_string(id) + ".pl-a.example.net";
    attempt.internal_name = "i-" + attempt.public_name;
    attempt.created_at = kGateNow;
    return attempt;
}

/// A store and what a start makes of it.
struct GateSite {
    tests::OpenStore store;
    std::optional<Gate> gate{open()};

    [[nodiscard]] Gate open() const {
        store::Reader reader = store.reader();
        return must(Gate::open(reader->database(), kGateCa, {}, kGateNow));
    }
    bool commit(const BudgetRows& rows) {
        return commit_rows(*store.committer, [&](store::Writer& writer) { return rows(writer); });
    }
    bool set(Limit limit, const std::string& key, std::optional<Allowance> allowance) {
        const LimitChange change{limit, key, allowance};
        return commit_rows(*store.committer, [&](store::Writer& writer) {
            return write_limit(writer, kGateCa, preset_of(kGateCa).allowances, change);
        });
    }
    [[nodiscard]] std::int64_t left(const Charge& bucket) const {
        return gate->view(kGateNow).budget.level(bucket, kGateNow)->left;
    }
    /// What memory knows is what a restart would find.
    void check_same_after_restart() const {
        CHECK(gate->view(kGateNow).budget.arrivals() == open().view(kGateNow).budget.arrivals());
    }
    Waiting admit(std::int64_t id) {
        gate->put(wanted_attempt(id), WorkClass::First, kGateNow, kGateNow);
        const auto gone = gate->take(kGateNow);
        REQUIRE(gone);
        REQUIRE(commit(gate->reservation(gone->keys, kGateNow)));
        return *gone;
    }
};

TEST_CASE("what an admission takes is in the store with it, and a refused newOrder gives it back",
          "[acme][budget]") {
    GateSite site;
    const Waiting gone = site.admit(1);
    CHECK(site.left(kGateDomain) == 44);
    CHECK(site.left(kGateAccount) == 269);
    site.check_same_after_restart();
    REQUIRE(site.commit(site.gate->return_of(gone.keys)));
    CHECK(site.left(kGateDomain) == 45);
    site.check_same_after_restart();
}

TEST_CASE("an order that may have been placed is taken for once more", "[acme][budget]") {
    GateSite site;
    const Waiting gone = site.admit(1);
    site.gate.emplace(site.open());
    REQUIRE(site.commit(site.gate->reserve_again(gone.keys, kGateNow)));
    CHECK(site.left(kGateDomain) == 43);
    site.check_same_after_restart();
}

TEST_CASE("an admission that did not come through is undone in memory, where alone it was",
          "[acme][budget]") {
    GateSite site;
    site.admit(1);
    site.gate->put(wanted_attempt(2), WorkClass::First, kGateNow, kGateNow);
    const auto gone = site.gate->take(kGateNow);
    REQUIRE(gone);
    site.gate->undo(*gone);
    // But for a bucket of its own, which is full.
    CHECK(site.left(kGateDomain) == 44);
    CHECK(site.left(kGateAccount) == 269);
}

TEST_CASE("a renewal counts for the domain at a CA that has not issued for its names yet",
          "[acme][budget]") {
    GateSite site;
    Attempt renewal = wanted_attempt(1);
    renewal.cause = store::AttemptCause::Renewal;
    renewal.replaces = "a.b";  // Of another CA.
    const auto take = [&] {
        site.gate->put(renewal, WorkClass::Renewal, kGateNow, kGateNow);
        REQUIRE(site.gate->take(kGateNow));
        return site.left(kGateDomain);
    };
    CHECK(take() == 44);
    renewal.known_there = true;
    CHECK(take() == 44);
    renewal.replaces.clear();  // The CA did not want to know of it.
    CHECK(take() == 43);
}

TEST_CASE("failures of a name hold it back at two an hour, and a certificate ends their row",
          "[acme][budget]") {
    GateSite site;
    const OrderKeys keys = site.gate->keys_of(wanted_attempt(1));
    REQUIRE(site.commit(site.gate->failure_of(keys, kGateNow)));
    REQUIRE(site.commit(site.gate->failure_of(keys, kGateNow)));
    site.check_same_after_restart();
    site.gate.emplace(site.open());
    site.gate->put(wanted_attempt(1), WorkClass::First, kGateNow, kGateNow);
    CHECK_FALSE(site.gate->take(kGateNow));
    CHECK(site.gate->next_at(kGateNow) == kGateNow + Seconds(1'800));
    const Charge row{Limit::FailuresInARow, "nur1.pl-a.example.net"};
    CHECK(site.left(row) == 1'035);  // Of 1,037.
    REQUIRE(site.commit(site.gate->success_of(keys)));
    CHECK(site.left(row) == 1'037);
    site.check_same_after_restart();
}

TEST_CASE("a bucket that the CA closed, and a class that it does not want, are so after a restart",
          "[acme][budget]") {
    GateSite site;
    const WallTime until = kGateNow + Seconds(7'200);
    REQUIRE(site.commit(site.gate->reached({kGateDomain, until}, WorkClass::First, "too many")));
    site.check_same_after_restart();
    site.gate.emplace(site.open());
    site.gate->put(wanted_attempt(1), WorkClass::First, kGateNow, kGateNow);
    CHECK_FALSE(site.gate->take(kGateNow));
    CHECK(site.gate->next_at(kGateNow) == until);

    REQUIRE(site.commit(site.gate->reached({{}, until}, WorkClass::Renewal, "slow down")));
    site.gate.emplace(site.open());
    const auto parked = site.gate->view(kGateNow).parked;
    REQUIRE(parked.size() == 1);
    CHECK(parked[0].work == WorkClass::Renewal);
    CHECK(parked[0].until == until);
    CHECK(parked[0].reason == "slow down");
}

TEST_CASE("a limit that the CA names and that it has not by our table parks the class",
          "[acme][budget]") {
    tests::OpenStore store;
    store::Reader reader = store.reader();
    Gate gate = must(Gate::open(reader->database(), kGateCa, Allowances{}, kGateNow));
    const auto rows = gate.reached({kGateDomain, kGateNow + Seconds(60)}, WorkClass::First, "no");
    CHECK(gate.view(kGateNow).parked.size() == 1);
    REQUIRE(commit_rows(*store.committer, [&](store::Writer& writer) { return rows(writer); }));
    CHECK(must(store::BudgetQueries(store.reader()->database()).parked(kGateCa)).size() == 1);
}

TEST_CASE("an operator's limit holds in memory and in the store alike, and can be taken back",
          "[acme][budget]") {
    GateSite site;
    for (std::int64_t id = 1; id <= 3; ++id)
        site.admit(id);
    const Allowance granted{1'000, Seconds(7 * 24 * 3600), 90};
    REQUIRE(site.set(Limit::CertificatesPerDomain, "example.net", granted));
    site.gate->change({Limit::CertificatesPerDomain, "example.net", granted}, kGateNow);
    CHECK(site.left(kGateDomain) == 840);  // Three at the old pace are sixty at the new one.
    // The commit's clock is another than that of this test; as many are missing.
    CHECK(site.open().view(kGateNow).budget.allowance(Limit::CertificatesPerDomain,
                                                      "example.net") == granted);
    REQUIRE(site.set(Limit::CertificatesPerDomain, "example.net", {}));
    CHECK_FALSE(site.set(Limit::CertificatesPerDomain, "example.net", {}));
    CHECK_FALSE(site.set(Limit::OrdersPerAccount, "", Allowance{0, Seconds(60), 90}));
    CHECK(site.open().view(kGateNow).budget.overrides().empty());
}

TEST_CASE("the class of an attempt follows from why there is one", "[acme]") {
    Attempt attempt = wanted_attempt(1);
    attempt.cause = store::AttemptCause::First;
    CHECK(class_of(attempt) == WorkClass::First);
    attempt.cause = store::AttemptCause::Renewal;
    CHECK(class_of(attempt) == WorkClass::Renewal);
    attempt.cause = store::AttemptCause::NewKey;
    CHECK(class_of(attempt) == WorkClass::Reissue);
    attempt.cause = store::AttemptCause::Again;
    CHECK(class_of(attempt) == WorkClass::Reissue);
    attempt.incident = true;
    CHECK(class_of(attempt) == WorkClass::Incident);
}

TEST_CASE("renewals that missed their window do not wait for the domain's first certificates",
          "[acme][budget]") {
    GateSite site;
    for (std::int64_t id = 1; id <= 45; ++id)
        site.admit(id);
    site.gate->put(wanted_attempt(46), WorkClass::First, kGateNow, kGateNow);
    Attempt renewal = wanted_attempt(47);
    renewal.cause = store::AttemptCause::Renewal;
    renewal.replaces = "its.predecessor";
    renewal.known_there = true;
    site.gate->put(renewal, WorkClass::Renewal, kGateNow, kGateNow);
    const auto gone = site.gate->take(kGateNow);
    REQUIRE(gone);
    CHECK(gone->id == 47);
    CHECK(site.left(kGateAccount) == 224);
    // Where this CA has not issued for these names, or does not say so, it counts them.
    renewal.replaces.clear();
    site.gate->put(renewal, WorkClass::Renewal, kGateNow, kGateNow);
    CHECK_FALSE(site.gate->take(kGateNow));
}

TEST_CASE("a name is not dead because its CA was away", "[acme]") {
    GateSite site;
    Attempt attempt = wanted_attempt(1);
    attempt.failures = kDeadAfter + 2;
    for (const char* type : {"unreachable", "http-503", "serverInternal"}) {
        attempt.problem_type = type;
        site.gate->put(attempt, WorkClass::First, kGateNow, kGateNow);
        CHECK_FALSE(site.gate->view(kGateNow).find(1)->is_dead);
    }
    for (const char* type : {"dns", "incorrectResponse", "http-403"}) {
        attempt.problem_type = type;
        site.gate->put(attempt, WorkClass::First, kGateNow, kGateNow);
        CHECK(site.gate->view(kGateNow).find(1)->is_dead);
    }
}

TEST_CASE("who waits is told when, behind whom, why, and what would help", "[acme]") {
    GateSite site;
    for (std::int64_t id = 1; id <= 45; ++id)
        site.admit(id);
    Attempt dead = wanted_attempt(100);
    dead.failures = kDeadAfter;
    site.gate->put(dead, WorkClass::First, kGateNow, kGateNow);
    for (std::int64_t id = 46; id <= 70; ++id)
        site.gate->put(wanted_attempt(id), WorkClass::First, kGateNow, kGateNow);
    const QueueView view = site.gate->view(kGateNow);
    CHECK(view.preset == "Let's Encrypt");
    CHECK(view.by_class[1] == 26);
    REQUIRE(view.waiting.size() == 26);
    const WaitingServer* second = view.find(47);
    REQUIRE(second != nullptr);
    CHECK(second->before == 1);
    // One in 224 minutes, at nine tenths of one in 202.
    CHECK(second->eta == kGateNow + Seconds(2 * 13'440));
    CHECK(sentence_of(*second) ==
          "gets its certificate about " + to_rfc3339(*second->eta + Seconds(30)).substr(0, 10) +
              " " + to_rfc3339(*second->eta + Seconds(30)).substr(11, 5) +
              " UTC; 1 waits before it: the CA gives 50 certificates in 7 days for example.net");
    CHECK(view.find(46)->before == 0);
    CHECK(view.find(100)->is_dead);
    CHECK(view.find(100)->before == 25);
    CHECK(view.find(1) == nullptr);
    REQUIRE(view.advice.size() == 1);
    CHECK(view.advice[0].starts_with(
        "at 50 in 7 days the 26 that wait for example.net need 87 hours: ask the CA for an "
        "override"));
    CertificateState state;
    state.problem = "unreachable";
    add_wait(state, *second);
    CHECK(state.eta == *second->eta + Seconds(30));
    CHECK(state.problem.ends_with("; before that: unreachable"));
}

}  // namespace
}  // namespace hairpin::acme
