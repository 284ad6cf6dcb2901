#include "acme/plan.hpp"

#include <catch2/catch.hpp>

namespace hairpin::acme {
namespace {

constexpr Milliseconds kPlanHour{3600 * 1000};
constexpr Milliseconds kPlannedDay = kPlanHour * 24;
const WallTime kPlanBegin = from_unix_milliseconds(1'795'000'000'000);
const Charge kPlanAccount{Limit::OrdersPerAccount, ""};
const Charge kPlanDomain{Limit::CertificatesPerDomain, "example.net"};

/// Let's Encrypt's limits of account and domain, wholly used up to now.
Budget used_up(int share) {
    Budget budget(preset_of("https://acme-v02.api.letsencrypt.org/directory").allowances);
    for (const Charge& bucket : {kPlanAccount, kPlanDomain}) {
        Allowance allowance = *budget.allowance(bucket.limit, bucket.key);
        allowance.share = share;
        budget.set_override(bucket.limit, bucket.key, allowance, kPlanBegin);
        const Rate rate = rate_of(allowance);
        for (std::int64_t each = 0; each < rate.burst; ++each)
            budget.take(std::vector{bucket}, kPlanBegin);
    }
    return budget;
}

PlanRequest twin_servers(std::int64_t servers) {
    PlanRequest request;
    request.servers = servers;
    request.domain = "example.net";
    request.lifetime = kPlannedDay * 45;
    return request;
}

Plan must_plan(const PlanRequest& request, Budget budget) {
    auto plan = make_plan(request, std::move(budget), kPlanBegin);
    REQUIRE(plan);
    return *plan;
}

TEST_CASE("what a fleet needs under Let's Encrypt's limits is what the limits say", "[acme]") {
    const Plan many = must_plan(twin_servers(10'000), used_up(100));
    CHECK(text_of_span(many.ready_at - many.begin) == "3.8 years");
    CHECK(many.pace == Limit::CertificatesPerDomain);
    const Plan some = must_plan(twin_servers(1'000), used_up(100));
    CHECK(text_of_span(some.ready_at - some.begin) == "140 days");
    // An override of the domain: the account's limit of 300 in 3 hours is left.
    Budget overridden = used_up(100);
    overridden.set_override(Limit::CertificatesPerDomain, "example.net",
                            Allowance{100'000, kPlannedDay * 7, 100}, kPlanBegin);
    const Plan fast = must_plan(twin_servers(10'000), std::move(overridden));
    CHECK(text_of_span(fast.ready_at - fast.begin) == "100 hours");
    CHECK(fast.pace == Limit::OrdersPerAccount);
    // At the nine tenths that are really used.
    CHECK(text_of_span(must_plan(twin_servers(1'000), used_up(90)).ready_at - kPlanBegin) ==
          "156 days");
}

TEST_CASE("a plan begins with what is left now", "[acme]") {
    Budget fresh(preset_of("https://acme-v02.api.letsencrypt.org/directory").allowances);
    const Plan plan = must_plan(twin_servers(45), fresh);
    CHECK(plan.ready_at == kPlanBegin);
    CHECK_FALSE(plan.pace);
    CHECK(plan.tenth_at == kPlanBegin);
    const Plan next = must_plan(twin_servers(46), fresh);
    CHECK(next.ready_at - next.begin == rate_of({50, kPlannedDay * 7, 90}).interval);
    CHECK(next.nine_tenths_at == kPlanBegin);
}

TEST_CASE("many registered domains are as many buckets, and one account", "[acme]") {
    PlanRequest request = twin_servers(10'000);
    request.domains = 10'000;
    const Plan plan = must_plan(request, used_up(100));
    CHECK(text_of_span(plan.ready_at - plan.begin) == "100 hours");
    CHECK(plan.pace == Limit::OrdersPerAccount);
    CHECK(plan.half_at - plan.begin == kPlanHour * 50);
}

TEST_CASE("renewals that are not exempt take their part of the account, exempt ones none",
          "[acme]") {
    PlanRequest request = twin_servers(20'000);
    request.domains = 20'000;
    request.lifetime = kPlannedDay * 6;
    const Plan exempt = must_plan(request, used_up(100));
    CHECK(exempt.ready_at - exempt.begin == kPlanHour * 200);
    CHECK(exempt.renewals > 0);
    CHECK(exempt.late_renewals == 0);
    request.renewals_are_exempt = false;
    const Plan counted = must_plan(request, used_up(100));
    CHECK(counted.first_issues == 20'000);
    CHECK(counted.ready_at >= exempt.ready_at);
}

TEST_CASE("a plan that cannot be made says why", "[acme][hostile]") {
    const Budget budget(preset_of("").allowances);
    const auto error_of = [&](auto change) {
        PlanRequest request = twin_servers(10);
        change(request);
        const auto plan = make_plan(request, budget, kPlanBegin);
        REQUIRE_FALSE(plan);
        return plan.error().subject;
    };
    CHECK(error_of([](auto& request) { request.servers = 0; }) == "servers");
    CHECK(error_of([](auto& request) { request.servers = kMaxPlanned + 1; }) == "servers");
    CHECK(error_of([](auto& request) { request.domains = 0; }) == "domains");
    CHECK(error_of([](auto& request) { request.domains = 11; }) == "domains");
    CHECK(error_of([](auto& request) { request.lifetime = Milliseconds(0); }) == "days");
    CHECK(error_of([](auto& request) { request.lifetime = kPlannedDay * 399; }) == "days");
    Budget slow(preset_of("").allowances);
    slow.set_override(Limit::CertificatesPerDomain, "example.net", Allowance{1, kMaxPeriod, 100},
                      kPlanBegin);
    const auto plan = make_plan(twin_servers(100), slow, kPlanBegin);
    REQUIRE_FALSE(plan);
    CHECK(plan.error().code == ErrorCode::Limit);
}

TEST_CASE("what is foretold is what happens", "[acme][budget]") {
    Budget budget = used_up(90);
    WaitingLine line;
    for (std::int64_t id = 1; id <= 300; ++id) {
        Waiting one;
        one.id = id;
        one.work = static_cast<WorkClass>(id % 5);
        one.is_dead = id % 7 == 0;
        one.due = kPlanBegin - Seconds(id * 37 % 1000);
        const std::string domain = id % 3 == 0 ? "example.org" : "example.net";
        one.keys = {domain, std::to_string(id) + "." + domain, "i-" + std::to_string(id), false};
        line.put(one, budget, kPlanBegin);
    }
    line.park(WorkClass::Renewal, kPlanBegin + kPlannedDay, "later");
    const auto foretold = foretell(line, budget, kPlanBegin, kPlanBegin + kPlannedDay * 400);
    REQUIRE(foretold.size() == 300);
    // Minute by minute, as the engine would find it.
    std::size_t gone = 0;
    for (WallTime now = kPlanBegin; gone < foretold.size(); now += Seconds(60)) {
        while (const auto next = line.take(budget, now)) {
            const auto& said = foretold[gone++];
            CHECK(next->id == said.waiting.id);
            CHECK(now >= said.at);
            // The tokens of a bucket come from the moment at which the last one was taken.
            CHECK(now - said.at <= Seconds(60) * static_cast<int>(gone));
        }
    }
    CHECK(foretell(line, budget, kPlanBegin, kPlanBegin).empty());
}

TEST_CASE("spans are told in the unit that a person would choose", "[acme]") {
    CHECK(text_of_span(Milliseconds(0)) == "0 minutes");
    CHECK(text_of_span(Seconds(60)) == "1 minute");
    CHECK(text_of_span(Seconds(5'400)) == "90 minutes");
    CHECK(text_of_span(kPlanHour * 5 / 2) == "2.5 hours");
    CHECK(text_of_span(kPlannedDay * 58) == "58 days");
    CHECK(text_of_span(kPlannedDay * 400) == "400 days");
    CHECK(text_of_span(kPlannedDay * 365 * 2) == "2.0 years");
}

}  // namespace
}  // namespace hairpin::acme
