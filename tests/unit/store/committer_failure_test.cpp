// DESIGN invariants 1, 2 and 6 of the change path, with a disk that fails on order.

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "tests/support/fault_vfs.hpp"
#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;
using Fault = FaultVfs::Fault;
using zones::RefusalCode;

constexpr auto kApex = "pl-acme.example.net.";
constexpr auto kOwner = "nur1.pl-acme.example.net.";

CommitterOptions on(const FaultVfs& vfs) {
    CommitterOptions options;
    options.vfs = vfs.name();
    options.reopen_interval = Milliseconds{0};
    return options;
}

void check_unavailable(const Verdict& verdict, std::string_view word) {
    REQUIRE_FALSE(verdict);
    const auto& refusal = std::get<zones::Refusal>(verdict.error());
    CHECK(refusal.code == RefusalCode::Unavailable);
    INFO(refusal.cause);
    CHECK(refusal.cause.find(word) != std::string::npos);
}

TEST_CASE("A commit that fails is neither acknowledged nor published, and the next one works",
          "[store][committer][invariant1][invariant6]") {
    struct Case {
        Fault fault;
        const char* word;
    };
    const auto broken = GENERATE(values<Case>(
        {{Fault::DiskFull, "full"}, {Fault::WriteError, "disk"}, {Fault::SyncError, "fsync"}}));
    FaultVfs vfs;
    OpenStore store(on(vfs));
    REQUIRE(store.submit(create_zone(kApex, "nur1 60 IN A 203.0.113.1\n")));
    const std::uint32_t serial = store.zone(kApex)->serial();

    vfs.arm(broken.fault);
    check_unavailable(store.submit(replace_a(kApex, kOwner, "203.0.113.2")), broken.word);
    CHECK(vfs.failures() > 0);
    CHECK(store.address(kApex, kOwner) == "203.0.113.1");  // Answers go on from memory.
    CHECK(store.zone(kApex)->serial() == serial);
    REQUIRE(store.committer->trouble());

    vfs.heal();
    const auto receipt = store.submit(replace_a(kApex, kOwner, "203.0.113.3"));
    REQUIRE(receipt);
    CHECK(store.address(kApex, kOwner) == "203.0.113.3");
    CHECK(zones::serial_greater(receipt->zones[0].serial, serial));
    CHECK_FALSE(store.committer->trouble());
    store.restart();
    CHECK(store.address(kApex, kOwner) == "203.0.113.3");
    CHECK(store.zone(kApex)->serial() == receipt->zones[0].serial);
}

TEST_CASE("When a group cannot be made durable every member is told so",
          "[store][committer][invariant1]") {
    FaultVfs vfs;
    OpenStore store(on(vfs));
    REQUIRE(store.submit(create_zone(kApex)));
    std::promise<void> entered;
    std::promise<void> release;
    Work gate = as_work({});
    gate.rows = [&](Writer&, zones::Change&) -> Result<void> {
        entered.set_value();
        release.get_future().wait();
        return {};
    };
    auto gate_verdict = store.submit_later(std::move(gate));
    entered.get_future().wait();
    auto good = store.submit_later(as_work({replace_a(kApex, kOwner, "203.0.113.1")}));
    auto bad =
        store.submit_later(as_work({replace_a("gone.example.", "gone.example.", "192.0.2.1")}));
    vfs.arm(Fault::SyncError);
    release.set_value();
    gate_verdict.wait();

    check_unavailable(good.get(), "fsync");
    check_unavailable(bad.get(), "fsync");
    CHECK(store.address(kApex, kOwner).empty());
}

TEST_CASE("Trouble ends by itself when the disk is well again", "[store][committer][invariant6]") {
    FaultVfs vfs;
    CommitterOptions options = on(vfs);
    options.seen_interval = Milliseconds{5};  // Also the pulse of the idle thread.
    OpenStore store(std::move(options));
    REQUIRE(store.submit(create_zone(kApex)));
    vfs.arm(Fault::DiskFull);
    check_unavailable(store.submit(replace_a(kApex, kOwner, "203.0.113.2")), "full");
    const std::int64_t failures = vfs.failures();
    while (vfs.failures() <
           failures + 3)  // It tries by itself, and is not fooled by an empty commit.
        std::this_thread::yield();
    CHECK(store.committer->trouble());

    vfs.heal();
    while (store.committer->trouble())
        std::this_thread::yield();
    CHECK(store.submit(replace_a(kApex, kOwner, "203.0.113.3")));
}

TEST_CASE("Last-seen survives a failed commit", "[store][committer][seen]") {
    FaultVfs vfs;
    CommitterOptions options = on(vfs);
    options.seen_interval = Milliseconds{1};
    OpenStore store(std::move(options));
    std::int64_t server_id = 0;
    Work work = as_work({create_zone(kApex)});
    work.rows = [&](Writer& writer, zones::Change&) -> Result<void> {
        LicenceRow licence;
        licence.name = "acme";
        licence.zone_apex = name(kApex);
        TRY(writer.insert_licence(licence));
        ServerRow server;
        server.licence = "acme";
        server.label = "nur1";
        server_id = TRY(writer.insert_server(server));
        return {};
    };
    REQUIRE(store.submit(std::move(work)));
    vfs.arm(Fault::DiskFull);
    store.clock.advance(Seconds{1});
    SeenUpdate update;
    update.server_id = server_id;
    update.last_seen_at = store.clock.now();
    update.online = Online::Online;
    store.committer->seen(update);
    while (vfs.failures() == 0)
        std::this_thread::yield();
    vfs.heal();
    store.clock.advance(Seconds{1});
    store.committer->stop();

    const auto server = must(store.reader()->server(server_id));
    REQUIRE(server);
    CHECK(server->last_seen_at == update.last_seen_at);
    CHECK(server->online == Online::Online);
}

TEST_CASE("A database file that is deleted while running is an error, never a fresh start",
          "[store][committer][invariant6]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex, "nur1 60 IN A 203.0.113.1\n")));
    const std::string aside = store.path() + ".aside";
    std::filesystem::rename(store.path(), aside);

    check_unavailable(store.submit(replace_a(kApex, kOwner, "203.0.113.2")), "missing");
    CHECK_FALSE(std::filesystem::exists(store.path()));
    CHECK(store.address(kApex, kOwner) == "203.0.113.1");

    std::filesystem::rename(aside, store.path());
    store.clock.advance(Seconds{1});
    CHECK(store.submit(replace_a(kApex, kOwner, "203.0.113.3")));
    CHECK(store.address(kApex, kOwner) == "203.0.113.3");
}

TEST_CASE("Another database in its place is noticed and not written to",
          "[store][committer][invariant6]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex)));
    for (const char* suffix : {"", "-wal", "-shm"})
        std::filesystem::remove(store.path() + suffix);
    { const Database other = make_database(store.path()); }

    check_unavailable(store.submit(replace_a(kApex, kOwner, "203.0.113.2")), "restart");
    CHECK(must(store.reader()->audit(10, 0)).empty());
}

// Every operation of a few commits fails once, one run each: no run may lose what it acknowledged,
// or let a serial stand for two contents.
TEST_CASE("Whichever disk operation fails, memory and database stay one",
          "[store][committer][invariant1][invariant2]") {
    const auto fault = GENERATE(Fault::DiskFull, Fault::WriteError, Fault::SyncError);
    for (std::int64_t operation = 0; operation < 24; ++operation) {
        INFO("operation " << operation);
        FaultVfs vfs;
        OpenStore store(on(vfs));
        REQUIRE(store.submit(create_zone(kApex, "nur1 60 IN A 203.0.113.250\n")));
        std::string acknowledged = "203.0.113.250";
        std::string refused;
        std::uint32_t serial = store.zone(kApex)->serial();
        vfs.arm(fault, operation);
        for (int each = 0; each < 6; ++each) {
            const std::string address = "203.0.113." + std::to_string(each);
            const auto verdict = store.submit(replace_a(kApex, kOwner, address));
            if (verdict) {
                acknowledged = address;
                CHECK(zones::serial_greater(verdict->zones[0].serial, serial));
                serial = verdict->zones[0].serial;
                refused.clear();
            } else {
                refused = address;
                vfs.heal();
            }
            CHECK(store.address(kApex, kOwner) == acknowledged);
            CHECK(store.zone(kApex)->serial() == serial);
        }
        vfs.heal();  // A start syncs what it finds.
        store.restart(on(vfs));
        // A last change whose fsync failed may be there after a restart; then under a serial of its
        // own.
        const bool took_refused = !refused.empty() && store.address(kApex, kOwner) == refused;
        CHECK((took_refused || store.address(kApex, kOwner) == acknowledged));
        CHECK(store.zone(kApex)->serial() == (took_refused ? serial + 1 : serial));
    }
}

TEST_CASE("What a killed process left in the log is on the disk before a committer starts",
          "[store][committer][invariant1]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex, "nur1 60 IN A 203.0.113.1\n")));
    const std::string left = store.folder.file("left.db");
    for (const char* suffix : {"", "-wal"})
        std::filesystem::copy_file(store.path() + suffix, left + suffix);
    REQUIRE(std::filesystem::file_size(left + "-wal") > 0);
    Database database = open_database(left);
    Published<zones::ZoneTable> zones(
        std::make_shared<const zones::ZoneTable>(must(load_zones(database))));
    FaultVfs vfs;
    CommitterOptions options = on(vfs);
    options.path = left;

    vfs.arm(Fault::SyncError);
    const auto refused = Committer::open(options, store.clock, zones);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::Unavailable);

    vfs.arm(Fault::DiskFull);  // Answers must start even so.
    CHECK(Committer::open(options, store.clock, zones));
    vfs.heal();
    CHECK(Committer::open(options, store.clock, zones));
    CHECK(std::filesystem::file_size(left + "-wal") == 0);
}

TEST_CASE("Two committers on one database: the second to change a zone is stopped",
          "[store][committer][invariant2]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex, "nur1 60 IN A 203.0.113.1\n")));
    REQUIRE(store.submit(create_zone("other.example.")));
    Published<zones::ZoneTable> zones(store.published->snapshot());
    CommitterOptions options;
    options.path = store.path();
    options.reopen_interval = Milliseconds{0};
    const auto second = must(Committer::open(options, store.clock, zones));
    const auto submit = [&second](zones::ZoneChange made) {
        std::promise<Verdict> verdict;
        second->submit(as_work({std::move(made)}),
                       [&verdict](Verdict done) { verdict.set_value(std::move(done)); });
        return verdict.get_future().get();
    };
    zones::ZoneChange stale;
    SECTION("edited") {
        REQUIRE(store.submit(replace_a(kApex, kOwner, "203.0.113.2")));
        stale = replace_a(kApex, kOwner, "203.0.113.3");
    }
    SECTION("dropped here, edited there") {
        REQUIRE(store.submit(replace_a(kApex, kOwner, "203.0.113.2")));
        stale.apex = name(kApex);
        stale.action = zones::ZoneAction::Drop;
    }
    SECTION("made") {
        REQUIRE(store.submit(create_zone("new.example.")));
        stale = create_zone("new.example.");
    }

    check_unavailable(submit(std::move(stale)), "somebody else");

    // And it stays stopped, also for zones that agree.
    check_unavailable(submit(replace_a("other.example.", "a.other.example.", "192.0.2.1")),
                      "restart");
    CHECK(zones.snapshot()->share(name(kApex))->serial() <= store.zone(kApex)->serial());
    REQUIRE(store.submit(replace_a(kApex, kOwner, "203.0.113.4")));
}

// Counts how often it is asked: once or more for every turn of a thread.
class CountingClock final : public Clock {
public:
    [[nodiscard]] WallTime now() const noexcept override { return real_.now(); }
    [[nodiscard]] MonotonicTime monotonic() const noexcept override {
        ++asked_;
        return real_.monotonic();
    }
    [[nodiscard]] std::int64_t asked() const noexcept { return asked_.load(); }

private:
    SystemClock real_;
    mutable std::atomic<std::int64_t> asked_{0};
};

TEST_CASE("While the database is lost an idle committer looks for it now and then",
          "[store][committer][invariant6]") {
    OpenStore store;
    const CountingClock clock;
    CommitterOptions options;
    options.path = store.path();
    options.seen_interval = Milliseconds{20};
    options.retention.interval = Milliseconds{20};
    const auto committer = must(Committer::open(options, clock, *store.published));
    store.committer.reset();
    std::filesystem::rename(store.path(), store.path() + ".aside");
    while (!committer->trouble())
        std::this_thread::sleep_for(Milliseconds{5});
    const std::int64_t before = clock.asked();
    std::this_thread::sleep_for(Milliseconds{500});
    CHECK(clock.asked() - before < 1000);
    CHECK(committer->counters().failed_commits.load() == 0);
}

TEST_CASE("A damaged database is refused with words", "[store][committer][invariant6]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex)));
    store.committer.reset();
    {
        std::fstream file(store.path(), std::ios::in | std::ios::out | std::ios::binary);
        file.write("this is not what SQLite wrote here", 34);
    }
    CommitterOptions options;
    options.path = store.path();

    const auto opened = Committer::open(std::move(options), store.clock, *store.published);

    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::Corrupt);
    CHECK(opened.error().cause.find("not a database of ours") != std::string::npos);
}

TEST_CASE("A committer refuses a zone table that is not its database's", "[store][committer]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex)));
    store.committer.reset();
    Published<zones::ZoneTable> empty(std::make_shared<const zones::ZoneTable>());
    CommitterOptions options;
    options.path = store.path();

    const auto opened = Committer::open(std::move(options), store.clock, empty);

    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::Corrupt);
}

}  // namespace
}  // namespace hairpin::store
