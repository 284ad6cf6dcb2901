// bench/dns_answer_bench.cpp - nanoseconds per answer inside the process: no sockets, no kernel.
//
// Over one zone of 1,000 servers and over 100,000 zones of 3 servers each: one hot name, names in
// random order, names that do not exist. Best and median of several rounds; the machine's noise is
// in the difference. Usage: dns_answer_bench [zones]

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "dnsd/answer.hpp"
#include "zones/edit.hpp"
#include "zones/name.hpp"
#include "zones/rtype.hpp"
#include "zones/wire.hpp"
#include "zones/zone.hpp"

namespace {

using namespace hairpin;  // NOLINT(google-build-using-namespace): a program of one file.
using zones::Name;
using zones::RType;

constexpr int kRounds = 9;
constexpr std::size_t kQueriesPerRound = 200'000;

Name name(const std::string& text) {
    return Name::parse(text).value();
}

zones::Edit replace(const Name& owner, RType type, std::vector<Octets> rdatas) {
    zones::Edit edit;
    edit.owner = owner;
    edit.type = type;
    edit.ttl = 60;
    edit.rdatas = std::move(rdatas);
    return edit;
}

Octets wire(const Name& of) {
    return {of.wire().begin(), of.wire().end()};
}

zones::ZoneRef make_zone(const Name& apex, unsigned servers) {
    Octets soa = wire(name("ns1.example.org."));
    const Octets hostmaster = wire(name("hostmaster.example.org."));
    soa.insert(soa.end(), hostmaster.begin(), hostmaster.end());
    for (const std::uint8_t number : std::array<std::uint8_t, 5>{1, 2, 3, 4, 60})
        soa.insert(soa.end(), {0, 0, 0, number});
    zones::ZoneChange change;
    change.apex = apex;
    change.action = zones::ZoneAction::Create;
    change.edits.push_back(replace(apex, RType::SOA, {soa}));
    change.edits.push_back(
        replace(apex, RType::NS, {wire(name("ns1.example.org.")), wire(name("ns2.example.org."))}));
    for (unsigned each = 1; each <= servers; ++each) {
        const std::string label = "nur" + std::to_string(each);
        const auto low = static_cast<std::uint8_t>(each);
        const auto high = static_cast<std::uint8_t>(each >> 8);
        change.edits.push_back(
            replace(Name::child(label, apex).value(), RType::A, {{203, 0, 113, low}}));
        change.edits.push_back(
            replace(Name::child("i-" + label, apex).value(), RType::A, {{10, 0, high, low}}));
    }
    return zones::apply({}, change, {1'795'000'000, {}}, {}).value().zone;
}

Octets query(const std::string& owner) {
    Octets message(12);
    zones::write_u16(message.data() + 4, 1);
    zones::write_u16(message.data() + 10, 1);
    const Octets qname = wire(name(owner));
    message.insert(message.end(), qname.begin(), qname.end());
    message.insert(message.end(), {0, 1, 0, 1});
    message.insert(message.end(), {0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0});
    return message;
}

void measure(const char* what, const zones::ZoneTable& table, const std::vector<Octets>& queries) {
    const dnsd::Identity identity;
    dnsd::Counters counters;
    std::vector<std::uint8_t> out(dnsd::kMaxMessageOctets);
    std::vector<double> rounds;
    std::uint64_t octets = 0;
    for (int round = 0; round < kRounds; ++round) {
        const auto start = std::chrono::steady_clock::now();
        for (std::size_t each = 0; each < kQueriesPerRound; ++each)
            octets += dnsd::answer({table, identity, counters}, queries[each % queries.size()],
                                   dnsd::Transport::Udp, out);
        const std::chrono::duration<double, std::nano> took =
            std::chrono::steady_clock::now() - start;
        rounds.push_back(took.count() / static_cast<double>(kQueriesPerRound));
    }
    std::sort(rounds.begin(), rounds.end());
    std::printf("%-34s best %6.0f ns  median %6.0f ns  (%.0f octets)\n", what, rounds.front(),
                rounds[rounds.size() / 2],
                static_cast<double>(octets) / (kRounds * static_cast<double>(kQueriesPerRound)));
}

std::vector<Octets> queries(unsigned zones, unsigned servers, const char* prefix) {
    std::mt19937 random(1);
    std::vector<Octets> made;
    for (std::size_t each = 0; each < 50'000; ++each)
        made.push_back(query(prefix + std::to_string(1 + random() % servers) + ".pl-" +
                             std::to_string(1 + random() % zones) + ".example.net."));
    return made;
}

void measure_all(const char* title, unsigned zones, unsigned servers) {
    zones::ZoneTable table;
    for (unsigned each = 1; each <= zones; ++each)
        table.put(make_zone(name("pl-" + std::to_string(each) + ".example.net."), servers));
    std::printf("%s\n", title);
    measure("  one hot name", table, {query("nur1.pl-1.example.net.")});
    measure("  random names", table, queries(zones, servers, "nur"));
    measure("  names that do not exist", table, queries(zones, servers, "x"));
    measure("  zones that are not ours", table, {query("www.example.com.")});
}

}  // namespace

int main(int argc, char** argv) {
    const unsigned zones = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 100'000;
    if (zones == 0) {
        std::fprintf(stderr, "usage: dns_answer_bench [number of zones]\n");
        return 2;
    }
    measure_all("one zone of 1,000 servers", 1, 1'000);
    measure_all((std::to_string(zones) + " zones of 3 servers").c_str(), zones, 3);
    return 0;
}
