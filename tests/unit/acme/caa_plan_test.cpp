#include "acme/caa_plan.hpp"

#include <catch2/catch.hpp>

#include "tests/support/zones.hpp"

namespace hairpin::acme {
namespace {

const WallTime kPlannedAt{Seconds(1'800'000'000)};
const CaaAccount kFirstAccount{"ca.example", "https://ca.example/acct/1"};
const CaaAccount kSecondAccount{"ca.example", "https://ca.example/acct/2"};
constexpr Milliseconds kEightHours{8LL * 3600 * 1000};

std::string record_of(const CaaAccount& account) {
    return "@ 3600 IN CAA 0 issue \"ca.example; accounturi=" + account.url +
           "; validationmethods=dns-01\"\n";
}
const std::string kNoWildcards = "@ 3600 IN CAA 0 issuewild \";\"\n";

store::CaaRow row_of(const CaaAccount& account, WallTime usable_at) {
    return {tests::name("pl-acme.example.net."), account.url,
            "ca.example; accounturi=" + account.url + "; validationmethods=dns-01",
            usable_at - kEightHours, usable_at};
}

/// The plan, and the zone's CAA records as they are after it.
struct Planned {
    CaaPlan plan;
    std::vector<std::string> records;
};
Planned planned(const std::string& records, const std::vector<store::CaaRow>& rows,
                const std::vector<CaaAccount>& accounts, const CaaPolicy& policy = {}) {
    const auto zone = tests::zone("pl-acme.example.net.", records);
    Planned made{plan_caa(*zone, rows, accounts, policy, kPlannedAt), {}};
    zones::ZoneRef after = zone;
    if (made.plan.change) {
        auto applied = zones::apply(zone, *made.plan.change, {1'800'000'000, {}}, {});
        REQUIRE(applied);
        after = applied->zone;
    }
    if (const auto* set = after->find(after->apex(), zones::RType::CAA))
        for (const OctetView rdata : set->rdatas())
            made.records.push_back(zones::rdata_text(zones::RType::CAA, rdata));
    return made;
}

TEST_CASE("a zone without CAA gets ours at once, and they may be used at once",
          "[acme][rfc8659][rfc8657]") {
    const Planned made = planned("", {}, {kFirstAccount}, {kEightHours, "mailto:ops@example.net"});
    CHECK_THAT(made.records, Catch::UnorderedEquals(std::vector<std::string>{
                                 "0 iodef \"mailto:ops@example.net\"",
                                 "0 issue \"ca.example; accounturi=https://ca.example/acct/1; "
                                 "validationmethods=dns-01\"",
                                 "0 issuewild \";\""}));
    REQUIRE(made.plan.puts.size() == 1);
    CHECK(made.plan.puts[0].account_url == kFirstAccount.url);
    CHECK(made.plan.puts[0].usable_at == kPlannedAt);
    CHECK(made.plan.advice.empty());
}

TEST_CASE("what is as it should be is left alone", "[acme]") {
    const Planned made = planned(record_of(kFirstAccount) + kNoWildcards,
                                 {row_of(kFirstAccount, kPlannedAt)}, {kFirstAccount});
    CHECK_FALSE(made.plan.change);
    CHECK(made.plan.puts.empty());
    CHECK(made.plan.erases.empty());
}

TEST_CASE("another account is published, waits, and then takes the place of the old", "[acme]") {
    const auto rows = std::vector{row_of(kFirstAccount, kPlannedAt - kEightHours)};
    const Planned published =
        planned(record_of(kFirstAccount) + kNoWildcards, rows, {kSecondAccount});
    CHECK(published.records.size() == 3);  // Both, until the new one may be used.
    REQUIRE(published.plan.puts.size() == 1);
    CHECK(published.plan.puts[0].usable_at == kPlannedAt + kEightHours);
    CHECK(published.plan.erases.empty());

    const std::string both = record_of(kFirstAccount) + record_of(kSecondAccount) + kNoWildcards;
    const Planned waiting =
        planned(both, {rows[0], row_of(kSecondAccount, kPlannedAt + Seconds(1))}, {kSecondAccount});
    CHECK_FALSE(waiting.plan.change);
    CHECK(waiting.plan.erases.empty());

    const Planned over =
        planned(both, {rows[0], row_of(kSecondAccount, kPlannedAt)}, {kSecondAccount});
    CHECK(over.records.size() == 2);
    CHECK(over.plan.erases == std::vector{kFirstAccount.url});
}

TEST_CASE("a TTL longer than the wait is waited for", "[acme]") {
    const Planned made = planned("@ 86400 IN CAA 0 issuewild \";\"\n" + record_of(kFirstAccount),
                                 {row_of(kFirstAccount, kPlannedAt)},
                                 {kFirstAccount, kSecondAccount}, {Milliseconds(1000), ""});
    REQUIRE(made.plan.puts.size() == 1);
    CHECK(made.plan.puts[0].usable_at >= kPlannedAt + Seconds(3600));
}

TEST_CASE("what an operator wrote is not touched, and he is told what is missing", "[acme]") {
    const Planned other = planned("@ 60 IN CAA 0 issue \"other.example\"\n", {}, {kFirstAccount});
    CHECK_FALSE(other.plan.change);
    CHECK(other.plan.puts.empty());
    CHECK_THAT(other.plan.advice, Catch::Contains("add 0 issue \"ca.example; accounturi="));

    // His own record lets us order: there is nothing to say.
    CHECK(planned("@ 60 IN CAA 0 issue \"ca.example\"\n", {}, {kFirstAccount}).plan.advice.empty());

    // Beside ours his records stay, whatever becomes of ours.
    const Planned beside =
        planned("@ 60 IN CAA 0 issue \"other.example\"\n" + record_of(kFirstAccount) + kNoWildcards,
                {row_of(kFirstAccount, kPlannedAt)}, {kSecondAccount});
    CHECK(beside.records.size() == 4);
    CHECK_THAT(beside.records, Catch::VectorContains(std::string("0 issue \"other.example\"")));
}

TEST_CASE("a record of ours that was taken away comes back, and waits again", "[acme]") {
    const Planned made =
        planned("@ 60 IN CAA 0 issue \";\"\n", {row_of(kFirstAccount, kPlannedAt - kEightHours)},
                {kFirstAccount});
    CHECK(made.records.size() == 3);
    REQUIRE(made.plan.puts.size() == 1);
    CHECK(made.plan.puts[0].usable_at == kPlannedAt + kEightHours);
}

TEST_CASE("without accounts nothing is done", "[acme]") {
    const Planned made =
        planned(record_of(kFirstAccount) + kNoWildcards, {row_of(kFirstAccount, kPlannedAt)}, {});
    CHECK_FALSE(made.plan.change);
    CHECK(made.plan.erases.empty());
}

}  // namespace
}  // namespace hairpin::acme
