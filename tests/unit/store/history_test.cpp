#include "store/history.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;
using zones::HistoryRequest;
using zones::HistorySource;
using zones::NoHistory;
using zones::RType;

constexpr const char* kApex = "example.net.";
constexpr const char* kOwner = "nur1.example.net.";

class Journal {
public:
    Journal() { REQUIRE(store.submit(create_zone(kApex, "fixed 60 IN A 192.0.2.1"))); }

    std::uint32_t set(const std::string& address, const char* owner = kOwner) {
        REQUIRE(store.submit(replace_a(kApex, owner, address)));
        return serial();
    }
    [[nodiscard]] std::uint32_t serial() const { return store.zone(kApex)->serial(); }
    [[nodiscard]] HistorySource::Answer since(std::uint32_t from, std::size_t most = 1u << 20) {
        Reader reader = store.reader();
        return read_history(*reader, {name(kApex), from, serial(), most});
    }
    /// "owner TYPE: before -> after" of everything but the SOA; the SOA is checked.
    [[nodiscard]] std::string text_since(std::uint32_t from) {
        const auto answer = since(from);
        if (!answer) return "none: " + std::to_string(static_cast<int>(answer.error()));
        CHECK(answer->serial_before == from);
        CHECK(answer->serial_after == serial());
        std::string text;
        bool soa = false;
        for (const auto& each : answer->rrsets) {
            if (each.type == RType::SOA) {
                soa = each.after && each.after->same_as(store.zone(kApex)->soa());
                continue;
            }
            text += each.owner.text() + " " + side(each.before) + " " + side(each.after) + "\n";
        }
        CHECK(soa);
        return text;
    }
    static std::string side(const zones::RRsetRef& rrset) {
        return rrset ? zones::rdata_text(rrset->type(), *rrset->rdatas().begin()) : "-";
    }

    OpenStore store;
};

TEST_CASE("The journal's steps are read as one difference", "[store][rfc1995]") {
    Journal journal;
    const auto first = journal.serial();
    journal.set("192.0.2.1");
    const auto second = journal.serial();
    journal.set("192.0.2.2");
    journal.set("192.0.2.9", "nur2.example.net.");
    CHECK(journal.text_since(first) ==
          "nur1.example.net. - 192.0.2.2\nnur2.example.net. - 192.0.2.9\n");
    CHECK(journal.text_since(second) ==
          "nur1.example.net. 192.0.2.1 192.0.2.2\nnur2.example.net. - 192.0.2.9\n");
}

TEST_CASE("Works that share a serial are one step, whatever page they are on", "[store][rfc1995]") {
    Journal journal;
    const auto first = journal.serial();
    // Submitted together, so that commits hold several; more than a page in all.
    std::vector<std::future<Verdict>> verdicts;
    for (int each = 0; each < 150; ++each)
        verdicts.push_back(journal.store.submit_later(
            as_work({replace_a(kApex, "n" + std::to_string(each % 40) + ".example.net.",
                               "192.0.2." + std::to_string(each))})));
    for (auto& each : verdicts)
        REQUIRE(each.get());
    Reader reader = journal.store.reader();
    const auto rows = must(reader->journal_since(name(kApex), first, kMaxPage));
    REQUIRE(rows.size() > kHistoryPageRows);
    const auto answer = journal.since(first);
    REQUIRE(answer);
    CHECK(answer->rrsets.size() == 41);
    // From every serial that was ever published.
    for (const JournalRow& row : rows) {
        const auto since = journal.since(row.serial_before);
        REQUIRE((since || row.serial_before == journal.serial()));
        for (const auto& each : since->rrsets) {
            const zones::RRset* held = journal.store.zone(kApex)->find(each.owner, each.type);
            REQUIRE(held != nullptr);
            REQUIRE(held->same_as(*each.after));
        }
    }
}

TEST_CASE("Replacing the content is a difference like any other", "[store][rfc1995]") {
    Journal journal;
    journal.set("192.0.2.1");
    const auto before = journal.serial();
    auto replacement = create_zone(kApex, "other 60 IN A 192.0.2.7");
    replacement.action = zones::ZoneAction::Replace;
    REQUIRE(journal.store.submit(replacement));
    CHECK(journal.text_since(before) ==
          "fixed.example.net. 192.0.2.1 -\nnur1.example.net. 192.0.2.1 -\n"
          "other.example.net. - 192.0.2.7\n");
}

TEST_CASE("A zone that was dropped and made anew has no history from before", "[store][rfc1995]") {
    Journal journal;
    const auto early = journal.set("192.0.2.1");
    const auto last = journal.set("192.0.2.2");
    zones::ZoneChange drop;
    drop.apex = name(kApex);
    drop.action = zones::ZoneAction::Drop;
    REQUIRE(journal.store.submit(drop));
    REQUIRE(journal.store.submit(create_zone(kApex, "fixed 60 IN A 192.0.2.1")));
    const auto anew = journal.serial();
    journal.set("192.0.2.3");
    for (const std::uint32_t gone : {0u, 1u, early, last}) {
        INFO(gone);
        const auto answer = journal.since(gone);
        REQUIRE_FALSE(answer);
        CHECK(answer.error() == NoHistory::Gone);
    }
    CHECK(journal.text_since(anew) == "nur1.example.net. - 192.0.2.3\n");
}

TEST_CASE("A serial that the journal does not hold has no history", "[store][rfc1995]") {
    Journal journal;
    const auto first = journal.set("192.0.2.1");
    journal.set("192.0.2.2");
    journal.set("192.0.2.3");
    CHECK(journal.since(first - 1'000).error() == NoHistory::Gone);
    CHECK(journal.since(first + 1'000'000).error() == NoHistory::Gone);
    Reader reader = journal.store.reader();
    CHECK(read_history(*reader, {name("example.org."), 1, 2, 1'000}).error() == NoHistory::Gone);
    // A serial to go to that never was.
    CHECK(read_history(*reader, {name(kApex), first, journal.serial() + 5, 1u << 20}).error() ==
          NoHistory::Gone);

    Database database = open_database(journal.store.path());
    must(database.run("DELETE FROM journal WHERE serial_before = ?1", first));
    CHECK(journal.since(first).error() == NoHistory::Gone);
    must(database.run("DELETE FROM journal"));
    CHECK(journal.since(first).error() == NoHistory::Gone);
}

TEST_CASE("A hole in the journal is no history", "[store][rfc1995]") {
    Journal journal;
    const auto first = journal.set("192.0.2.1");
    const auto second = journal.set("192.0.2.2");
    journal.set("192.0.2.3");
    Database database = open_database(journal.store.path());
    must(database.run("DELETE FROM journal WHERE serial_before = ?1", second));
    CHECK(journal.since(first).error() == NoHistory::Gone);
}

TEST_CASE("A difference over the bound is not collected", "[store][rfc1995]") {
    Journal journal;
    const auto first = journal.serial();
    for (int each = 0; each < 20; ++each)
        journal.set("192.0.2.1", ("n" + std::to_string(each) + ".example.net.").c_str());
    CHECK(journal.since(first, 1'000).error() == NoHistory::TooLarge);
    CHECK(journal.since(first, 1u << 20));
}

TEST_CASE("The history's thread answers everything exactly once, also at its end", "[store]") {
    Journal journal;
    const auto first = journal.serial();
    journal.set("192.0.2.1");
    auto history = must(History::open(journal.store.path(), 4));
    must(history->start());
    const HistoryRequest request{name(kApex), first, journal.serial(), 1u << 20};
    std::promise<HistorySource::Answer> found;
    history->ask(request,
                 [&](HistorySource::Answer answer) { found.set_value(std::move(answer)); });
    const auto answer = found.get_future().get();
    REQUIRE(answer);
    CHECK(answer->rrsets.size() == 2);

    // The thread is held by the first answer; four more wait, the others are told so.
    std::promise<void> hold;
    std::promise<void> held;
    history->ask(request, [&](const auto&) {
        held.set_value();
        hold.get_future().wait();
    });
    held.get_future().wait();
    std::atomic<int> answers{0}, busy{0}, unavailable{0};
    const auto count = [&](const HistorySource::Answer& each) {
        ++answers;
        if (!each && each.error() == NoHistory::Busy) ++busy;
        if (!each && each.error() == NoHistory::Unavailable) ++unavailable;
    };
    for (int each = 0; each < 10; ++each)
        history->ask(request, count);
    CHECK(busy == 6);
    std::thread stopper([&] { history->stop(); });
    for (int tries = 0; tries < 1'000 && unavailable == 0; ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        history->ask(request, count);  // Busy until it stops.
    }
    const int told = answers;
    hold.set_value();
    stopper.join();
    CHECK(answers == told + 4);
    CHECK(unavailable >= 5);
    history->ask(request, count);
    CHECK(answers == told + 5);
}

}  // namespace
}  // namespace hairpin::store
