// Two years of ten thousand licences, in simulated time: see fleet.hpp and simulated_ca.hpp.

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <map>
#include <numeric>

#include "acme/plan.hpp"
#include "tests/simulation/fleet.hpp"

namespace hairpin::tests {
namespace {

const std::string kLetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";
constexpr double kToleranceOfEta = 0.05;
const WallTime kSimBegin = *from_rfc3339("2026-12-01T00:00:00Z");

WallTime day(std::int64_t number) {
    return kSimBegin + kSimDay * number;
}

/// reference/acme.md section 2: what Let's Encrypt has announced.
Milliseconds announced_lifetime(const std::string& profile, WallTime now) {
    if (profile == "shortlived") return kSimHour * 160;
    if (profile == "tlsserver") return kSimDay * 45;
    if (now < *from_rfc3339("2027-02-10T00:00:00Z")) return kSimDay * 90;
    return now < *from_rfc3339("2028-02-16T00:00:00Z") ? kSimDay * 64 : kSimDay * 45;
}

SimulatedCaOptions lets_encrypt() {
    SimulatedCaOptions options;
    options.lifetime = announced_lifetime;
    return options;
}

const std::string& profile_of_number(std::int64_t number) {
    static const std::string kClassic = "classic";
    static const std::string kTlsServer = "tlsserver";
    static const std::string kShortLived = "shortlived";
    if (number % 50 == 7) return kShortLived;
    return number % 20 == 3 ? kTlsServer : kClassic;
}

/// How far what came is from what was foretold, as part of the time from now to what was foretold.
double error_of(WallTime now, WallTime foretold, WallTime came) {
    const auto span = std::chrono::duration<double>(foretold - now).count();
    const auto off = std::chrono::duration<double>(came - foretold).count();
    return std::abs(off) / std::max(span, 1.0);
}

/// What the queue tells each server, to be compared with what comes.
struct Foretold {
    WallTime at{};
    std::map<std::int64_t, WallTime> by_server;
};

Foretold foretold_now(const Fleet& fleet, WallTime until = WallTime::max()) {
    Foretold all{fleet.now(), {}};
    for (const acme::WaitingServer& each : fleet.view().waiting)
        if (each.eta && *each.eta < until) all.by_server[each.server_id] = *each.eta;
    return all;
}

/// The part of the servers that were told a time which was wrong by more than is tolerated, of
/// those that were to wait for more than an hour.
double part_told_wrong(const Foretold& foretold, const std::map<std::int64_t, WallTime>& came) {
    std::size_t told = 0;
    std::size_t wrong = 0;
    for (const auto& [server, eta] : foretold.by_server) {
        if (eta - foretold.at < kSimHour) continue;
        ++told;
        const auto found = came.find(server);
        if (found == came.end() || error_of(foretold.at, eta, found->second) > kToleranceOfEta)
            ++wrong;
    }
    return told == 0 ? 1 : static_cast<double>(wrong) / static_cast<double>(told);
}

void print_spread(const char* what, const std::vector<int>& hours) {
    std::map<int, int> classes;
    const int most = *std::max_element(hours.begin(), hours.end());
    const int width = std::max(1, (most + 15) / 16);
    for (const int orders : hours)
        ++classes[orders / width];
    const double mean = static_cast<double>(std::accumulate(hours.begin(), hours.end(), 0)) /
                        static_cast<double>(hours.size());
    std::printf("%s: orders in an hour: mean %.1f, most %d\n", what, mean, most);
    for (const auto& [part, count] : classes)
        std::printf("  %4d..%-4d in %5d hours\n", part * width, (part + 1) * width - 1, count);
}

/// Two years of one fleet: what the issue calls its proof.
class TwoYears {
public:
    static constexpr std::int64_t kServers = 10'000;
    static constexpr std::int64_t kCalledBack = 4'000;
    static constexpr std::int64_t kOverrideDay = 30;
    static constexpr std::int64_t kOverrideEnds = 60;
    static constexpr std::int64_t kOutageDay = 200;
    static constexpr std::int64_t kCallBackDay = 400;

    SimulatedCa ca{lets_encrypt(), 1};
    Fleet fleet{ca, kLetsEncrypt, kSimBegin, 2};
    Foretold early;      // Under the preset, until the override comes.
    Foretold raised;     // Under the override.
    acme::Plan planned;  // For what waits then.

    TwoYears() {
        for (std::int64_t number = 1; number <= kServers; ++number) {
            // They are installed in ten days.
            fleet.at(kSimBegin + kSimDay * 10 * number / kServers,
                     [this, number] { fleet.add_server(profile_of_number(number)); });
        }
        fleet.at(day(11), [this] { early = foretold_now(fleet, day(kOverrideDay)); });
        fleet.at(day(kOverrideDay), [this] { grant_override(); });
        fleet.at(day(kOverrideEnds), [this] { end_override(); });
        // A little longer than three days: certificates of 160 hours have hours left then.
        ca.add_outage(day(kOutageDay), day(kOutageDay + 3) + kSimHour * 5);
        fleet.at(day(kCallBackDay), [this] { call_back(); });
        // The business goes on: three new customers a day.
        for (std::int64_t each = 0; each < 3 * 600; ++each)
            fleet.at(day(70) + kSimHour * 8 * each, [this] { fleet.add_server("classic"); });
        fleet.run_until(day(731));
    }

private:
    void grant_override() {
        ca.set_domain_limit({10'000, kSimDay * 7}, fleet.now());
        fleet.set_limit({acme::Limit::CertificatesPerDomain, fleet.domain(),
                         acme::Allowance{10'000, kSimDay * 7, 90}});
        raised = foretold_now(fleet);
        const auto waiting = static_cast<std::int64_t>(raised.by_server.size());
        planned = must(acme::make_plan({waiting, 1, fleet.domain(), kSimDay * 90, true},
                                       fleet.budget(), fleet.now()));
    }
    void end_override() {
        ca.set_domain_limit({50, kSimDay * 7}, fleet.now());
        fleet.set_limit({acme::Limit::CertificatesPerDomain, fleet.domain(), {}});
    }
    void call_back() {
        const auto served = fleet.served();
        for (std::size_t each = 0; each < kCalledBack; ++each)
            ca.call_back(fleet.certificate_of(served[each * 2]).number, fleet.now(),
                         fleet.now() + kSimDay * 5);
    }
};

TEST_CASE("ten thousand licences in two years: nothing expires, no limit is passed, the plan holds",
          "[acme][simulation]") {
    const TwoYears years;
    const Fleet& fleet = years.fleet;
    const SimulatedCa& ca = years.ca;

    INFO(first_of(ca.overruns()));
    CHECK(ca.overruns().empty());
    INFO(first_of(fleet.mistakes()));
    CHECK(fleet.mistakes().empty());

    // Three days without the CA and a revocation in five days leave time for all: what is lost
    // could have been saved.
    const auto losses = fleet.losses();
    INFO(losses.size() << " lost, first: " << (losses.empty() ? "" : text_of(losses.front())));
    CHECK(losses.empty());
    CHECK(fleet.served().size() == TwoYears::kServers + 1800);
    CHECK(fleet.waiting() == 0);

    CHECK(years.early.by_server.size() > 50);
    CHECK(part_told_wrong(years.early, fleet.first_admissions()) < 0.01);
    CHECK(years.raised.by_server.size() > 9'000);
    CHECK(part_told_wrong(years.raised, fleet.first_admissions()) < 0.01);
    WallTime last{};
    for (const auto& [server, eta] : years.raised.by_server)
        last = std::max(last, fleet.first_admissions().at(server));
    CHECK(error_of(years.planned.begin, years.planned.ready_at, last) < kToleranceOfEta);

    const auto& hours = fleet.orders_by_hour();
    print_spread("two years", hours);
    print_spread("the last quarter", {hours.end() - 90 * 24, hours.end()});
    const auto& counts = ca.counts();
    std::printf("orders %lld, of them exempt %lld and renewals that are not %lld; failed %lld\n",
                static_cast<long long>(counts.orders), static_cast<long long>(counts.exempt),
                static_cast<long long>(counts.renewals), static_cast<long long>(counts.failed));
}

TEST_CASE("when all are called back within a day the limits let most of them go, and we no less",
          "[acme][simulation]") {
    constexpr std::int64_t kServers = 10'000;
    SimulatedCaOptions options = lets_encrypt();
    options.certificates_per_domain.reset();
    SimulatedCa ca(options, 3);
    Fleet fleet(ca, kLetsEncrypt, kSimBegin, 4);
    fleet.set_limit({acme::Limit::CertificatesPerDomain, fleet.domain(),
                     acme::Allowance{acme::kMaxAllowed, acme::kMinPeriod, 100}});
    for (std::int64_t number = 1; number <= kServers; ++number)
        fleet.add_server("classic");
    // And new customers ask at the same time: they come after.
    constexpr std::int64_t kNew = 5'000;
    fleet.at(day(20), [&] {
        for (std::int64_t number = 1; number <= kNew; ++number)
            fleet.add_server("classic");
        for (const std::int64_t server : fleet.served())
            ca.call_back(fleet.certificate_of(server).number, fleet.now(), fleet.now() + kSimDay);
    });
    fleet.run_until(day(40));

    CHECK(ca.overruns().empty());
    CHECK(fleet.mistakes().empty());
    CHECK(fleet.served().size() == kServers + kNew);
    // The most that could be saved, of the part of the limit that is used: what comes back in a
    // day. What is there at the begin the new ones take, before anybody has heard of the call.
    const std::int64_t most = 24 * 90;
    const auto lost = static_cast<std::int64_t>(fleet.losses().size());
    INFO(lost << " of " << kServers << " lost");
    CHECK(kServers - lost > most * 95 / 100);
    CHECK(kServers - lost <= 300 + 24 * 100);  // Else the counting is wrong.
}

TEST_CASE("a CA that counts in windows and suggests none is kept to as well",
          "[acme][simulation]") {
    constexpr std::int64_t kServers = 1'000;
    SimulatedCaOptions options = lets_encrypt();
    options.way = CountingWay::Window;
    options.has_renewal_info = false;
    options.failing = 0.01;
    SimulatedCa ca(options, 5);
    Fleet fleet(ca, "https://ca.test/directory", kSimBegin, 6);  // The preset of an unknown one.
    for (std::int64_t number = 1; number <= kServers; ++number)
        fleet.at(kSimBegin + kSimDay * number / 8,
                 [&, number] { fleet.add_server(number % 2 == 0 ? "classic" : "tlsserver"); });
    ca.add_outage(day(100), day(103));
    fleet.run_until(day(365));

    INFO(first_of(ca.overruns()));
    CHECK(ca.overruns().empty());
    CHECK(fleet.mistakes().empty());
    const auto losses = fleet.losses();
    INFO(losses.size() << " lost, first: " << (losses.empty() ? "" : text_of(losses.front())));
    CHECK(losses.empty());
}

}  // namespace
}  // namespace hairpin::tests
