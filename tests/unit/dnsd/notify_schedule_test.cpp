#include "dnsd/notify_schedule.hpp"

#include <catch2/catch.hpp>

#include "tests/support/zones.hpp"

namespace hairpin::dnsd {
namespace {

using hairpin::tests::name;

MonotonicTime at(int milliseconds) {
    return MonotonicTime(Milliseconds(1'000'000 + milliseconds));
}

const auto kSecondary = Endpoint::parse("192.0.2.53:53").value();
const auto kTarget = NotifySchedule::target(name("Example.net."), kSecondary);

NotifyPolicy policy() {
    NotifyPolicy policy;
    policy.min_interval = Milliseconds(300);
    policy.first_retry = Milliseconds(1'000);
    policy.longest_retry = Milliseconds(3'000);
    policy.attempts = 4;
    return policy;
}

std::size_t due(NotifySchedule& schedule, int milliseconds) {
    return schedule.take_due(at(milliseconds), 100).targets.size();
}

TEST_CASE("A change is told at once, a second one not before the interval is over",
          "[dnsd][rfc1996]") {
    NotifySchedule schedule(policy());
    schedule.changed(kTarget, at(0));
    CHECK(schedule.next() == at(0));
    CHECK(due(schedule, 0) == 1);
    schedule.sent(kTarget, 7);
    schedule.answered(kTarget, Rcode::NoError, at(5));
    CHECK(schedule.find(kTarget)->acknowledged == 7);
    CHECK(schedule.find(kTarget)->result == NotifyResult::Acknowledged);
    CHECK_FALSE(schedule.next());

    schedule.changed(kTarget, at(10));
    schedule.changed(kTarget, at(20));  // The same NOTIFY tells of both.
    CHECK(schedule.next() == at(300));
    CHECK(due(schedule, 299) == 0);
    CHECK(due(schedule, 300) == 1);
    CHECK(due(schedule, 301) == 0);
}

TEST_CASE("Changes while a NOTIFY is in flight are told in one more", "[dnsd][rfc1996]") {
    NotifySchedule schedule(policy());
    schedule.changed(kTarget, at(0));
    CHECK(due(schedule, 0) == 1);
    for (int change = 1; change <= 100; ++change)
        schedule.changed(kTarget, at(change));
    CHECK(due(schedule, 150) == 0);
    schedule.answered(kTarget, Rcode::NoError, at(200));
    CHECK(schedule.next() == at(300));
    CHECK(due(schedule, 300) == 1);
    schedule.answered(kTarget, Rcode::NoError, at(310));
    CHECK_FALSE(schedule.next());
}

TEST_CASE("What is not answered is repeated with doubling pauses and given up at last",
          "[dnsd][rfc1996]") {
    NotifySchedule schedule(policy());
    schedule.changed(kTarget, at(0));
    for (const int when : {0, 1'000, 3'000, 6'000}) {  // The third pause is the longest.
        INFO(when);
        CHECK(due(schedule, when - 1) == 0);
        CHECK(due(schedule, when) == 1);
    }
    CHECK(due(schedule, 8'999) == 0);
    const auto last = schedule.take_due(at(9'000), 100);
    CHECK(last.targets.empty());
    REQUIRE(last.given_up.size() == 1);
    CHECK(last.given_up.front() == kTarget);
    CHECK(schedule.find(kTarget)->result == NotifyResult::NoAnswer);
    CHECK_FALSE(schedule.next());
    schedule.changed(kTarget, at(20'000));
    CHECK(due(schedule, 20'000) == 1);
}

TEST_CASE("A refusal ends the repetition and is kept", "[dnsd][rfc1996]") {
    NotifySchedule schedule(policy());
    schedule.changed(kTarget, at(0));
    CHECK(due(schedule, 0) == 1);
    schedule.sent(kTarget, 7);
    schedule.answered(kTarget, Rcode::NotAuth, at(5));
    CHECK(schedule.find(kTarget)->result == NotifyResult::Refused);
    CHECK(schedule.find(kTarget)->rcode == Rcode::NotAuth);
    CHECK(schedule.find(kTarget)->acknowledged == 0);
    CHECK_FALSE(schedule.next());
}

TEST_CASE("A late or second answer changes nothing", "[dnsd][hostile]") {
    NotifySchedule schedule(policy());
    schedule.answered(kTarget, Rcode::NoError, at(0));
    CHECK(schedule.find(kTarget) == nullptr);
    schedule.changed(kTarget, at(0));
    schedule.answered(kTarget, Rcode::NoError, at(0));  // Nothing was sent yet.
    CHECK(due(schedule, 0) == 1);
    schedule.sent(kTarget, 7);
    schedule.answered(kTarget, Rcode::NoError, at(5));
    schedule.answered(kTarget, Rcode::Refused, at(6));
    CHECK(schedule.find(kTarget)->result == NotifyResult::Acknowledged);
}

TEST_CASE("What the kernel will not send is tried as often as what is not answered", "[dnsd]") {
    NotifySchedule schedule(policy());
    schedule.changed(kTarget, at(0));
    int when = 0;
    for (int attempt = 0; attempt < 4; ++attempt) {
        CHECK(due(schedule, when) == 1);
        schedule.not_sent(kTarget, at(when));
        when += 3'000;
    }
    CHECK(schedule.find(kTarget)->result == NotifyResult::Failed);
    CHECK_FALSE(schedule.next());
}

TEST_CASE("No more than asked for are taken, the longest due first", "[dnsd]") {
    NotifySchedule schedule(policy());
    for (int each = 9; each >= 0; --each)
        schedule.changed(
            NotifySchedule::target(name("z" + std::to_string(each) + ".example."), kSecondary),
            at(10 * each));
    const auto first = schedule.take_due(at(1'000), 4).targets;
    REQUIRE(first.size() == 4);
    CHECK(first[0] == NotifySchedule::target(name("z0.example."), kSecondary));
    CHECK(first[3] == NotifySchedule::target(name("z3.example."), kSecondary));
    CHECK(schedule.take_due(at(1'000), 100).targets.size() == 6);
    CHECK(schedule.size() == 10);
}

TEST_CASE("What is woken goes at once, with all its attempts again", "[dnsd][rfc1996]") {
    NotifySchedule schedule(policy());
    schedule.wake(kTarget, at(0));  // Never told: as a change.
    CHECK(due(schedule, 0) == 1);
    CHECK(due(schedule, 1'000) == 1);
    CHECK(due(schedule, 3'000) == 1);
    schedule.changed(kTarget, at(3'100));
    CHECK(due(schedule, 3'200) == 0);  // In flight: a change waits for its answer.
    schedule.wake(kTarget, at(3'200));
    CHECK(schedule.next() == at(3'200));
    for (const int when : {3'200, 4'200, 6'200, 9'200}) {
        INFO(when);
        CHECK(due(schedule, when) == 1);
    }
    CHECK(schedule.take_due(at(12'200), 100).given_up.size() == 1);
    schedule.wake(kTarget, at(20'000));  // Given up.
    CHECK(due(schedule, 20'000) == 1);
    schedule.answered(kTarget, Rcode::NoError, at(20'010));
    CHECK_FALSE(schedule.next());  // What changed in between was told of.
}

TEST_CASE("The targets of one zone are told from those of others", "[dnsd]") {
    NotifySchedule schedule(policy());
    const auto second = Endpoint::parse("[2001:db8::1]:53").value();
    for (const char* apex : {"a.example.", "example.", "b.example."})
        for (const Endpoint& secondary : {kSecondary, second})
            schedule.changed(NotifySchedule::target(name(apex), secondary), at(0));
    const auto found = schedule.targets_of(name("B.example."));
    REQUIRE(found.size() == 2);
    CHECK(found[0].apex == found[1].apex);
    CHECK(found[0] != found[1]);
    CHECK(schedule.targets_of(name("c.example.")).empty());
    CHECK(schedule.targets().size() == 6);
}

TEST_CASE("A target that is forgotten is sent nothing", "[dnsd]") {
    NotifySchedule schedule(policy());
    schedule.changed(kTarget, at(0));
    schedule.forget(kTarget);
    schedule.forget(kTarget);
    CHECK(due(schedule, 0) == 0);
    CHECK(schedule.size() == 0);
}

}  // namespace
}  // namespace hairpin::dnsd
