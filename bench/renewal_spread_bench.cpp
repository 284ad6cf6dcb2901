// bench/renewal_spread_bench.cpp - how ten thousand servers' renewals spread over a year.
//
//   renewal_spread_bench
//
// Simulated time: all servers get their first certificates within 100 hours. For each fleet the
// orders per hour (mean, most, most / mean, of the whole year and of its last quarter) and the most
// in a minute; then a histogram: hours of the last quarter by how many orders they had.

#include <cstdio>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "tests/support/renewal_fleet.hpp"

namespace {

using namespace hairpin;

constexpr int kClasses = 20;  // Of the histogram.
constexpr int kWidest = 60;

void print_histogram(const std::vector<int>& hours) {
    const int width = std::max(1, (tests::most_of(hours) + kClasses) / kClasses);
    std::map<int, int> classes;
    int fullest = 1;
    for (const int orders : hours)
        fullest = std::max(fullest, ++classes[orders / width]);
    for (const auto& [part, count] : classes)
        std::printf(
            "  %4d..%-4d %5d %s\n", part * width, (part + 1) * width - 1, count,
            std::string(static_cast<std::size_t>(1 + count * kWidest / fullest), '#').c_str());
}

void print_line(const char* what, const std::vector<int>& hours) {
    const double mean = static_cast<double>(std::accumulate(hours.begin(), hours.end(), 0)) /
                        static_cast<double>(hours.size());
    const int most = tests::most_of(hours);
    std::printf("  %-14s mean %6.1f  most %4d  most/mean %5.1f\n", what, mean, most, most / mean);
}

}  // namespace

int main() {
    for (const tests::RenewalFleet& fleet : tests::renewal_fleets()) {
        const auto minutes = tests::renewals_per_minute(fleet);
        const auto hours = tests::summed(minutes, 60);
        const std::vector<int> late(hours.end() - 90 * 24, hours.end());
        std::printf("%s: orders an hour\n", fleet.what);
        print_line("the year", hours);
        print_line("last quarter", late);
        std::printf("  most in a minute %d\n", tests::most_of(minutes));
        print_histogram(late);
    }
    return 0;
}
