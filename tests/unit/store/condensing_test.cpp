#include "store/condensing.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "store/follower_rows.hpp"
#include "store/history.hpp"
#include "store/past.hpp"
#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;
using std::chrono::hours;
using zones::RType;

constexpr const char* kAgedApex = "aged.example.";
constexpr std::size_t kPlenty = std::size_t{64} << 20;

/// Owner and type as text -> TTL and records as text.
using Content = std::map<std::string, std::string>;

std::string aged_key(const zones::Name& owner, RType type) {
    return owner.lower().text() + " " + zones::type_text(type);
}
std::string aged_value(const zones::RRset& rrset) {
    std::string text = std::to_string(rrset.ttl());
    for (const OctetView rdata : rrset.rdatas())
        text += " " + zones::rdata_text(rrset.type(), rdata);
    return text;
}

Content content_of_zone(const zones::ZoneRef& zone) {
    Content content;
    zone->for_each([&](const zones::Name& owner, const zones::Node& node) {
        for (const zones::RRsetRef& each : node.rrsets())
            content[aged_key(owner, each->type())] = aged_value(*each);
        return true;
    });
    return content;
}

/// What a secondary makes of a difference: every `before` must be what it has.
bool apply_to(Content& content, const zones::ZoneDifference& difference) {
    for (const auto& each : difference.rrsets) {
        const std::string key = aged_key(each.owner, each.type);
        const auto found = content.find(key);
        const bool fits = each.before
                              ? found != content.end() && found->second == aged_value(*each.before)
                              : found == content.end();
        if (!fits) return false;
        if (each.after) {
            content[key] = aged_value(*each.after);
        } else {
            content.erase(found);
        }
    }
    return true;
}

zones::Edit aged_edit(std::mt19937& random) {
    static const std::vector<std::string> kOwners = {"", "a.", "A.", "b.a.", "www.", "z."};
    static const std::vector<zones::EditKind> kKinds = {
        zones::EditKind::ReplaceRRset, zones::EditKind::AddRecords, zones::EditKind::DeleteRecords,
        zones::EditKind::DeleteRRset, zones::EditKind::DeleteOwner};
    const bool is_text = random() % 2 == 0;
    const std::string number = std::to_string(random() % 4);
    return edit(kKinds[random() % kKinds.size()], kOwners[random() % kOwners.size()] + kAgedApex,
                is_text ? RType::TXT : RType::A,
                {is_text ? "\"" + number + "\"" : "192.0.2." + number},
                random() % 4 == 0 ? 61 : 60);
}

/// A zone whose every version is remembered, and what is kept of it.
struct Aged {
    struct Version {
        WallTime at;
        zones::ZoneRef zone;
    };

    Aged() : store(quiet()), writing(open_database(store.path())) {
        REQUIRE(store.submit(create_zone("other.example.")));
        REQUIRE(submit(create_zone(kAgedApex, "www 60 IN A 192.0.2.1\n")));
    }
    /// Nothing is pruned but by age_to().
    static CommitterOptions quiet() {
        CommitterOptions options;
        options.retention.interval = hours(24 * 36'500);
        return options;
    }
    bool submit(zones::ZoneChange change, const std::string& actor = "tester") {
        return submit(std::vector{std::move(change)}, actor);
    }
    bool submit(std::vector<zones::ZoneChange> changes, const std::string& actor = "tester") {
        Work work;
        work.change = as_change(std::move(changes), actor);
        if (!store.submit(std::move(work))) return false;
        const zones::ZoneRef zone = store.zone(kAgedApex);
        const bool is_new =
            zone && (versions.empty() || versions.back().zone->serial() != zone->serial());
        if (is_new) versions.push_back({store.clock.now(), zone});
        return is_new;
    }
    bool set(const std::string& owner, const std::string& address,
             const std::string& actor = "tester") {
        return submit(replace_a(kAgedApex, owner + "." + kAgedApex, address), actor);
    }
    void hold(const std::string& follower, std::uint32_t serial) {
        Transaction transaction = must(Transaction::begin(writing));
        must(write_follower(writing, {name(kAgedApex), follower, serial}, store.clock.now()));
        must(transaction.commit());
    }
    /// What is older than `age` is merged.
    std::size_t age_to(Milliseconds age, Retention retention = {}) {
        retention.journal_age = std::chrono::duration_cast<hours>(age);
        std::size_t rows = 0;
        for (bool more = true; more;) {
            Transaction transaction = must(Transaction::begin(writing));
            const Pruned pruned = must(prune(writing, retention, store.clock.now()));
            must(transaction.commit());
            rows += pruned.rows;
            more = pruned.more;
        }
        return rows;
    }
    [[nodiscard]] std::vector<JournalRow> rows() {
        return must(Queries(writing).journal_page(name(kAgedApex), 1'000, 0));
    }
    /// IXFR from a version: nullopt where the whole zone would be sent; else whether it led exactly
    /// to what is served.
    [[nodiscard]] std::optional<bool> ixfr_from(const Version& version) {
        Reader reader = store.reader();
        const auto served = store.zone(kAgedApex);
        const auto answer = read_history(
            *reader, {name(kAgedApex), version.zone->serial(), served->serial(), kPlenty});
        if (!answer) return std::nullopt;
        Content content = content_of_zone(version.zone);
        return apply_to(content, *answer) && content == content_of_zone(served);
    }
    [[nodiscard]] Result<Content, NoPast> past(Moment moment) {
        Reader reader = store.reader();
        const PastQuestion question{name(kAgedApex), store.zone(kAgedApex), moment};
        const Past past = TRY(read_past(*reader, question));
        Content content;
        for (const PastRRset& each : content_of(question, past, {}, kPlenty))
            content[aged_key(each.owner, each.rrset->type())] = aged_value(*each.rrset);
        return content;
    }

    OpenStore store;
    Database writing;
    std::vector<Version> versions;
};

/// Every serial at which a row begins is served, and what is told of the past is true.
void check_all_versions(Aged& aged, const std::vector<std::uint32_t>& held) {
    std::vector<std::uint32_t> begins = held;
    for (const JournalRow& row : aged.rows())
        begins.push_back(row.serial_before);
    for (const Aged::Version& version : aged.versions) {
        const std::uint32_t serial = version.zone->serial();
        if (serial == aged.versions.back().zone->serial()) continue;
        INFO("serial " << serial << " of " << aged.versions.back().zone->serial());
        const auto led = aged.ixfr_from(version);
        const bool is_due = std::find(begins.begin(), begins.end(), serial) != begins.end();
        CHECK(led.has_value() == is_due);
        CHECK(led.value_or(true));
        const Content wanted = content_of_zone(version.zone);
        for (const Moment moment : {Moment(serial), Moment(version.at)}) {
            const auto past = aged.past(moment);
            if (past) {
                CHECK(*past == wanted);
            } else {
                CHECK(past.error().why == NoPast::Why::Merged);
            }
        }
    }
}

TEST_CASE(
    "After random changes, merged at random points, IXFR from every serial that is due is exact",
    "[store][condensing][model][rfc1995]") {
    std::mt19937 random(GENERATE(range(1u, 9u)));
    Aged aged;
    std::vector<std::uint32_t> held;
    for (int step = 0; step < 150; ++step) {
        aged.store.clock.advance(Seconds(1 + static_cast<int>(random() % 20'000)));
        std::vector<zones::ZoneChange> changes;
        std::vector<zones::Edit> edits;
        for (auto left = 1 + random() % 3; left > 0; --left)
            edits.push_back(aged_edit(random));
        changes.push_back(change(kAgedApex, std::move(edits)));
        if (random() % 3 == 0)
            changes.push_back(replace_a("other.example.", "x.other.example.",
                                        "192.0.2." + std::to_string(random() % 250)));
        static_cast<void>(aged.submit(std::move(changes)));
        if (random() % 12 == 0) {  // Whoever is heard holds something that is not merged yet.
            const std::uint32_t oldest = aged.rows().back().serial_before;
            const auto& version = aged.versions[random() % aged.versions.size()];
            const auto rows = aged.rows();
            const bool is_single = std::any_of(rows.begin(), rows.end(), [&](const auto& row) {
                return row.serial_before == version.zone->serial() || row.serial_before == oldest;
            });
            if (is_single && aged.ixfr_from(version)) {
                held.push_back(version.zone->serial());
                aged.hold("192.0.2." + std::to_string(held.size()), held.back());
            }
        }
        if (random() % 20 == 0) static_cast<void>(aged.age_to(hours(random() % 200)));
    }
    REQUIRE(aged.versions.size() > 60);
    REQUIRE(held.size() > 3);
    check_all_versions(aged, held);
    REQUIRE(aged.age_to(hours(0)) > 0);
    check_all_versions(aged, held);
    CHECK(aged.rows().size() < aged.versions.size() / 2);
}

TEST_CASE(
    "Works that share a commit, and a step of many rows, keep their serials when they are merged",
    "[store][condensing]") {
    Aged aged;
    const auto in_one_commit = [&](int works) {
        std::vector<std::future<Verdict>> verdicts;
        std::promise<void> hold;
        Work first = as_work({replace_a(kAgedApex, "first.aged.example.", "192.0.2.1")});
        first.rows = [&](Writer&, zones::Change&) -> Result<void> {
            hold.get_future().wait();
            return {};
        };
        verdicts.push_back(aged.store.submit_later(std::move(first)));
        for (int each = 0; each < works; ++each)
            verdicts.push_back(aged.store.submit_later(
                as_work({replace_a(kAgedApex, "n" + std::to_string(each) + ".aged.example.",
                                   "192.0.2." + std::to_string(each + 1))})));
        hold.set_value();
        for (auto& each : verdicts)
            REQUIRE(each.get());
        aged.versions.push_back({aged.store.clock.now(), aged.store.zone(kAgedApex)});
    };
    aged.store.clock.advance(hours(1));
    in_one_commit(5);
    aged.store.clock.advance(hours(30));
    zones::ZoneChange large = change(kAgedApex, {});
    for (int each = 0; each < 40'000; ++each)
        large.edits.push_back(edit(zones::EditKind::ReplaceRRset,
                                   "h" + std::to_string(each) + "." + kAgedApex, RType::A,
                                   {"192.0.2.1"}));
    REQUIRE(aged.submit(std::move(large)));
    aged.store.clock.advance(hours(1));
    REQUIRE(aged.set("www", "192.0.2.99"));
    aged.store.clock.advance(hours(30));

    REQUIRE(aged.age_to(hours(0)) > 4);
    const auto rows = aged.rows();
    const auto parts =
        std::count_if(rows.begin(), rows.end(), [](const JournalRow& row) { return row.part > 0; });
    CHECK(parts > 0);  // As it was, in its rows.
    std::vector<std::uint32_t> begins;
    for (const JournalRow& row : rows)
        begins.push_back(row.serial_before);
    for (const Aged::Version& version : aged.versions) {
        if (version.zone->serial() == aged.versions.back().zone->serial()) continue;
        const bool is_due =
            std::find(begins.begin(), begins.end(), version.zone->serial()) != begins.end();
        const auto led = aged.ixfr_from(version);
        CHECK(led.has_value() == is_due);
        CHECK(led.value_or(true));
    }
}

TEST_CASE("A day of changes is one row, which says how many it holds and what they had in common",
          "[store][condensing]") {
    Aged aged;
    aged.store.clock.advance(hours(48));
    const std::uint32_t before = aged.store.zone(kAgedApex)->serial();
    for (int each = 1; each <= 5; ++each) {
        aged.store.clock.advance(Seconds(60));
        REQUIRE(aged.set("www", "192.0.2." + std::to_string(100 + each),
                         each == 3 ? "somebody" : "tester"));
    }
    const auto single = aged.rows();
    aged.store.clock.advance(hours(48));
    aged.age_to(hours(1));

    const auto rows = aged.rows();
    REQUIRE(rows.size() == 2);  // The other one made the zone.
    const JournalRow& merged = rows.front();
    CHECK(merged.is_merged());
    CHECK(merged.changes == 5);
    CHECK(merged.serial_before == before);
    CHECK(merged.serial_after == aged.store.zone(kAgedApex)->serial());
    CHECK(merged.id == single.front().id);
    CHECK(merged.first_id == single[4].id);
    CHECK(merged.began_at == single[4].at);
    CHECK(merged.at == single.front().at);
    CHECK(merged.actor.kind == "operator");
    CHECK(merged.actor.id.empty());
    CHECK(merged.actor.door == "rest");
    CHECK(merged.reason == "5 changes, kept as one");

    // In the middle it says what is known on either side.
    const auto inside = aged.past(aged.versions[3].zone->serial());
    REQUIRE_FALSE(inside);
    CHECK(inside.error().why == NoPast::Why::Merged);
    REQUIRE(inside.error().merged);
    CHECK(inside.error().merged->serial_before == before);
    CHECK(aged.past(merged.began_at - Milliseconds(1)));
    CHECK(aged.past(merged.at));
    CHECK_FALSE(aged.past(merged.at - Milliseconds(1)));
}

TEST_CASE("What a secondary that is behind needs stays while days are merged, until the bound",
          "[store][condensing][retention]") {
    Aged aged;
    std::vector<std::uint32_t> serials;
    for (int each = 0; each < 40; ++each) {
        aged.store.clock.advance(Seconds(600));
        REQUIRE(aged.set("n" + std::to_string(each), "192.0.2.1"));
        serials.push_back(aged.store.zone(kAgedApex)->serial());
    }
    const Aged::Version behind = aged.versions[20];
    const Aged::Version unknown = aged.versions[21];
    aged.hold("192.0.2.53 key upd.", behind.zone->serial());
    aged.store.clock.advance(hours(100));
    aged.age_to(hours(1));
    CHECK(aged.ixfr_from(behind) == true);
    CHECK_FALSE(aged.ixfr_from(unknown));

    // It stays dead: the bound of octets holds all the same, and what is lost is said to be.
    Retention tight;
    tight.condensed_octets = 200;
    aged.age_to(hours(1), tight);
    Statement octets = must(aged.writing.statement(
        "SELECT condensed_octets, (SELECT coalesce(sum(length(difference)), 0) FROM condensed)"
        " FROM history_bounds"));
    REQUIRE(must(octets.step()));
    CHECK(octets.integer(0) <= 200);
    CHECK(octets.integer(0) == octets.integer(1));
    CHECK_FALSE(aged.ixfr_from(behind));
    const auto gone = aged.past(behind.zone->serial());
    REQUIRE_FALSE(gone);
    CHECK(gone.error().why == NoPast::Why::OutOfReach);
    CHECK(gone.error().reaches_to.has_value());
    // What is served is untouched.
    CHECK(aged.past(aged.store.clock.now()));
}

TEST_CASE("A zone's secondaries are remembered, the longest silent are forgotten",
          "[store][condensing]") {
    Aged aged;
    for (std::uint32_t each = 0; each < kMostFollowers + 8; ++each) {
        aged.store.clock.advance(Seconds(1));
        aged.hold("192.0.2." + std::to_string(each), 1'000 + each);
    }
    aged.hold("192.0.2.20", 7);  // Heard again: it holds something else now.
    auto held = must(held_serials(aged.writing, kAgedApex));
    std::sort(held.begin(), held.end());
    CHECK(held.size() == kMostFollowers);
    CHECK(held.front() == 7);
    CHECK(held[1] == 1'008);
    must(write_follower(aged.writing, {name("none.example."), "192.0.2.1", 1}, {}));
    CHECK(must(held_serials(aged.writing, "none.example.")).empty());
}

TEST_CASE("A row that cannot be read is moved as it is and stops nothing", "[store][condensing]") {
    Aged aged;
    aged.store.clock.advance(hours(1));
    REQUIRE(aged.set("a", "192.0.2.1"));
    REQUIRE(aged.set("b", "192.0.2.1"));
    must(
        aged.writing.run("UPDATE journal SET difference = x'07' WHERE id = ?1", aged.rows()[1].id));
    aged.store.clock.advance(hours(100));
    CHECK(aged.age_to(hours(1)) > 0);
    const auto rows = aged.rows();
    REQUIRE(rows.size() == 3);
    CHECK(rows[1].difference == Octets{7});
    CHECK_FALSE(aged.ixfr_from(aged.versions.front()));
}

TEST_CASE("A step of pruning is bounded, and what many changes of one address cost is one row",
          "[store][condensing][cost]") {
    Aged aged;
    for (int each = 0; each < 1'500; ++each) {
        aged.store.clock.advance(Milliseconds(1));
        Work work =
            as_work({replace_a(kAgedApex, "n" + std::to_string(each % 50) + ".aged.example.",
                               "192.0.2." + std::to_string(each % 250)),
                     replace_a("other.example.", "x.other.example.",
                               "192.0.2." + std::to_string(each % 250))});
        static_cast<void>(aged.store.submit_later(std::move(work)));
    }
    REQUIRE(aged.set("last", "192.0.2.1"));  // Behind all of them.
    const std::size_t before = aged.rows().size();
    REQUIRE(before > 900);
    aged.store.clock.advance(hours(48));

    Retention retention;
    retention.journal_age = hours(1);
    const Stopwatch watch;
    std::size_t steps = 0, moved = 0;
    for (bool more = true; more; ++steps) {
        Transaction transaction = must(Transaction::begin(aged.writing));
        const Pruned pruned = must(prune(aged.writing, retention, aged.store.clock.now()));
        must(transaction.commit());
        moved += pruned.rows;
        more = pruned.more;
    }
    std::cout << "Merging " << moved << " changes took " << watch.nanoseconds() / 1'000 / moved
              << " us each, with " << steps << " commits\n";
    CHECK(aged.rows().size() <= 3);
}

}  // namespace
}  // namespace hairpin::store
