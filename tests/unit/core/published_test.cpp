#include "core/published.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <thread>
#include <vector>

namespace hairpin {
namespace {

// Holds the same number twice; the destructor spoils both, so that a reader of a freed one is
// noticed.
struct Pair {
    explicit Pair(int value) : a(value), b(value) { ++alive; }
    ~Pair() {
        a = -1;
        b = -2;
        --alive;
    }
    int a;
    int b;
    static inline std::atomic<int> alive{0};
};

TEST_CASE("A replaced snapshot lives until every online reader was quiescent", "[core]") {
    {
        Published<Pair> published(std::make_shared<const Pair>(1));
        Published<Pair>::Reader reader(published);
        reader.online();
        const Pair* seen = reader.get();
        published.publish(std::make_shared<const Pair>(2));
        CHECK(seen->a == 1);
        CHECK(published.retired() == 1);
        CHECK(reader.get()->a == 2);

        reader.quiescent();
        published.reclaim();
        CHECK(published.retired() == 0);
        CHECK(Pair::alive == 1);
    }
    CHECK(Pair::alive == 0);
}

TEST_CASE("A reader that is offline holds nothing back", "[core]") {
    Published<Pair> published(std::make_shared<const Pair>(1));
    Published<Pair>::Reader reader(published);
    reader.online();
    reader.offline();
    published.publish(std::make_shared<const Pair>(2));
    CHECK(published.retired() == 0);
    reader.online();
    CHECK(reader.get()->a == 2);
}

TEST_CASE("A shared snapshot outlives its replacement", "[core]") {
    Published<Pair> published(std::make_shared<const Pair>(1));
    const auto held = published.snapshot();
    published.publish(std::make_shared<const Pair>(2));
    CHECK(held->a == 1);
    CHECK(published.snapshot()->a == 2);
}

TEST_CASE("Readers on other threads never see a freed snapshot", "[core][threads]") {
    {
        Published<Pair> published(std::make_shared<const Pair>(0));
        std::atomic<bool> stop{false};
        std::atomic<int> torn{0};
        std::vector<std::thread> readers;
        for (int each = 0; each < 3; ++each)
            readers.emplace_back([&, each] {
                Published<Pair>::Reader reader(published);
                reader.online();
                int last = 0;
                for (int round = 0; !stop.load(std::memory_order_relaxed); ++round) {
                    for (int read = 0; read < 8; ++read) {
                        const Pair* pair = reader.get();
                        if (pair->a != pair->b || pair->a < last) ++torn;
                        last = pair->a;
                    }
                    reader.quiescent();
                    if (round % 3 == each) {
                        reader.offline();
                        std::this_thread::yield();
                        reader.online();
                    }
                }
                reader.offline();
            });
        for (int value = 1; value <= 20'000; ++value)
            published.publish(std::make_shared<const Pair>(value));
        stop = true;
        for (std::thread& reader : readers)
            reader.join();
        CHECK(torn == 0);
        published.reclaim();
        CHECK(published.retired() == 0);
    }
    CHECK(Pair::alive == 0);
}

}  // namespace
}  // namespace hairpin
