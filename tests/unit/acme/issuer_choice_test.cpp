#include "acme/issuer_choice.hpp"

#include <vector>

#include <catch2/catch.hpp>

namespace hairpin::acme {
namespace {

const WallTime kChoiceNow = from_unix_milliseconds(1'795'000'000'000);
constexpr Milliseconds kChoiceMinute{60'000};
constexpr Milliseconds kChoiceDay{24 * 3600 * 1000};

IssuerFacts well(std::string_view name) {
    IssuerFacts facts;
    facts.name = name;
    return facts;
}
IssuerFacts broken(std::string_view name, Breaker::State state = Breaker::State::Open) {
    IssuerFacts facts = well(name);
    facts.breaker = state;
    facts.closed_for = Milliseconds(0);
    return facts;
}
IssuerFacts back(std::string_view name, Milliseconds since) {
    IssuerFacts facts = well(name);
    facts.closed_for = since;
    return facts;
}
IssuerFacts parked(std::string_view name, WallTime until) {
    IssuerFacts facts = well(name);
    facts.parked_until = until;
    return facts;
}
IssuerFacts failing(std::string_view name, int failures) {
    IssuerFacts facts = well(name);
    facts.failures = failures;
    return facts;
}
IssuerFacts stranger(std::string_view name) {
    IssuerFacts facts = well(name);
    facts.has_account = false;
    return facts;
}

/// There is no certificate, and it has been wanted for so long.
OrderFacts first_issue(Milliseconds waited) {
    return {kChoiceNow - waited, {}};
}
/// Of a certificate of 90 days, so many days after it could be renewed: 30 are left then.
OrderFacts renewal(int days) {
    const WallTime renew_at = kChoiceNow - kChoiceDay * days;
    return {renew_at, OrderFacts::Valid{renew_at, renew_at + kChoiceDay * 30}};
}

struct ChoiceRow {
    const char* what;
    std::vector<IssuerFacts> issuers;
    OrderFacts order;
    std::size_t chosen;
};

const std::vector<ChoiceRow> kChoiceRows = {
    {"all are well", {well("a"), well("b")}, first_issue(kChoiceMinute * 60), 0},
    {"one that is the only one", {broken("a")}, first_issue(kChoiceMinute * 60), 0},
    {"a young first issue waits", {broken("a"), well("b")}, first_issue(kChoiceMinute * 4), 0},
    {"an urgent first issue does not", {broken("a"), well("b")}, first_issue(kChoiceMinute * 5), 1},
    {"a breaker that is tried again counts as open",
     {broken("a", Breaker::State::HalfOpen), well("b")},
     first_issue(kChoiceMinute * 5),
     1},
    {"a renewal waits", {broken("a"), well("b")}, renewal(14), 0},
    {"until half of its slack is gone", {broken("a"), well("b")}, renewal(15), 1},
    {"and when it has expired", {broken("a"), well("b")}, renewal(40), 1},
    {"who is back for ten minutes gets what can wait",
     {back("a", kChoiceMinute * 10), well("b")},
     renewal(3),
     0},
    {"but not what cannot", {back("a", kChoiceMinute * 10), well("b")}, renewal(20), 1},
    {"and after half an hour all", {back("a", kChoiceMinute * 30), well("b")}, renewal(20), 0},
    {"limits that end soon are waited for",
     {parked("a", kChoiceNow + kChoiceMinute * 15), well("b")},
     first_issue(kChoiceMinute * 60),
     0},
    {"others are not",
     {parked("a", kChoiceNow + kChoiceMinute * 16), well("b")},
     first_issue(kChoiceMinute * 60),
     1},
    {"nor by a renewal that can wait",
     {parked("a", kChoiceNow + kChoiceDay), well("b")},
     renewal(3),
     0},
    {"one failure there is none", {failing("a", 1), well("b")}, first_issue(kChoiceMinute * 60), 0},
    {"two are", {failing("a", 2), well("b")}, first_issue(kChoiceMinute * 60), 1},
    {"without an account nothing is ordered",
     {stranger("a"), well("b")},
     first_issue(kChoiceMinute * 6),
     1},
    {"the next but one",
     {broken("a"), stranger("b"), well("c")},
     first_issue(kChoiceMinute * 6),
     2},
    {"one with limits before none at all",
     {broken("a"), parked("b", kChoiceNow + kChoiceDay)},
     first_issue(kChoiceMinute * 6),
     1},
    {"one where the order failed before one whose limits hold it for long",
     {failing("a", 2), parked("b", kChoiceNow + kChoiceDay)},
     first_issue(kChoiceMinute * 6),
     0},
    {"where nothing works it is the first",
     {broken("a"), broken("b"), stranger("c")},
     first_issue(kChoiceMinute * 6),
     0},
};

TEST_CASE("the issuer is chosen by the table", "[acme][issuers]") {
    for (const ChoiceRow& row : kChoiceRows) {
        INFO(row.what);
        const IssuerChoice choice = choose_issuer(row.issuers, row.order, kChoiceNow);
        INFO(choice.why);
        CHECK(choice.issuer == row.chosen);
        CHECK_FALSE(choice.why.empty());
    }
}

TEST_CASE("a choice says why, and when it may be another one", "[acme][issuers]") {
    const std::vector<IssuerFacts> issuers = {broken("a"), well("b")};
    const IssuerChoice waits = choose_issuer(issuers, first_issue(kChoiceMinute), kChoiceNow);
    CHECK(waits.look_again_at == kChoiceNow + kChoiceMinute * 4);
    CHECK(waits.why == "a does not work, and the order can wait until " +
                           to_rfc3339(kChoiceNow + kChoiceMinute * 4));
    const IssuerChoice goes = choose_issuer(issuers, first_issue(kChoiceMinute * 5), kChoiceNow);
    CHECK_FALSE(goes.look_again_at);
    CHECK(goes.why == "a does not work, and the order cannot wait");
    const std::vector<IssuerFacts> none = {broken("a"), broken("b")};
    CHECK(choose_issuer(none, first_issue(kChoiceMinute * 5), kChoiceNow).look_again_at ==
          kChoiceNow + kChoiceMinute);
}

TEST_CASE("an order that failed goes on elsewhere at once, and back only after a pause",
          "[acme][issuers]") {
    const Milliseconds pause = kChoiceMinute * 10;
    const auto after = [&](IssuerChoice choice) {
        return elsewhere_at(choice, 1, pause, kChoiceNow);
    };
    CHECK(after({2, "", {}}) == kChoiceNow);
    CHECK(after({0, "", {}}) == kChoiceNow + pause);
    CHECK_FALSE(after({1, "", {}}));
    CHECK(after({1, "", kChoiceNow + kChoiceMinute}) == kChoiceNow + kChoiceMinute);
    CHECK_FALSE(after({1, "", kChoiceNow + kChoiceDay}));
}

}  // namespace
}  // namespace hairpin::acme
