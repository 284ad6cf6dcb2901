#include "checkin/judge.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/zones.hpp"

namespace hairpin::checkin {
namespace {

constexpr std::int64_t kNow = 1'795'186'800'000;
constexpr std::uint64_t kServer = 7;
const MachineTag kMachine = machine_tag("machine-1");

Key key(std::string_view secret) {
    return check_in_key(as_octets(secret));
}

IpAddress address(std::string_view text) {
    return *IpAddress::parse(text);
}

/// One server with both families published, long after the start.
struct Site {
    Site() {
        table.put(tests::zone("pl-acme.example.net.",
                              "nur1 60 IN A 192.0.2.1\nnur1 60 IN A 192.0.2.2\n"
                              "nur1 60 IN AAAA 2001:db8::1\nnur2 60 IN A 192.0.2.9\n"));
        enrolment.set_name(tests::name("nur1.pl-acme.example.net."),
                           tests::name("pl-acme.example.net."));
        enrolment.keys = {{key("secret"), kForever, 31}};
        enrolment.machine = kMachine;
        put();
    }
    void put() { REQUIRE(known.put(kServer, enrolment)); }
    Judgement meet(OctetView octets, std::string_view source = "192.0.2.1") {
        const Situation situation{table, from_unix_milliseconds(now),
                                  from_unix_milliseconds(started_at)};
        return judge(known, situation, octets, address(source));
    }
    /// What comes of a check-in with that time.
    Outcome check_in(std::int64_t milliseconds, std::string_view source = "192.0.2.1") {
        return meet(write_datagram({Kind::CheckIn, kServer,
                                    static_cast<std::uint64_t>(milliseconds), kMachine},
                                   key("secret")),
                    source)
            .outcome;
    }

    zones::ZoneTable table;
    Enrolment enrolment;
    Register known{10};
    std::int64_t now = kNow;
    std::int64_t started_at = kNow - 3'600'000;
};

TEST_CASE("A check-in from where the public name points is met with silence", "[checkin]") {
    struct Case {
        const char* source;
        Outcome outcome;
    };
    const auto each = GENERATE(values<Case>({
        {"192.0.2.1", Outcome::Right},
        {"192.0.2.2", Outcome::Right},
        {"2001:db8::1", Outcome::Right},  // Its own family decides.
        {"192.0.2.3", Outcome::Moved},
        {"192.0.2.9", Outcome::Moved},  // Another server's.
        {"2001:db8::2", Outcome::Moved},
    }));
    INFO(each.source);
    Site site;
    CHECK(site.check_in(kNow, each.source) == each.outcome);
}

TEST_CASE("Where a family is not published, its addresses are not right", "[checkin]") {
    Site site;
    site.enrolment.set_name(tests::name("nur2.pl-acme.example.net."),
                            tests::name("pl-acme.example.net."));
    site.put();
    CHECK(site.check_in(kNow, "192.0.2.9") == Outcome::Right);
    CHECK(site.check_in(kNow + 1, "2001:db8::1") == Outcome::Moved);
    site.enrolment.set_name(tests::name("nur3.pl-acme.example.net."),
                            tests::name("pl-acme.example.net."));
    site.put();
    CHECK(site.check_in(kNow + 2) == Outcome::Moved);
    site.enrolment.set_name(tests::name("nur1.pl-gone.example.net."),
                            tests::name("pl-gone.example.net."));
    site.put();
    CHECK(site.check_in(kNow + 3) == Outcome::Moved);
}

TEST_CASE("What was right is looked at again when the zone changes", "[checkin]") {
    constexpr const char* kApex = "pl-acme.example.net.";
    constexpr const char* kHead =
        "@ 3600 IN NS ns1.example.org.\n"
        "@ 3600 IN SOA ns1.example.org. hostmaster.example.org. ";
    const auto zone_of = [&](const char* serial, const char* names) {
        return tests::zone(kApex, std::string(kHead) + serial + " 3600 600 604800 60\n" + names);
    };
    Site site;
    for (const std::int64_t time : {kNow, kNow + 1}) {
        CHECK(site.check_in(time) == Outcome::Right);
        CHECK(site.check_in(time, "2001:db8::1") == Outcome::Replayed);  // Right too, once.
    }
    CHECK(site.check_in(kNow + 2, "192.0.2.3") == Outcome::Moved);

    site.table.put(zone_of("5", "nur1 60 IN A 192.0.2.3\n"));
    CHECK(site.check_in(kNow + 3, "192.0.2.1") == Outcome::Moved);
    CHECK(site.check_in(kNow + 4, "2001:db8::1") == Outcome::Moved);
    CHECK(site.check_in(kNow + 5, "192.0.2.3") == Outcome::Right);

    site.table.put(zone_of("6", "nur2 60 IN A 192.0.2.3\n"));
    CHECK(site.check_in(kNow + 6, "192.0.2.3") == Outcome::Moved);

    site.table.put(zone_of("7", "nur1 60 IN A 192.0.2.3\n"));
    CHECK(site.check_in(kNow + 7, "192.0.2.3") == Outcome::Right);
    site.table.erase(tests::name(kApex));
    CHECK(site.check_in(kNow + 8, "192.0.2.3") == Outcome::Moved);
}

TEST_CASE("What was right of one name is not right of another", "[checkin]") {
    Site site;
    CHECK(site.check_in(kNow) == Outcome::Right);
    site.enrolment.set_name(tests::name("nur2.pl-acme.example.net."),
                            tests::name("pl-acme.example.net."));
    site.put();
    CHECK(site.check_in(kNow + 1) == Outcome::Moved);
}

TEST_CASE("What was published by hand does not have to be the source", "[checkin]") {
    Site site;
    site.enrolment.reported_from = address("198.51.100.1");
    site.put();
    CHECK(site.check_in(kNow, "198.51.100.1") == Outcome::Right);
    CHECK(site.check_in(kNow + 1, "192.0.2.1") == Outcome::Right);  // Published is right too.
    CHECK(site.check_in(kNow + 2, "198.51.100.2") == Outcome::Moved);
}

TEST_CASE("Strangers meet silence whatever they send", "[checkin][hostile]") {
    Site site;
    const auto now = static_cast<std::uint64_t>(kNow);
    struct Case {
        const char* why;
        Octets octets;
        Outcome outcome;
    };
    const auto bytes = [](const Datagram& datagram, std::string_view secret) {
        const auto written = write_datagram(datagram, key(secret));
        return Octets(written.begin(), written.end());
    };
    Octets cut = bytes({Kind::CheckIn, kServer, now, kMachine}, "secret");
    cut.pop_back();
    const std::vector<Case> cases = {
        {"nothing", {}, Outcome::Malformed},
        {"cut short", cut, Outcome::Malformed},
        {"a challenge", bytes({Kind::Challenge, kServer, now, {}}, "secret"), Outcome::Malformed},
        {"another key", bytes({Kind::CheckIn, kServer, now, kMachine}, "other"), Outcome::Forged},
        {"no such server", bytes({Kind::CheckIn, 8, now, kMachine}, "secret"), Outcome::Unknown},
        {"the largest number", bytes({Kind::CheckIn, kMax48, now, kMachine}, "secret"),
         Outcome::Unknown},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        const Judgement judgement = site.meet(each.octets, "203.0.113.9");
        CHECK(judgement.outcome == each.outcome);
        CHECK_FALSE(is_challenged(judgement.outcome));
    }
    CHECK(site.known.find(kServer)->progress.newest == 0);
}

TEST_CASE("A challenge is for that check-in alone, and no longer", "[checkin]") {
    Site site;
    const auto now = static_cast<std::uint64_t>(kNow);
    const auto request = write_datagram({Kind::CheckIn, kServer, now, kMachine}, key("secret"));
    const Judgement judgement = site.meet(request, "203.0.113.9");
    REQUIRE(judgement.outcome == Outcome::Moved);
    CHECK(judgement.challenge.size() <= request.size());
    CHECK(is_authentic(judgement.challenge, key("secret")));
    CHECK(read_datagram(judgement.challenge) == Datagram{Kind::Challenge, kServer, now, {}});
}

TEST_CASE("A time counts once, and only while it is the latest", "[checkin][hostile]") {
    Site site;
    CHECK(site.check_in(kNow) == Outcome::Right);
    CHECK(site.check_in(kNow) == Outcome::Replayed);
    CHECK(site.check_in(kNow - 1) == Outcome::Replayed);
    CHECK(site.check_in(kNow - 1, "203.0.113.9") == Outcome::Replayed);  // No challenge either.
    CHECK(site.check_in(kNow + 1) == Outcome::Right);
}

TEST_CASE("Who copies a check-in and is faster does not keep it from counting",
          "[checkin][hostile]") {
    Site site;
    CHECK(site.check_in(kNow, "203.0.113.9") == Outcome::Moved);
    CHECK(site.check_in(kNow) == Outcome::Right);
    CHECK(site.check_in(kNow) == Outcome::Replayed);
}

TEST_CASE("A challenge that was lost is sent again", "[checkin]") {
    Site site;
    CHECK(site.check_in(kNow, "203.0.113.9") == Outcome::Moved);
    CHECK(site.check_in(kNow, "203.0.113.9") == Outcome::Moved);
    site.table.put(tests::zone("pl-acme.example.net.", "nur1 60 IN A 203.0.113.9\n"));
    CHECK(site.check_in(kNow, "203.0.113.9") == Outcome::Right);
    CHECK(site.check_in(kNow, "192.0.2.1") == Outcome::Moved);
}

TEST_CASE("A time counts from a minute ago to ten seconds ahead", "[checkin]") {
    struct Case {
        std::int64_t from_now;
        Outcome outcome;
    };
    const auto each = GENERATE(values<Case>({
        {-60'001, Outcome::OutOfTime},
        {-60'000, Outcome::Right},
        {0, Outcome::Right},
        {10'000, Outcome::Right},
        {10'001, Outcome::OutOfTime},
        {-kNow, Outcome::OutOfTime},
        {static_cast<std::int64_t>(kMax48) - kNow, Outcome::OutOfTime},
    }));
    INFO(each.from_now << " ms");
    Site site;
    CHECK(site.check_in(kNow + each.from_now) == each.outcome);
}

TEST_CASE("A clock that was wrong does not lock its server out", "[checkin]") {
    Site site;
    CHECK(site.check_in(kNow + 3'600'000) == Outcome::OutOfTime);
    CHECK(site.check_in(kNow - 3'600'000) == Outcome::OutOfTime);
    CHECK(site.check_in(kNow) == Outcome::Right);
    // Back by more than a minute, behind the latest: challenged, so that it learns the time.
    CHECK(site.check_in(kNow - 60'001) == Outcome::OutOfTime);
}

TEST_CASE("After a restart nothing from before it counts", "[checkin][hostile]") {
    struct Case {
        std::int64_t after_start;  // Of the time in the check-in.
        Outcome outcome;
    };
    // Before the start a time up to ten seconds ahead was taken.
    const auto each = GENERATE(values<Case>({
        {-30'000, Outcome::Early},
        {0, Outcome::Early},
        {10'000, Outcome::Early},
        {10'001, Outcome::Right},
    }));
    INFO(each.after_start << " ms");
    Site site;
    site.started_at = kNow - 5'000;
    CHECK(site.check_in(site.started_at + each.after_start) == each.outcome);
    // Where the address is wrong it is said at once.
    CHECK(site.check_in(site.started_at + each.after_start, "203.0.113.9") == Outcome::Moved);
}

TEST_CASE("Another machine with the same credential is challenged and counts for nobody",
          "[checkin]") {
    Site site;
    const auto now = static_cast<std::uint64_t>(kNow);
    const auto other =
        write_datagram({Kind::CheckIn, kServer, now, machine_tag("machine-2")}, key("secret"));
    CHECK(site.meet(other).outcome == Outcome::OtherMachine);
    CHECK(site.check_in(kNow + 1) == Outcome::Right);
}

TEST_CASE("During a rotation both keys are valid, and each ends in its time", "[checkin]") {
    Site site;
    site.enrolment.keys = {{key("new"), kForever},
                           {key("secret"), from_unix_milliseconds(kNow + 5'000)}};
    site.put();
    const auto with = [&](std::string_view secret, std::int64_t time) {
        site.now = time;
        return site
            .meet(write_datagram(
                {Kind::CheckIn, kServer, static_cast<std::uint64_t>(time), kMachine}, key(secret)))
            .outcome;
    };
    CHECK(with("secret", kNow) == Outcome::Right);
    CHECK(with("new", kNow) == Outcome::Replayed);  // It is one server.
    CHECK(with("new", kNow + 1) == Outcome::Right);
    CHECK(with("secret", kNow + 4'999) == Outcome::Right);
    CHECK(with("secret", kNow + 5'000) == Outcome::Forged);
    CHECK(with("new", kNow + 5'000) == Outcome::Right);
}

TEST_CASE("Of a server with too many keys the first ones count", "[checkin]") {
    Site site;
    site.enrolment.keys.insert(site.enrolment.keys.begin(), kMaxKeys,
                               CheckInKey{key("new"), kForever, 0});
    site.put();
    CHECK(site.check_in(kNow) == Outcome::Forged);
}

TEST_CASE("That a credential is used is said once an hour, and of another one at once",
          "[checkin]") {
    Site site;
    const auto used = [&](std::string_view secret, std::string_view source = "192.0.2.1") {
        return site
            .meet(write_datagram(
                      {Kind::CheckIn, kServer, static_cast<std::uint64_t>(site.now), kMachine},
                      key(secret)),
                  source)
            .used;
    };
    CHECK(used("secret", "192.0.2.3") == 0);  // From elsewhere: that is no sign of life.
    site.now += 60'000;
    CHECK(used("secret") == 31);
    for (int minute = 1; minute < 60; ++minute) {
        site.now += 60'000;
        CHECK(used("secret") == 0);
    }
    site.now += 60'000;
    CHECK(used("secret") == 31);
    site.enrolment.keys.insert(site.enrolment.keys.begin(), {key("new"), kForever, 32});
    site.put();
    site.now += 60'000;
    CHECK(used("new") == 32);
}

TEST_CASE("A suspended server meets silence wherever it is", "[checkin]") {
    Site site;
    site.enrolment.welcome_until = WallTime::min();
    site.put();
    CHECK(site.check_in(kNow) == Outcome::Suspended);
    CHECK(site.check_in(kNow + 1, "203.0.113.9") == Outcome::Suspended);
    site.enrolment.welcome_until = from_unix_milliseconds(kNow + 1);
    site.put();
    CHECK(site.check_in(kNow + 2) == Outcome::Right);
    site.now = kNow + 1;
    CHECK(site.check_in(kNow + 3) == Outcome::Suspended);
}

}  // namespace
}  // namespace hairpin::checkin
