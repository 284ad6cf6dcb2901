// A change costs what it changes: counted in rows, log octets and copied nodes, never in time. The
// CPU time is printed.

#include <catch2/catch.hpp>
#include <ctime>
#include <iostream>

#include "tests/support/fault_vfs.hpp"
#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

constexpr int kNames = 200'000;
constexpr int kChanges = 400;

double cpu_microseconds() {
    std::timespec spent{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return static_cast<double>(spent.tv_sec) * 1e6 + static_cast<double>(spent.tv_nsec) / 1e3;
}

zones::ZoneChange zone_of(int names) {
    zones::ZoneChange made = create_zone("big.example.");
    for (int each = 0; each < names; ++each)
        made.edits.push_back(edit(zones::EditKind::ReplaceRRset,
                                  "h" + std::to_string(each) + ".big.example.", zones::RType::A,
                                  {"192.0.2.1"}));
    return made;
}

struct Cost {
    std::uint64_t rrset_rows = 0;
    std::int64_t octets = 0;
    double cpu = 0;
};

Cost cost_of_changes(int names) {
    FaultVfs vfs;
    CommitterOptions options;
    options.vfs = vfs.name();
    OpenStore store(std::move(options));
    REQUIRE(store.submit(zone_of(names)));
    const CommitterCounters& counters = store.committer->counters();
    const std::uint64_t rows = counters.rrset_rows.load();
    const std::int64_t octets = vfs.octets_written();
    const double cpu = cpu_microseconds();
    for (int each = 0; each < kChanges; ++each) {
        const std::string owner = "h" + std::to_string((each * 7919) % names) + ".big.example.";
        REQUIRE(store.submit(replace_a("big.example.", owner, "203.0.113.7")));
    }
    return {counters.rrset_rows.load() - rows, vfs.octets_written() - octets,
            (cpu_microseconds() - cpu) / kChanges};
}

TEST_CASE("A change in a zone of 200,000 names writes what a change in a small zone writes",
          "[store][committer][cost]") {
    const Cost small = cost_of_changes(1'000);
    const Cost large = cost_of_changes(kNames);

    std::cout << "CPU of one change, no group: " << large.cpu << " us in a zone of " << kNames
              << " names, " << small.cpu << " us in one of 1000; octets written "
              << large.octets / kChanges << " and " << small.octets / kChanges << "\n";
    CHECK(small.rrset_rows == 2 * kChanges);  // The RRset and the SOA.
    CHECK(large.rrset_rows == 2 * kChanges);
    // Pages of the B-trees on one path each: a level deeper, not 200 times as much.
    CHECK(large.octets < 3 * small.octets);
}

TEST_CASE("The next snapshot shares every node that did not change", "[store][committer][cost]") {
    OpenStore store;
    REQUIRE(store.submit(zone_of(2'000)));
    const zones::ZoneRef before = store.zone("big.example.");
    REQUIRE(store.submit(replace_a("big.example.", "h77.big.example.", "203.0.113.7")));
    const zones::ZoneRef after = store.zone("big.example.");

    std::size_t copied = 0;
    after->for_each([&](const zones::Name& owner, const zones::Node& node) {
        copied += before->find(owner) == &node ? 0 : 1;
        return true;
    });
    CHECK(copied == 2);  // The owner and the apex, for the SOA.
}

}  // namespace
}  // namespace hairpin::store
