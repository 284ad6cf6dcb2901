#include "acme/certificate_alarm.hpp"

#include <catch2/catch.hpp>

namespace hairpin::acme {
namespace {

constexpr Milliseconds kAlarmDay{24LL * 3600 * 1000};
const WallTime kIssued = from_unix_milliseconds(1'795'000'000'000);
const WallTime kRenewal = kIssued + kAlarmDay * 60;
const WallTime kEnd = kIssued + kAlarmDay * 90;
const Sha256 kGiven{1};
const Sha256 kOlder{2};

CertificateState valid() {
    CertificateState state;
    state.phase = Phase::Valid;
    state.not_before = kIssued;
    state.not_after = kEnd;
    state.issued_at = kIssued;
    state.renew_at = kRenewal;
    state.sha256 = kGiven;
    return state;
}

TEST_CASE("An alarm is the worst that is known of a certificate", "[acme][alarm]") {
    struct Known {
        CertificateState state = valid();
        std::optional<Sha256> served = kGiven;
        WallTime now = kIssued + kAlarmDay;
    };
    struct Case {
        const char* name;
        std::optional<AlarmKind> kind;
        void (*change)(Known&);
    };
    const auto each = GENERATE(values<Case>({
        {"served", std::nullopt, [](Known&) {}},
        {"served, and acknowledged too", std::nullopt,
         [](Known& known) { known.state.deployed = true; }},
        {"acknowledged, and reports say nothing", std::nullopt,
         [](Known& known) {
             known.state.deployed = true;
             known.served.reset();
         }},
        {"neither said", AlarmKind::NotDeployed, [](Known& known) { known.served.reset(); }},
        {"neither said yet", std::nullopt,
         [](Known& known) {
             known.served.reset();
             known.now = kIssued + kDeployGrace - Milliseconds(1);
         }},
        {"neither said in time", AlarmKind::NotDeployed,
         [](Known& known) {
             known.served.reset();
             known.now = kIssued + kDeployGrace;
         }},
        {"an older one", AlarmKind::OldServed, [](Known& known) { known.served = kOlder; }},
        {"an older one, though it had said otherwise", AlarmKind::OldServed,
         [](Known& known) {
             known.state.deployed = true;
             known.served = kOlder;
         }},
        {"an older one for now", std::nullopt,
         [](Known& known) {
             known.served = kOlder;
             known.now = kIssued + kAlarmDay / 24;
         }},
        {"its renewal is late, but not yet by half", std::nullopt,
         [](Known& known) { known.now = kRenewal + kAlarmDay * 15 - Milliseconds(1); }},
        {"half of the time for its renewal is gone", AlarmKind::Overdue,
         [](Known& known) { known.now = kRenewal + kAlarmDay * 15; }},
        {"and it serves an older one", AlarmKind::Overdue,
         [](Known& known) {
             known.now = kRenewal + kAlarmDay * 15;
             known.served = kOlder;
         }},
        {"it never asked", std::nullopt, [](Known& known) { known.state = {}; }},
        {"its first is under way", std::nullopt,
         [](Known& known) {
             known.state = {};
             known.state.phase = Phase::Ordering;
         }},
        {"its first is blocked", AlarmKind::Blocked,
         [](Known& known) {
             known.state = {};
             known.state.phase = Phase::Blocked;
             known.state.problem = "the CA refuses the name";
         }},
        {"its last is over", AlarmKind::Expired,
         [](Known& known) {
             known.state = {};
             known.state.expired_at = kEnd;
         }},
        {"its last is over, and the next is blocked", AlarmKind::Expired,
         [](Known& known) {
             known.state = {};
             known.state.phase = Phase::Blocked;
             known.state.expired_at = kEnd;
         }},
    }));
    INFO(each.name);
    Known known;
    each.change(known);
    const auto alarm = alarm_of(known.state, known.served, known.now);
    REQUIRE(alarm.has_value() == each.kind.has_value());
    if (!alarm) return;
    CHECK(alarm->kind == *each.kind);
    CHECK_FALSE(alarm->next_step.empty());
    CHECK_THAT(alarm->text, Catch::Contains(known.state.problem));
}

}  // namespace
}  // namespace hairpin::acme
