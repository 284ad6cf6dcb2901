#include "acme/renewal_window.hpp"

#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/renewal_fleet.hpp"
#include "tests/support/rfc9773.hpp"
#include "tests/support/x509.hpp"

namespace hairpin::acme {
namespace {

constexpr Seconds kInfoHour{3600};
constexpr Seconds kInfoDay{24 * 3600};
const WallTime kInfoNow = from_unix_milliseconds(1'795'000'000'000);

RenewalFacts facts_with(Milliseconds life, Milliseconds age = Milliseconds(0)) {
    return {kInfoNow - age - kInfoHour, kInfoNow - age - kInfoHour + life, kInfoNow - age, 7};
}

/// As Let's Encrypt suggests it: 1 % of the lifetime to both sides.
RenewalWindow window_around(const RenewalFacts& facts, int percent) {
    const Milliseconds life = facts.not_after - facts.not_before;
    return {facts.not_before + life * (percent - 1) / 100,
            facts.not_before + life * (percent + 1) / 100};
}

constexpr std::uint32_t kDraws[] = {0, 1, 0x7fff'ffff, 0xffff'fffe, 0xffff'ffff};

TEST_CASE("the identifier is that of the RFC's example", "[acme][rfc9773]") {
    CHECK(cert_id(tests::kRfc9773Certificate) == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
}

TEST_CASE("the identifier is that of the first certificate of a chain", "[acme][rfc9773]") {
    CHECK(cert_id(std::string("words of the CA\n") + tests::kRfc9773Certificate +
                  tests::kRfc9773Certificate) == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
}

TEST_CASE("what has no identifier says so", "[acme][rfc9773][hostile]") {
    CHECK(cert_id("").error().code == ErrorCode::Protocol);
    CHECK(cert_id("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").error().code ==
          ErrorCode::Protocol);
    // Nobody's key is named in it.
    const auto key = tests::ec_key("P-256");
    const auto bare = tests::make_certificate(
        {"root", "", kInfoNow - kInfoDay, kInfoNow + kInfoDay, true}, key, nullptr, key);
    const auto none = cert_id(tests::pem_of(bare));
    REQUIRE_FALSE(none);
    CHECK(none.error().cause == "the certificate names no key of its issuer");
}

TEST_CASE("renewal information is read by tolerance, and not believed without a window",
          "[acme][rfc9773][hostile]") {
    const auto good = read_renewal_info(
        R"({"suggestedWindow":{"start":"2026-12-02T04:00:00Z","end":"2026-12-03T04:00:00.5Z","x":1},
            "explanationURL":"https://ca.example/why","more":[]})");
    REQUIRE(good);
    CHECK(good->window.end - good->window.start == kInfoDay);
    CHECK(good->explanation_url == "https://ca.example/why");

    for (const char* bad :
         {"", "{", "[]", "null", "{}", R"({"suggestedWindow":[]})",
          R"({"suggestedWindow":{"start":"2026-12-02T04:00:00Z"}})",
          R"({"suggestedWindow":{"start":5,"end":6}})",
          R"({"suggestedWindow":{"start":"2026-12-02T04:00:00Z","end":"2026-12-02T04:00:00Z"}})",
          R"({"suggestedWindow":{"start":"2026-12-02T04:00:00Z","end":"2026-12-01T04:00:00Z"}})",
          R"({"suggestedWindow":{"start":"tomorrow","end":"2026-12-01T04:00:00Z"}})"}) {
        INFO(bad);
        const auto refused = read_renewal_info(bad);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::Protocol);
    }
    const auto odd_page = read_renewal_info(
        R"({"suggestedWindow":{"start":"2026-12-02T04:00:00Z","end":"2026-12-03T04:00:00Z"},
            "explanationURL":"javascript:alert"
})");
    REQUIRE(odd_page);
    CHECK(odd_page->explanation_url.empty());
}

TEST_CASE("without a window lifetimes from 160 hours to 398 days are renewed in time", "[acme]") {
    struct Row {
        Milliseconds life;
        double share;
    };
    const auto row = GENERATE(values<Row>({{kInfoHour * 160, 1.0 / 2},
                                           {kInfoDay * 9, 1.0 / 2},
                                           {kInfoDay * 10, 2.0 / 3},
                                           {kInfoDay * 45, 2.0 / 3},
                                           {kInfoDay * 64, 2.0 / 3},
                                           {kInfoDay * 90, 2.0 / 3},
                                           {kInfoDay * 200, 2.0 / 3},
                                           {kInfoDay * 398, 2.0 / 3}}));
    INFO(row.life.count() / 3'600'000 << " hours");
    for (std::int64_t server = 1; server <= 500; ++server) {
        RenewalFacts facts = facts_with(row.life);
        facts.server_id = server;
        const auto at = usual_renewal(facts) - facts.not_before;
        REQUIRE(static_cast<double>(at.count()) >=
                static_cast<double>(row.life.count()) * (row.share - 0.0201));
        REQUIRE(static_cast<double>(at.count()) <=
                static_cast<double>(row.life.count()) * (row.share + 0.0201));
        CHECK(usual_renewal(facts) == usual_renewal(facts));  // The same after each restart.
    }
}

TEST_CASE("the instant is in the first 70 % of the window, for every draw and lifetime",
          "[acme][rfc9773]") {
    const Milliseconds life = GENERATE(values<Milliseconds>(
        {kInfoHour * 160, kInfoDay * 45, kInfoDay * 64, kInfoDay * 90, kInfoDay * 398}));
    const RenewalFacts facts = facts_with(life);
    const RenewalWindow window = window_around(facts, life < kInfoDay * 10 ? 50 : 67);
    for (const std::uint32_t draw : kDraws) {
        const auto plan = plan_renewal(facts, {window, ""}, std::nullopt, usual_renewal(facts), {},
                                       kInfoNow, draw);
        CHECK(plan.renew_at >= window.start);
        CHECK(plan.renew_at <= window.start + (window.end - window.start) * 7 / 10);
        CHECK(window.contains(plan.renew_at));
        CHECK_FALSE(plan.is_overdue);
    }
}

TEST_CASE("the instant stays while the window does, and is chosen anew with another",
          "[acme][rfc9773]") {
    const RenewalFacts facts = facts_with(kInfoDay * 90);
    const RenewalWindow window = window_around(facts, 67);
    const auto first =
        plan_renewal(facts, {window, ""}, std::nullopt, kInfoNow, {}, kInfoNow, 0x4000'0000);
    const auto again = plan_renewal(facts, {window, ""}, window, first.renew_at, {},
                                    kInfoNow + kInfoDay, 0xf000'0000);
    CHECK(again.renew_at == first.renew_at);
    const RenewalWindow other{window.start - kInfoDay * 20, window.end - kInfoDay * 20};
    const auto moved = plan_renewal(facts, {other, ""}, window, first.renew_at, {},
                                    kInfoNow + kInfoDay, 0x4000'0000);
    CHECK(other.contains(moved.renew_at));
}

TEST_CASE("a window that is over means now; the same one twice does not move it",
          "[acme][rfc9773]") {
    const RenewalFacts facts = facts_with(kInfoDay * 90, kInfoDay);
    const RenewalWindow window{kInfoNow - kInfoHour, kInfoNow - kInfoHour / 2};
    const auto plan =
        plan_renewal(facts, {window, ""}, std::nullopt, usual_renewal(facts), {}, kInfoNow, 9);
    CHECK(plan.renew_at == kInfoNow);
    CHECK(plan.is_overdue);
}

TEST_CASE("a window that is open since long means now, and still exempts", "[acme][rfc9773]") {
    const RenewalFacts facts = facts_with(kInfoDay * 90, kInfoDay * 60);
    const RenewalWindow window{kInfoNow - kInfoHour * 10, kInfoNow + kInfoHour};
    for (const std::uint32_t draw : kDraws) {
        const auto plan =
            plan_renewal(facts, {window, ""}, std::nullopt, kInfoNow, {}, kInfoNow, draw);
        CHECK(plan.renew_at == kInfoNow);
        CHECK_FALSE(plan.is_overdue);
    }
}

TEST_CASE("a young certificate is not renewed, unless the CA explains why or its window is over",
          "[acme][rfc9773]") {
    const RenewalFacts facts = facts_with(kInfoDay * 90);
    const RenewalWindow open{kInfoNow - kInfoHour, kInfoNow + kInfoHour};
    const auto at = [&](const RenewalWindow& window, const char* page) {
        return plan_renewal(facts, {window, page}, std::nullopt, kInfoNow, {}, kInfoNow, 5)
            .renew_at;
    };
    CHECK(at(open, "") == facts.issued_at + kInfoDay * 9);
    CHECK(at(open, "https://ca.example/why") <= kInfoNow + kInfoHour);
    CHECK(at({open.start, kInfoNow}, "") == kInfoNow);
}

TEST_CASE("a window that is over before its time calls a certificate back; one that was missed not",
          "[acme][rfc9773]") {
    const auto is_back = [](const RenewalFacts& facts, const RenewalWindow& window,
                            const char* page) {
        store::RenewalRow row;
        row.window_start = window.start;
        row.window_end = window.end;
        row.explanation_url = page;
        return is_called_back(facts, row, kInfoNow);
    };
    const RenewalWindow past{kInfoNow - kInfoHour, kInfoNow - kInfoHour / 2};
    CHECK(is_back(facts_with(kInfoDay * 90, kInfoDay * 20), past, ""));
    const RenewalFacts late = facts_with(kInfoDay * 90, kInfoDay * 70);
    CHECK_FALSE(is_back(late, past, ""));
    CHECK_FALSE(is_back(late, window_around(late, 67), ""));
    CHECK(is_back(late, past, "https://ca.example/why"));
    CHECK_FALSE(is_back(late, {kInfoNow - kInfoHour, kInfoNow + kInfoHour}, "https://ca.example/"));
    CHECK_FALSE(is_called_back(late, store::RenewalRow(), kInfoNow));
}

TEST_CASE("no window lets a certificate come near its end", "[acme][rfc9773][hostile]") {
    const RenewalFacts facts = facts_with(kInfoDay * 90);
    const WallTime latest = facts.not_after - kInfoDay * 9;
    const auto at = [&](WallTime start, WallTime end, std::uint32_t draw) {
        return plan_renewal(facts, {{start, end}, ""}, std::nullopt, kInfoNow, {}, kInfoNow, draw)
            .renew_at;
    };
    for (const std::uint32_t draw : kDraws) {
        CHECK(at(facts.not_after + kInfoDay, facts.not_after + kInfoDay * 2, draw) ==
              usual_renewal(facts));
        CHECK(at(latest, facts.not_after, draw) == usual_renewal(facts));
        CHECK(at(latest - kInfoHour, facts.not_after + kInfoDay * 9000, draw) <= latest);
        CHECK(at(from_unix_milliseconds(-62'000'000'000'000),
                 from_unix_milliseconds(250'000'000'000'000), draw) <= latest);
    }
}

TEST_CASE("the CA is asked again after its Retry-After, a minute at least and a day at most",
          "[acme][rfc9773]") {
    const RenewalFacts facts = facts_with(kInfoDay * 90);
    const auto pause = [&](std::optional<Milliseconds> after, std::uint32_t draw) {
        return plan_renewal(facts, {window_around(facts, 67), ""}, std::nullopt, kInfoNow, after,
                            kInfoNow, draw)
                   .check_at -
               kInfoNow;
    };
    for (const std::uint32_t draw : kDraws) {
        CHECK(pause(kInfoHour * 6, draw) >= kInfoHour * 6);
        CHECK(pause(kInfoHour * 6, draw) <= kInfoHour * 6 * 105 / 100);
        CHECK(pause(Milliseconds(0), draw) >= kShortestRenewalCheck);
        CHECK(pause(kInfoDay * 300, draw) <= kLongestRenewalCheck * 105 / 100);
        CHECK(pause(std::nullopt, draw) >= kUsualRenewalCheck);
    }
}

TEST_CASE("after failures the CA is asked again in 1, 10, 100 minutes, then every six hours",
          "[acme][rfc9773]") {
    constexpr Seconds kMinute{60};
    const auto pause = [](std::int64_t failures, bool passing) {
        return renewal_check_pause(failures, passing, {});
    };
    CHECK(pause(1, true) == kMinute);
    CHECK(pause(2, true) == kMinute * 10);
    CHECK(pause(3, true) == kMinute * 100);
    CHECK(pause(4, true) == kUsualRenewalCheck);
    CHECK(pause(1'000'000, true) == kUsualRenewalCheck);
    CHECK(pause(1, false) == kUsualRenewalCheck);
    CHECK(renewal_check_pause(1, true, kInfoHour) == kInfoHour);
    CHECK(renewal_check_pause(1, false, kInfoHour) == kUsualRenewalCheck);
    CHECK(renewal_check_pause(1, true, kInfoDay * 9) == kLongestRenewalCheck);
}

TEST_CASE("the next look is at the earlier of renewal and question", "[acme]") {
    store::RenewalRow row;
    CHECK(next_look(kInfoNow, std::nullopt) == kInfoNow);
    CHECK(next_look(kInfoNow, row) == kInfoNow);
    row.check_at = kInfoNow - kInfoHour;
    CHECK(next_look(kInfoNow, row) == kInfoNow - kInfoHour);
    row.check_at = kInfoNow + kInfoHour;
    CHECK(next_look(kInfoNow, row) == kInfoNow);
    CHECK_FALSE(window_of(row));
}

TEST_CASE("ten thousand servers over a year are no herd", "[acme][rfc9773]") {
    const auto fleets = tests::renewal_fleets();
    const auto& fleet = fleets[GENERATE(range<std::size_t>(0, 6))];
    INFO(fleet.what);
    const auto minutes = tests::renewals_per_minute(fleet);
    const auto hours = tests::summed(minutes, 60);

    // The first certificates came at 100 an hour, for 100 hours. Where a lifetime is shorter than
    // that, two waves meet; there is no more in an hour than the waves that meet bring, and chance.
    const int waves = fleet.life / 2 < fleet.first ? 2 : 1;
    CHECK(tests::most_of(hours) <= waves * 140);
    // Nothing happens at the full hour, at midnight or at a start: minutes are as even as hours.
    CHECK(tests::most_of(minutes) <= waves * 14);
    // Waves run out instead of getting steeper.
    const std::vector<int> first(hours.begin(), hours.begin() + 90 * 24);
    const std::vector<int> late(hours.end() - 90 * 24, hours.end());
    CHECK(tests::most_of(late) <= tests::most_of(first) * 11 / 10);
}

}  // namespace
}  // namespace hairpin::acme
