// bench/zone_change_bench.cpp - CPU of one change in zones of growing size, and memory of many
// small zones.
//
// The change path's promise is O(what changed * log names): the figure must hardly move from 1,000
// names to 200,000. Prints a table; judges nothing.

#include <malloc.h>

#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "tests/support/zones.hpp"

namespace {

using namespace hairpin;
using namespace hairpin::zones;

double cpu_microseconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

Edit address(const Name& owner, unsigned number) {
    Edit edit;
    edit.owner = owner;
    edit.ttl = 60;
    edit.rdatas = {{10, static_cast<std::uint8_t>(number >> 16),
                    static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)}};
    return edit;
}

ZoneRef zone_of(const Name& apex, unsigned names) {
    ZoneChange change;
    change.apex = apex;
    change.action = ZoneAction::Create;
    change.edits.push_back(
        tests::edit(EditKind::ReplaceRRset, apex.text(), RType::SOA,
                    {"ns1.example.org. hostmaster.example.org. 1 3600 600 604800 60"}, 3600));
    change.edits.push_back(
        tests::edit(EditKind::ReplaceRRset, apex.text(), RType::NS, {"ns1.example.org."}, 3600));
    for (unsigned number = 1; number <= names; ++number)
        change.edits.push_back(address(*Name::child("nur" + std::to_string(number), apex), number));
    return apply({}, change, {1'795'000'000, {}}, {})->zone;
}

void time_changes(unsigned names) {
    const Name apex = tests::name("pl-acme.example.net.");
    ZoneTable table;
    table.put(zone_of(apex, names));
    constexpr unsigned kChanges = 20'000;
    const double start = cpu_microseconds();
    for (unsigned number = 0; number < kChanges; ++number) {
        ZoneChange change;
        change.apex = apex;
        change.edits = {
            address(*Name::child("nur" + std::to_string(number * 7919 % names + 1), apex),
                    number + (1u << 23))};
        const ZoneTable published = table;  // Readers hold the old one, as in life.
        table.put(apply(table.share(apex), change, {1'795'000'000 + number, {}}, {})->zone);
    }
    std::printf("%9u names  %8.2f us CPU a change\n", names,
                (cpu_microseconds() - start) / kChanges);
}

void weigh_zones(unsigned zones) {
    const std::size_t before = mallinfo2().uordblks;
    ZoneTable table;
    for (unsigned number = 1; number <= zones; ++number)
        table.put(zone_of(tests::name("pl-" + std::to_string(number) + ".example.net."), 6));
    const std::size_t octets = mallinfo2().uordblks - before;
    std::printf("%9u zones of 6 names: %.1f MiB, %zu octets a zone\n", zones,
                static_cast<double>(octets) / (1 << 20), octets / zones);
}

}  // namespace

int main() {
    for (const unsigned names : {1'000u, 20'000u, 200'000u})
        time_changes(names);
    weigh_zones(100'000);
}
