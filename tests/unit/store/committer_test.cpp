#include "store/committer.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <set>
#include <thread>

#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;
using zones::RefusalCode;

constexpr auto kApex = "pl-acme.example.net.";

// Holds the commit thread in a work until let go, so that what is submitted meanwhile shares one
// group.
class Gate {
public:
    explicit Gate(OpenStore& store) {
        Work work;
        work.rows = [this](Writer&, zones::Change&) -> Result<void> {
            entered_.set_value();
            released_.get_future().wait();
            return {};
        };
        verdict_ = store.submit_later(std::move(work));
        entered_.get_future().wait();
    }
    void release() {
        released_.set_value();
        REQUIRE(verdict_.get());
    }

private:
    std::promise<void> entered_;
    std::promise<void> released_;
    std::future<Verdict> verdict_;
};

RefusalCode code(const Verdict& verdict) {
    return std::get<zones::Refusal>(verdict.error()).code;
}

TEST_CASE("A change is durable and published when it is acknowledged", "[store][committer]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex)));

    const auto receipt = store.submit(replace_a(kApex, "nur1.pl-acme.example.net.", "203.0.113.1"));

    REQUIRE(receipt);
    REQUIRE(receipt->zones.size() == 1);
    CHECK(receipt->zones[0].changed);
    CHECK(store.zone(kApex)->serial() == receipt->zones[0].serial);
    CHECK(store.address(kApex, "nur1.pl-acme.example.net.") == "203.0.113.1");
    store.restart();
    CHECK(store.address(kApex, "nur1.pl-acme.example.net.") == "203.0.113.1");
    CHECK(store.zone(kApex)->serial() == receipt->zones[0].serial);
}

TEST_CASE("A change that changes nothing keeps the serial and writes no row",
          "[store][committer]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex, "nur1 60 IN A 203.0.113.1\n")));
    const std::uint32_t serial = store.zone(kApex)->serial();
    const auto journal_rows = must(store.reader()->counts()).journal_rows;
    const auto audit_rows = must(store.reader()->audit(100, 0)).size();

    const auto receipt = store.submit(replace_a(kApex, "nur1.pl-acme.example.net.", "203.0.113.1"));

    REQUIRE(receipt);
    CHECK_FALSE(receipt->zones[0].changed);
    CHECK(receipt->zones[0].serial == serial);
    CHECK(must(store.reader()->counts()).journal_rows == journal_rows);
    CHECK(must(store.reader()->audit(100, 0)).size() == audit_rows);
}

TEST_CASE("The narrow form of submit answers with zones' own words", "[store][committer]") {
    OpenStore store;
    std::promise<Result<zones::Receipt, zones::Refusal>> done;
    zones::ChangeSink& sink = *store.committer;

    sink.submit(as_change({replace_a(kApex, "nur1.pl-acme.example.net.", "203.0.113.1")}),
                [&](const auto& result) { done.set_value(result); });

    const auto result = done.get_future().get();
    REQUIRE_FALSE(result);
    CHECK(result.error().code == RefusalCode::NoSuchZone);
}

TEST_CASE(
    "Works of one group share one serial, one commit and one publication; each keeps its verdict",
    "[store][committer][group]") {
    std::atomic<int> publications = 0;
    CommitterOptions options;
    options.on_published = [&](const auto&) { ++publications; };
    OpenStore store(std::move(options));
    REQUIRE(store.submit(create_zone(kApex, {}, "1795000000")));
    const std::uint32_t before = store.zone(kApex)->serial();
    const auto commits = store.committer->counters().commits.load();
    publications = 0;

    Gate gate(store);
    auto first =
        store.submit_later(as_work({replace_a(kApex, "a.pl-acme.example.net.", "192.0.2.1")}));
    auto outside = store.submit_later(as_work({replace_a(kApex, "a.example.org.", "192.0.2.9")}));
    auto second =
        store.submit_later(as_work({replace_a(kApex, "b.pl-acme.example.net.", "192.0.2.2")}));
    auto again =
        store.submit_later(as_work({replace_a(kApex, "a.pl-acme.example.net.", "192.0.2.3")}));
    gate.release();

    const Verdict verdicts[] = {first.get(), outside.get(), second.get(), again.get()};
    REQUIRE(verdicts[0]);
    REQUIRE(verdicts[2]);
    REQUIRE(verdicts[3]);
    REQUIRE_FALSE(verdicts[1]);
    CHECK(code(verdicts[1]) == RefusalCode::NotZone);
    const std::uint32_t after = before + 1;  // The manual clock stands still.
    CHECK(verdicts[0]->zones[0].serial == after);
    CHECK(verdicts[2]->zones[0].serial == after);
    CHECK(verdicts[3]->zones[0].serial == after);
    CHECK(store.zone(kApex)->serial() == after);
    CHECK(store.address(kApex, "a.pl-acme.example.net.") == "192.0.2.3");
    CHECK(store.address(kApex, "b.pl-acme.example.net.") == "192.0.2.2");
    CHECK(store.committer->counters().commits.load() == commits + 2);  // The gate's and theirs.
    CHECK(publications == 1);

    // The journal keeps each work's actor and difference, all in one step.
    const auto journal = must(store.reader()->journal_since(name(kApex), before, 100));
    REQUIRE(journal.size() == 3);
    for (const JournalRow& row : journal) {
        CHECK(row.serial_before == before);
        CHECK(row.serial_after == after);
    }
    store.restart();
    CHECK(store.zone(kApex)->serial() == after);
    CHECK(store.address(kApex, "a.pl-acme.example.net.") == "192.0.2.3");
}

TEST_CASE("A prerequisite is judged on what the works in front of it left",
          "[store][committer][group]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex)));
    zones::Prerequisite absent;
    absent.kind = zones::PrerequisiteKind::OwnerNotInUse;
    absent.owner = name("nur1.pl-acme.example.net.");
    auto claim = replace_a(kApex, "nur1.pl-acme.example.net.", "203.0.113.1");
    claim.prerequisites = {absent};

    Gate gate(store);
    auto winner = store.submit_later(as_work({claim}));
    auto loser = store.submit_later(as_work({claim}));
    gate.release();

    CHECK(winner.get());
    const Verdict lost = loser.get();
    REQUIRE_FALSE(lost);
    CHECK(code(lost) == RefusalCode::OwnerExists);
    CHECK(to_error(lost.error()).code == ErrorCode::Conflict);
}

TEST_CASE("A work that fails in its last zone leaves no trace of its rows and other zones",
          "[store][committer]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone("one.example.")));
    const std::uint32_t serial = store.zone("one.example.")->serial();
    Work work = as_work({replace_a("one.example.", "a.one.example.", "192.0.2.1"),
                         replace_a("gone.example.", "a.gone.example.", "192.0.2.1")});
    work.rows = [](Writer& writer, zones::Change&) {
        AuditRow row;
        row.action = "side effect";
        return writer.audit(row);
    };

    const auto verdict = store.submit(std::move(work));

    REQUIRE_FALSE(verdict);
    CHECK(code(verdict) == RefusalCode::NoSuchZone);
    CHECK(store.zone("one.example.")->serial() == serial);
    CHECK(store.address("one.example.", "a.one.example.").empty());
    for (const AuditRow& row : must(store.reader()->audit(10, 0)))
        CHECK(row.action != "side effect");
}

TEST_CASE("Rows may complete the change, and the last part sees the serials",
          "[store][committer]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex)));
    std::uint32_t seen_serial = 0;
    Work work = as_work({});
    work.rows = [](Writer& writer, zones::Change& change) -> Result<void> {
        CHECK(writer.zones().find(name(kApex)) != nullptr);
        change.zones.push_back(replace_a(kApex, "nur7.pl-acme.example.net.", "203.0.113.7"));
        return {};
    };
    work.after = [&](Writer& writer, const WorkReceipt& receipt) -> Result<void> {
        seen_serial = receipt.zones.at(0).serial;
        CHECK(writer.zones().find(name(kApex))->serial() == seen_serial);
        return {};
    };

    const auto verdict = store.submit(std::move(work));

    REQUIRE(verdict);
    CHECK(verdict->zones[0].serial == seen_serial);
    CHECK(store.address(kApex, "nur7.pl-acme.example.net.") == "203.0.113.7");
}

TEST_CASE("A work whose rows break a reference is refused alone, not the group with it",
          "[store][committer][group]") {
    OpenStore store;
    Work orphan = as_work({});
    orphan.rows = [](Writer& writer, zones::Change&) {
        LicenceRow licence;
        licence.name = "acme";
        licence.zone_apex = name(kApex);  // No such zone, and this work does not make it.
        return writer.insert_licence(licence);
    };
    Gate gate(store);
    auto refused = store.submit_later(std::move(orphan));
    auto other = store.submit_later(as_work({create_zone("one.example.")}));
    gate.release();

    const Verdict verdict = refused.get();
    REQUIRE_FALSE(verdict);
    CHECK(std::get<Error>(verdict.error()).code == ErrorCode::Conflict);
    CHECK(other.get());
    CHECK(must(store.reader()->licences(10, "")).empty());
}

TEST_CASE("Many threads: every change arrives once, every verdict is the submitter's own",
          "[store][committer][group][threads]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex)));
    constexpr int kThreads = 8;
    constexpr int kEach = 50;
    std::vector<std::thread> threads;
    std::atomic<int> accepted = 0;
    std::atomic<int> refused = 0;
    for (int thread = 0; thread < kThreads; ++thread)
        threads.emplace_back([&, thread] {
            for (int each = 0; each < kEach; ++each) {
                const std::string label = "t" + std::to_string(thread) + "-" + std::to_string(each);
                const bool outside = each % 10 == 9;
                const std::string owner =
                    label + (outside ? ".example.org." : ".pl-acme.example.net.");
                const auto verdict = store.submit(replace_a(kApex, owner, "192.0.2.1"));
                if (verdict.has_value() == outside) std::abort();
                ++(verdict ? accepted : refused);
            }
        });
    for (std::thread& thread : threads)
        thread.join();

    CHECK(accepted == kThreads * kEach * 9 / 10);
    CHECK(refused == kThreads * kEach / 10);
    CHECK(store.zone(kApex)->names().size() == 1 + std::size_t{kThreads * kEach * 9 / 10});
    CHECK(store.committer->counters().works.load() == 1 + std::uint64_t{kThreads * kEach * 9 / 10});
    CHECK(store.committer->counters().commits.load() < 1 + kThreads * kEach);  // They shared.
    const auto published = store.zone(kApex)->serial();
    store.restart();
    CHECK(store.zone(kApex)->names().size() == 1 + std::size_t{kThreads * kEach * 9 / 10});
    CHECK(store.zone(kApex)->serial() == published);
}

TEST_CASE("A zone made again after it was dropped goes on from its old serial",
          "[store][committer][invariant2]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex, {}, "4000000000")));
    zones::ZoneChange drop;
    drop.apex = name(kApex);
    drop.action = zones::ZoneAction::Drop;
    REQUIRE(store.submit(drop));
    CHECK_FALSE(store.zone(kApex));
    store.restart();

    REQUIRE(store.submit(create_zone(kApex, {}, "7")));

    CHECK(zones::serial_greater(store.zone(kApex)->serial(), 4'000'000'000u));
}

TEST_CASE(
    "Create, edit, drop and create again within one group end in one zone and a forward serial",
    "[store][committer][group]") {
    OpenStore store;
    zones::ZoneChange drop;
    drop.apex = name(kApex);
    drop.action = zones::ZoneAction::Drop;
    Gate gate(store);
    auto created = store.submit_later(as_work({create_zone(kApex, {}, "10")}));
    auto edited =
        store.submit_later(as_work({replace_a(kApex, "a.pl-acme.example.net.", "192.0.2.1")}));
    auto dropped = store.submit_later(as_work({drop}));
    auto again = store.submit_later(as_work({create_zone(kApex, {}, "10")}));
    auto last =
        store.submit_later(as_work({replace_a(kApex, "b.pl-acme.example.net.", "192.0.2.2")}));
    gate.release();

    CHECK(created.get().value().zones[0].serial == 10);
    CHECK(edited.get().value().zones[0].serial == 10);  // Nobody saw serial 10 without it.
    CHECK(dropped.get());
    const std::uint32_t serial = again.get().value().zones[0].serial;
    CHECK(zones::serial_greater(serial, 10));
    CHECK(last.get().value().zones[0].serial == serial);
    CHECK(store.address(kApex, "a.pl-acme.example.net.").empty());
    store.restart();
    CHECK(store.zone(kApex)->serial() == serial);
    CHECK(store.address(kApex, "b.pl-acme.example.net.") == "192.0.2.2");
}

TEST_CASE("Every accepted work leaves one audit row, a refused one says why",
          "[store][committer][audit]") {
    OpenStore store;
    REQUIRE(store.submit(create_zone(kApex)));
    Work named = as_work({replace_a(kApex, "nur1.pl-acme.example.net.", "203.0.113.1")});
    named.audit = {"rrset.put", "nur1.pl-acme.example.net. A"};
    REQUIRE(store.submit(std::move(named)));
    REQUIRE_FALSE(store.submit(replace_a("gone.example.", "a.gone.example.", "192.0.2.1")));

    const auto rows = must(store.reader()->audit(10, 0));

    REQUIRE(rows.size() == 3);  // Newest first.
    CHECK(rows[0].outcome == Outcome::Refused);
    CHECK(rows[0].subject == "gone.example.");
    CHECK(rows[0].reason.find("no such zone") != std::string::npos);
    CHECK(rows[1].action == "rrset.put");
    CHECK(rows[1].outcome == Outcome::Done);
    CHECK(rows[1].actor.id == "tester");
    CHECK(rows[1].reason == "test");
    CHECK(rows[2].action == "change");
    CHECK(rows[2].subject == kApex);
}

TEST_CASE("Audit rows about refusals are bounded in rate", "[store][committer][audit]") {
    CommitterOptions options;
    options.refused_audits_per_minute = 5;
    OpenStore store(std::move(options));
    for (int each = 0; each < 20; ++each)
        REQUIRE_FALSE(store.submit(replace_a("gone.example.", "a.gone.example.", "192.0.2.1")));
    CHECK(must(store.reader()->audit(100, 0)).size() == 5);
    store.clock.advance(Seconds{60});
    for (int each = 0; each < 20; ++each)
        REQUIRE_FALSE(store.submit(replace_a("gone.example.", "a.gone.example.", "192.0.2.1")));
    CHECK(must(store.reader()->audit(100, 0)).size() == 10);
}

TEST_CASE("A full queue refuses at once and loses nothing that it took", "[store][committer]") {
    CommitterOptions options;
    options.queue_capacity = 3;
    OpenStore store(std::move(options));
    Gate gate(store);
    std::vector<std::future<Verdict>> verdicts;
    for (int each = 0; each < 5; ++each)
        verdicts.push_back(
            store.submit_later(as_work({create_zone("z" + std::to_string(each) + ".example.")})));

    for (int each = 3; each < 5; ++each) {
        const Verdict verdict = verdicts[static_cast<std::size_t>(each)].get();
        REQUIRE_FALSE(verdict);
        CHECK(code(verdict) == RefusalCode::Unavailable);
    }
    gate.release();
    for (std::size_t each = 0; each < 3; ++each)
        CHECK(verdicts[each].get());
    CHECK(store.committer->counters().unavailable.load() == 2);
}

TEST_CASE("stop finishes what is queued and refuses what comes later", "[store][committer]") {
    OpenStore store;
    std::vector<std::future<Verdict>> verdicts;
    for (int each = 0; each < 100; ++each)
        verdicts.push_back(
            store.submit_later(as_work({create_zone("z" + std::to_string(each) + ".example.")})));

    store.committer->stop();

    for (auto& verdict : verdicts)
        CHECK(verdict.get());
    const auto late = store.submit(create_zone("late.example."));
    REQUIRE_FALSE(late);
    CHECK(code(late) == RefusalCode::Unavailable);
    store.committer->stop();
    store.restart();
    CHECK(store.published->snapshot()->size() == 100);
}

TEST_CASE("New rules hold for the works that follow", "[store][committer]") {
    OpenStore store;
    zones::EditRules rules;
    rules.max_names = 1;
    store.committer->set_rules(rules);
    REQUIRE(store.submit(create_zone(kApex)));

    const auto verdict = store.submit(replace_a(kApex, "nur1.pl-acme.example.net.", "203.0.113.1"));

    REQUIRE_FALSE(verdict);
    CHECK(code(verdict) == RefusalCode::TooLarge);
}

}  // namespace
}  // namespace hairpin::store
