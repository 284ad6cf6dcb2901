// Values by powers of two.
#include "dnsd/histogram.hpp"

#include <catch2/catch.hpp>

namespace hairpin::dnsd::tests {
namespace {

using Small = Histogram<2, 4>;  // Up to 4, 8, 16, and more.

TEST_CASE("A value is in the bucket of the smallest bound that holds it", "[metrics]") {
    struct Row {
        std::uint64_t value;
        std::size_t bucket;
    };
    for (const Row& row : {Row{0, 0}, Row{1, 0}, Row{4, 0}, Row{5, 1}, Row{8, 1}, Row{9, 2},
                           Row{16, 2}, Row{17, 3}, Row{~std::uint64_t{0}, 3}}) {
        CAPTURE(row.value);
        CHECK(Small::bucket_of(row.value) == row.bucket);
        Small histogram;
        histogram.add(row.value);
        CHECK(histogram.in(row.bucket) == 1);
    }
    CHECK(Small::bound(0) == 4);
    CHECK(Small::bound(Small::kBounds - 1) == 16);
}

TEST_CASE("Alike values are counted together, and histograms add up", "[metrics]") {
    Small histogram;
    histogram.add(5, 3);
    Small other;
    other.add(6);
    other.add(100);
    histogram += other;
    CHECK(histogram.in(1) == 4);
    CHECK(histogram.in(3) == 1);
    CHECK(histogram.sum() == 5 * 3 + 6 + 100);
}

}  // namespace
}  // namespace hairpin::dnsd::tests
