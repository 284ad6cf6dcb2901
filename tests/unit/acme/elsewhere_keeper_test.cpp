#include "acme/elsewhere_keeper.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dnsd/tsig.hpp"
#include "tests/support/store.hpp"
#include "tests/unit/acme/signed_server.hpp"

namespace hairpin::acme {
namespace {

using hairpin::tests::name;
using tests::kTsigNowMs;
using tests::plain_answer;
using tests::signed_answer;
using tests::signed_zone;
using tests::SignedServer;

constexpr std::uint8_t kServfail = 2;
constexpr Milliseconds kPatience{20'000};
constexpr Milliseconds kDay{24LL * 3600 * 1000};

/// A keeper over a store with values that nobody needs.
class Kept {
public:
    explicit Kept(std::vector<ElsewhereZone> zones)
        : zones_(std::move(zones)),
          reader_(store_.reader()),
          keeper_(loop_, clock, zones_, reader_->database(), [this](auto work, auto then) {
              const auto done = store_.submit(std::move(work));
              ++commits;
              loop_.post([done, then] { then(done ? "" : store::to_error(done.error()).text()); });
          }) {}
    ~Kept() { keeper_.stop(); }
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;

    void note(const std::string& value, Milliseconds age = {}) {
        REQUIRE(hairpin::tests::commit_rows(*store_.committer, [&](store::Writer& writer) {
            return store::note_elsewhere(
                writer, {name("nur1.v.example."), value, name("v.example."), 7, clock.now() - age});
        }));
    }
    [[nodiscard]] std::size_t left() {
        return hairpin::tests::must(store::left_elsewhere(reader_->database(), 10)).size();
    }
    /// Serves until that holds.
    void await(const std::function<bool()>& holds) {
        const auto until = std::chrono::steady_clock::now() + kPatience;
        const net::Timer timer = loop_.add_timer(Milliseconds(0), Milliseconds(5), [&] {
            if (holds() || std::chrono::steady_clock::now() > until) loop_.stop();
        });
        loop_.run();
        REQUIRE(holds());
    }
    void serve_for(Milliseconds time) {
        const net::Timer timer = loop_.add_timer(time, Milliseconds(0), [this] { loop_.stop(); });
        loop_.run();
    }
    ElsewhereKeeper& keeper() { return keeper_; }

    ManualClock clock{kTsigNowMs};
    int commits = 0;

private:
    const std::vector<ElsewhereZone> zones_;
    net::Loop loop_;
    hairpin::tests::OpenStore store_;
    store::Reader reader_;
    ElsewhereKeeper keeper_;
};

TEST_CASE("values that nobody needs are taken away in one UPDATE and then forgotten",
          "[acme][elsewhere]") {
    std::atomic<int> asked = 0;
    const SignedServer server([&](OctetView request) {
        ++asked;
        return signed_answer(request);
    });
    Kept kept({signed_zone(server.endpoint())});
    kept.note("one");
    kept.note("two");
    kept.keeper().start();
    kept.await([&] { return kept.left() == 0; });
    CHECK(asked == 1);
    CHECK(kept.commits == 1);
    // What comes later is seen to when it is said.
    kept.note("three");
    kept.keeper().look_soon();
    kept.await([&] { return kept.left() == 0; });
    CHECK(asked == 2);
}

TEST_CASE("a server that does not take a value away is left alone, then asked again",
          "[acme][elsewhere]") {
    std::atomic<int> asked = 0;
    const SignedServer server([&](OctetView request) {
        return ++asked <= 2 ? signed_answer(request, {dnsd::tests::kTsigNow, 300, {}, {}},
                                            dnsd::tests::make_key("acme.v.example."), kServfail)
                            : signed_answer(request);
    });
    Kept kept({signed_zone(server.endpoint())});
    kept.note("one");
    kept.keeper().start();
    kept.await([&] { return asked == 1; });
    for (int look = 0; look < 3; ++look) {  // Its second has not passed.
        kept.keeper().look_soon();
        kept.serve_for(Milliseconds(20));
    }
    CHECK(asked == 1);
    kept.clock.advance(Milliseconds(1'000));
    kept.keeper().look_soon();
    kept.await([&] { return asked == 2; });
    kept.serve_for(Milliseconds(20));
    kept.clock.advance(Milliseconds(1'999));  // Two seconds by now.
    kept.keeper().look_soon();
    kept.serve_for(Milliseconds(50));
    CHECK(asked == 2);
    CHECK(kept.left() == 1);
    kept.clock.advance(Milliseconds(1));
    kept.keeper().look_soon();
    kept.await([&] { return kept.left() == 0; });
    CHECK(asked == 3);
}

TEST_CASE("a value that was not taken away in a month is given up, younger ones are not",
          "[acme][elsewhere]") {
    std::atomic<int> asked = 0;
    const SignedServer server([&](OctetView) {
        ++asked;
        return Octets();  // Silent.
    });
    Kept kept({signed_zone(server.endpoint())});
    kept.note("old", 30 * kDay + Milliseconds(1));
    kept.note("young", 30 * kDay);
    kept.keeper().start();
    kept.await([&] { return kept.left() == 1; });
    kept.await([&] { return asked == 1; });
    CHECK(kept.left() == 1);
    CHECK(kept.commits == 1);
}

TEST_CASE("a value in a zone that is not configured any more stays noted until it is again",
          "[acme][elsewhere]") {
    Kept kept({});
    kept.note("one");
    kept.keeper().start();
    kept.serve_for(Milliseconds(50));
    CHECK(kept.left() == 1);
    CHECK(kept.commits == 0);
}

TEST_CASE("a value that is being put is not taken away at the same time", "[acme][elsewhere]") {
    std::atomic<int> asked = 0;
    std::atomic<bool> is_slow = true;
    const SignedServer server([&](OctetView request) {
        ++asked;
        is_slow.wait(true);
        return signed_answer(request);
    });
    const ElsewhereZone zone = signed_zone(server.endpoint());
    Kept kept({zone});
    kept.note("one");
    bool is_put = false;
    kept.keeper().put(zone, {{name("NUR1.v.example."), "one"}}, [&](const auto& done) {
        REQUIRE(done);
        is_put = true;
    });
    kept.keeper().start();
    kept.await([&] { return asked == 1; });
    kept.keeper().look_soon();
    kept.serve_for(Milliseconds(50));
    CHECK(asked == 1);
    is_slow = false;
    is_slow.notify_all();
    kept.await([&] { return is_put; });
    CHECK(kept.left() == 1);
    kept.keeper().look_soon();
    kept.await([&] { return kept.left() == 0; });
}

TEST_CASE("a value that is being taken away is not put at the same time", "[acme][elsewhere]") {
    std::atomic<int> asked = 0;
    const SignedServer server([&](OctetView) {
        ++asked;
        return Octets();
    });
    const ElsewhereZone zone = signed_zone(server.endpoint());
    Kept kept({zone});
    kept.note("one");
    kept.keeper().start();
    kept.await([&] { return asked == 1; });
    std::string why;
    kept.keeper().put(zone, {{name("nur1.V.example."), "one"}},
                      [&](const auto& done) { why = done ? "taken" : done.error().text; });
    CHECK(why.empty());  // Never inside the call.
    kept.await([&] { return !why.empty(); });
    CHECK(why == "is just taking the same value away again");
    CHECK(asked == 1);
}

TEST_CASE("nobody is called back after the end", "[acme][elsewhere]") {
    const SignedServer server([](OctetView) { return Octets(); });
    const ElsewhereZone zone = signed_zone(server.endpoint());
    Kept kept({zone});
    kept.note("one");
    kept.keeper().start();
    bool is_told = false;
    kept.keeper().put(zone, {{name("other.v.example."), "two"}},
                      [&](const auto&) { is_told = true; });
    kept.serve_for(Milliseconds(20));
    kept.keeper().stop();
    kept.serve_for(Milliseconds(50));
    CHECK_FALSE(is_told);
    CHECK(kept.left() == 1);
}

}  // namespace
}  // namespace hairpin::acme
