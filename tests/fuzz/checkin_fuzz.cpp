// Any octets as a datagram to the check-in desk: silence to all but who has a key, and never more
// octets back than came.
//
// Input: one octet of circumstances (1: the MAC is made right, 2: from elsewhere, 4: suspended,
// 8: number and time are made right too), then the datagram; it is judged twice.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "checkin/judge.hpp"
#include "tests/support/zones.hpp"

namespace {

using namespace hairpin;

constexpr std::int64_t kNow = 1'795'186'800'000;
constexpr std::uint64_t kServer = 7;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

const checkin::Key& key() {
    static const checkin::Key made = checkin::check_in_key(as_octets("secret"));
    return made;
}

const zones::ZoneTable& world() {
    static const zones::ZoneTable made = [] {
        zones::ZoneTable table;
        table.put(tests::zone("pl-acme.example.net.", "nur1 60 IN A 192.0.2.1\n"));
        return table;
    }();
    return made;
}

checkin::Enrolment enrolment(bool is_suspended) {
    checkin::Enrolment made;
    made.set_name(tests::name("nur1.pl-acme.example.net."), tests::name("pl-acme.example.net."));
    made.keys = {{key(), checkin::kForever}};
    if (is_suspended) made.welcome_until = WallTime::min();
    return made;
}

/// The datagram with what a fuzzer cannot guess.
std::vector<std::uint8_t> repaired(std::uint8_t circumstances, OctetView octets) {
    std::vector<std::uint8_t> made(octets.begin(), octets.end());
    auto read = checkin::read_datagram(octets);
    if (!read || (circumstances & 1) == 0) return made;
    if ((circumstances & 8) != 0) {
        read->server = kServer;
        read->milliseconds =
            static_cast<std::uint64_t>(kNow) - 65'536 + read->milliseconds % 131'072;
    }
    const auto written = checkin::write_datagram(*read, key());
    require(checkin::read_datagram(written) == read, "written and read are not the same");
    made.assign(written.begin(), written.end());
    return made;
}

void check(const checkin::Judgement& judgement, OctetView octets) {
    using checkin::Outcome;
    if (!checkin::is_challenged(judgement.outcome) && judgement.outcome != Outcome::Right) return;
    const auto request = checkin::read_datagram(octets);
    require(request && request->kind == checkin::Kind::CheckIn, "an answer to no check-in");
    require(checkin::is_authentic(octets, key()), "an answer to a stranger");
    if (judgement.outcome == Outcome::Right) return;
    require(judgement.challenge.size() <= octets.size(), "it amplifies");
    const auto challenge = checkin::read_datagram(judgement.challenge);
    require(challenge && challenge->kind == checkin::Kind::Challenge, "no challenge");
    require(challenge->milliseconds == request->milliseconds && challenge->server == kServer,
            "a challenge for another check-in");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 512) return 0;
    const std::vector<std::uint8_t> octets = repaired(data[0], {data + 1, size - 1});
    checkin::Register known(1);
    require(known.put(kServer, enrolment((data[0] & 4) != 0)), "no room for one");
    const auto source = (data[0] & 2) != 0 ? IpAddress::v6({0x20}) : IpAddress::v4({192, 0, 2, 1});
    const checkin::Situation situation{world(), from_unix_milliseconds(kNow),
                                       from_unix_milliseconds(kNow - 3'600'000)};
    const auto first = checkin::judge(known, situation, octets, source);
    check(first, octets);
    const auto second = checkin::judge(known, situation, octets, source);
    check(second, octets);
    require(second.outcome != checkin::Outcome::Right, "counted twice");
    return 0;
}
