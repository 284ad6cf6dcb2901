#include "acme/elsewhere_checks.hpp"

#include <atomic>
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/octets.hpp"
#include "tests/unit/acme/signed_server.hpp"

namespace hairpin::acme {
namespace {

using tests::kTsigNowMs;
using tests::signed_zone;
using tests::SignedServer;

constexpr Milliseconds kGood{60'000};
constexpr Milliseconds kBad{5'000};

/// Of v.example, with authority.
Octets soa_answer(OctetView request) {
    using zones::kHeaderOctets;
    dnsd::TsigStream stream(dnsd::tests::make_key("acme.v.example."),
                            dnsd::tests::tsig_of(request).mac);
    const auto question = request.subspan(kHeaderOctets, 11 + 4);
    Octets answer = tests::plain_answer(request);
    answer[2] |= 0x04;
    answer[5] = answer[7] = 1;
    answer.insert(answer.end(), question.begin(), question.end());
    const Octets soa = hairpin::tests::octets(
        "c00c 0006 0001 0000003c 0018 c00c c00c 00000001 00000001 00000001 00000001 00000001");
    answer.insert(answer.end(), soa.begin(), soa.end());
    const std::size_t used = answer.size();
    answer.resize(used + stream.octets());
    answer.resize(stream.sign(answer, used, {dnsd::tests::kTsigNow, 300, {}, {}}));
    return answer;
}

struct Checked {
    explicit Checked(const Endpoint& server) : zone(signed_zone(server)) {}
    /// Both are asked for at once; how many were told.
    int look_twice() {
        int told = 0;
        const auto one_more = [&] {
            if (++told == 2 && loop.is_current()) loop.stop();
        };
        checks.look({&zone}, kGood, kBad, one_more);
        checks.look({&zone}, kGood, kBad, one_more);
        if (told < 2) loop.run();
        return told;
    }
    ElsewhereZone zone;
    net::Loop loop;
    ManualClock clock{kTsigNowMs};
    ElsewhereChecks checks{loop, clock};
};

TEST_CASE("a server elsewhere is asked once by all who want to know, and believed for a while",
          "[acme][elsewhere]") {
    std::atomic<int> asked = 0;
    const SignedServer server([&](OctetView request) {
        ++asked;
        return soa_answer(request);
    });
    Checked checked(server.endpoint());
    CHECK(checked.checks.found(checked.zone).outcome == PreflightOutcome::Unknown);
    CHECK(checked.look_twice() == 2);
    CHECK(asked == 1);
    const PreflightCheck found = checked.checks.found(checked.zone);
    CHECK(found.outcome == PreflightOutcome::Good);
    CHECK(found.text ==
          "put into v.example at " + server.endpoint().text() + " with the key acme.v.example");
    checked.clock.advance(kGood - Milliseconds(1));
    CHECK(checked.look_twice() == 2);
    CHECK(asked == 1);
}

TEST_CASE("what is wrong with a server elsewhere is said, and looked at again sooner",
          "[acme][elsewhere]") {
    std::atomic<int> asked = 0;
    const SignedServer server([&](OctetView request) {
        return ++asked == 1 ? tests::plain_answer(request, 5) : soa_answer(request);
    });
    Checked checked(server.endpoint());
    CHECK(checked.look_twice() == 2);
    const PreflightCheck found = checked.checks.found(checked.zone);
    CHECK(found.outcome == PreflightOutcome::Problem);
    CHECK_THAT(found.text, Catch::Contains("answers REFUSED without a signature"));
    checked.clock.advance(kBad - Milliseconds(1));
    CHECK(checked.look_twice() == 2);
    CHECK(asked == 1);
    checked.clock.advance(Milliseconds(1));
    CHECK(checked.look_twice() == 2);
    CHECK(asked == 2);
    CHECK(checked.checks.found(checked.zone).outcome == PreflightOutcome::Good);
}

}  // namespace
}  // namespace hairpin::acme
