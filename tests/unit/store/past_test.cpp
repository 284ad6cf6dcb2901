#include "store/past.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "store/condensing.hpp"
#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;
using zones::RType;
using Why = NoPast::Why;

constexpr const char* kPastApex = "example.net.";

/// "owner TYPE ttl rdata rdata ..", a line for each RRset.
// A name is shown as it is spelled now; it is the same in either case (RFC 4343).
std::string line_of(const zones::Name& owner, RType type, const zones::RRset& rrset) {
    std::string line =
        owner.lower().text() + " " + zones::type_text(type) + " " + std::to_string(rrset.ttl());
    for (const OctetView rdata : rrset.rdatas())
        line += " " + zones::rdata_text(type, rdata);
    return line + "\n";
}

std::string text_of(const zones::ZoneRef& zone) {
    std::string text;
    zone->for_each([&](const zones::Name& owner, const zones::Node& node) {
        for (const zones::RRsetRef& each : node.rrsets())
            text += line_of(owner, each->type(), *each);
        return true;
    });
    return text;
}

std::vector<std::string> sorted_lines(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

/// A zone whose every version is remembered.
struct Recorded {
    struct Version {
        WallTime at;
        zones::ZoneRef zone;
    };

    Recorded() { create(); }
    void create() {
        std::string text = "www 60 IN A 192.0.2.1\n";
        for (int each = 0; each < 20; ++each)
            text += "fixed" + std::to_string(each) + " 60 IN A 192.0.2.1\n";
        submit(create_zone(kPastApex, text));
    }
    bool submit(zones::ZoneChange change, const std::string& actor = "tester") {
        store.clock.advance(Seconds(10));
        Work work;
        work.change = as_change({std::move(change)}, actor);
        const auto verdict = store.submit(std::move(work));
        if (!verdict || !verdict->zones.front().changed) return false;
        versions.push_back({store.clock.now(), store.zone(kPastApex)});
        return true;
    }
    bool set(const std::string& owner, const std::string& address, const std::string& actor = "x") {
        return submit(replace_a(kPastApex, owner + "." + kPastApex, address), actor);
    }
    [[nodiscard]] PastQuestion question(Moment moment) {
        return {name(kPastApex), store.zone(kPastApex), moment};
    }
    [[nodiscard]] Result<Past, NoPast> ask(const PastQuestion& question) {
        Reader reader = store.reader();
        return read_past(*reader, question);
    }
    /// The whole content, page by page.
    [[nodiscard]] std::string content(Moment moment, std::size_t page = 7) {
        const PastQuestion asked = question(moment);
        const auto past = ask(asked);
        if (!past) return "none: " + std::to_string(static_cast<int>(past.error().why));
        std::string text;
        std::optional<RRsetPlace> after;
        for (;;) {
            const auto rrsets = content_of(asked, *past, after, page);
            for (const PastRRset& each : rrsets)
                text += line_of(each.owner, each.type, *each.rrset);
            if (rrsets.size() < page) return text;
            after = RRsetPlace{rrsets.back().owner, rrsets.back().type};
        }
    }
    [[nodiscard]] Why refusal(Moment moment) {
        const auto past = ask(question(moment));
        REQUIRE_FALSE(past);
        return past.error().why;
    }

    OpenStore store;
    std::vector<Version> versions;
};

zones::Edit random_edit(std::mt19937& random) {
    static const std::vector<std::string> kOwners = {"",     "a.",      "A.", "b.a.",
                                                     "www.", "fixed3.", "z."};
    static const std::vector<zones::EditKind> kKinds = {
        zones::EditKind::ReplaceRRset, zones::EditKind::AddRecords, zones::EditKind::DeleteRecords,
        zones::EditKind::DeleteRRset, zones::EditKind::DeleteOwner};
    const bool is_text = random() % 2 == 0;
    const std::string number = std::to_string(random() % 5);
    return edit(kKinds[random() % kKinds.size()], kOwners[random() % kOwners.size()] + kPastApex,
                is_text ? RType::TXT : RType::A,
                {is_text ? "\"" + number + "\"" : "192.0.2." + number},
                random() % 4 == 0 ? 61 : 60);
}

TEST_CASE("After random changes every version is found again, by time and by serial",
          "[store][past][model]") {
    std::mt19937 random(GENERATE(range(1u, 5u)));
    Recorded recorded;
    for (int step = 0; step < 120; ++step) {
        std::vector<zones::Edit> edits;
        for (auto left = 1 + random() % 3; left > 0; --left)
            edits.push_back(random_edit(random));
        recorded.submit(change(kPastApex, std::move(edits)));
    }
    REQUIRE(recorded.versions.size() > 60);
    for (std::size_t each = 0; each < recorded.versions.size(); ++each) {
        const auto& [at, zone] = recorded.versions[each];
        INFO("version " << each << " of " << recorded.versions.size());
        const std::string wanted = text_of(zone);
        REQUIRE(recorded.content(at) == wanted);
        REQUIRE(recorded.content(at + Milliseconds(9'999), 1'000) == wanted);
        REQUIRE(recorded.content(zone->serial(), 1) == wanted);
    }
}

TEST_CASE("The difference of any two moments leads from one to the other", "[store][past][model]") {
    std::mt19937 random(11);
    Recorded recorded;
    for (int step = 0; step < 60; ++step)
        recorded.submit(change(kPastApex, {random_edit(random), random_edit(random)}));
    for (int pair = 0; pair < 60; ++pair) {
        const auto& from = recorded.versions[random() % recorded.versions.size()];
        const auto& to = recorded.versions[random() % recorded.versions.size()];
        const auto before = recorded.ask(recorded.question(from.zone->serial()));
        const auto after = recorded.ask(recorded.question(to.at));
        REQUIRE((before && after));
        std::string lines = text_of(from.zone);
        for (const auto& each : difference_of(recorded.store.zone(kPastApex), *before, *after)) {
            if (each.before) {
                const std::string line = line_of(each.owner, each.type, *each.before);
                const auto at = lines.find(line);
                REQUIRE(at != std::string::npos);
                lines.erase(at, line.size());
            }
            if (each.after) lines += line_of(each.owner, each.type, *each.after);
        }
        CHECK(sorted_lines(lines) == sorted_lines(text_of(to.zone)));
    }
}

TEST_CASE("Who changed what is asked about is told, not who changed something else",
          "[store][past]") {
    Recorded recorded;
    recorded.set("nur3", "192.0.2.3", "acme/nur3");
    const WallTime then = recorded.versions.back().at;
    recorded.set("nur4", "192.0.2.4", "acme/nur4");
    const WallTime later = recorded.versions.back().at;
    recorded.set("nur3", "192.0.2.33", "somebody");

    PastQuestion asked = recorded.question(later);
    asked.owner = name("NUR3.example.net.");
    asked.type = RType::A;
    const auto past = recorded.ask(asked);
    REQUIRE(past);
    const auto rrsets = content_of(asked, *past, {}, 10);
    REQUIRE(rrsets.size() == 1);
    CHECK(line_of(rrsets[0].owner, RType::A, *rrsets[0].rrset) ==
          "nur3.example.net. A 60 192.0.2.3\n");
    REQUIRE(past->changed_by);
    CHECK(past->changed_by->actor.id == "acme/nur3");
    CHECK(past->changed_by->at == then);
    CHECK(recorded.ask(recorded.question(later))->changed_by->actor.id == "acme/nur4");

    // Before it was there, the name has nothing, and the zone itself has.
    asked.moment = recorded.versions.front().at;
    const auto before = recorded.ask(asked);
    REQUIRE(before);
    CHECK(content_of(asked, *before, {}, 10).empty());
    CHECK_FALSE(before->changed_by);
}

TEST_CASE("Moments at which the zone was not there are told from those out of reach",
          "[store][past]") {
    Recorded recorded;
    const auto first = recorded.versions.front();
    CHECK(recorded.refusal(first.at - Milliseconds(1)) == Why::NotThere);
    CHECK(recorded.refusal(first.zone->serial() - 1) == Why::NotThere);
    recorded.set("www", "192.0.2.2");
    CHECK(recorded.refusal(recorded.versions.back().zone->serial() + 1) == Why::NotThere);

    zones::ZoneChange drop;
    drop.apex = name(kPastApex);
    drop.action = zones::ZoneAction::Drop;
    const std::string last = text_of(recorded.store.zone(kPastApex));
    const auto serial = recorded.store.zone(kPastApex)->serial();
    recorded.store.clock.advance(Seconds(10));
    REQUIRE(recorded.store.submit(std::move(drop)));
    CHECK(recorded.refusal(recorded.store.clock.now()) == Why::NotThere);
    CHECK(recorded.content(recorded.store.clock.now() - Seconds(1)) == last);
    CHECK(recorded.content(serial) == last);
    // Made anew: what was before it is still found.
    recorded.create();
    CHECK(recorded.content(first.at) == text_of(first.zone));
    CHECK(recorded.content(serial) == last);
    CHECK(recorded.refusal(recorded.versions.back().at - Milliseconds(1)) == Why::NotThere);
    CHECK_FALSE(recorded.ask({name("none.example."), {}, recorded.store.clock.now()}));
}

/// The oldest `rows` go for good.
void lose(OpenStore& store, std::size_t rows) {
    Database database = open_database(store.path());
    Statement find = must(
        database.statement("SELECT max(id) FROM (SELECT id FROM journal ORDER BY id LIMIT ?1)"));
    find.bind(static_cast<std::int64_t>(rows));
    REQUIRE(must(find.step()));
    const std::int64_t last = find.integer(0);
    must(find.run());
    Retention nothing_merged;
    nothing_merged.condensed_octets = 0;
    Transaction transaction = must(Transaction::begin(database));
    static_cast<void>(must(condense_journal(database, last)));
    static_cast<void>(must(prune(database, nothing_merged, store.clock.now())));
    must(transaction.commit());
}

TEST_CASE("Where history was pruned it is said how far back it reaches", "[store][past]") {
    Recorded recorded;
    for (int each = 1; each < 6; ++each)
        recorded.set("www", "192.0.2." + std::to_string(each + 1));
    const auto versions = recorded.versions;
    lose(recorded.store, 3);
    // The oldest row that is left leads from version 2 to version 3.
    CHECK(recorded.content(versions[3].at) == text_of(versions[3].zone));
    CHECK(recorded.content(versions[2].zone->serial()) == text_of(versions[2].zone));
    CHECK(recorded.content(versions[2].at) == text_of(versions[2].zone));
    CHECK(recorded.refusal(versions[1].zone->serial()) == Why::OutOfReach);
    const auto past = recorded.ask(recorded.question(versions[2].at - Milliseconds(1)));
    REQUIRE_FALSE(past);
    CHECK(past.error().why == Why::OutOfReach);
    CHECK(past.error().reaches_to == versions[2].at);

    // Without a single row the zone has been as it is since the last change that is gone.
    lose(recorded.store, 100);
    CHECK(recorded.content(recorded.store.clock.now()) == text_of(versions.back().zone));
    CHECK(recorded.refusal(versions.back().at - Milliseconds(1)) == Why::OutOfReach);
    CHECK(recorded.content(versions.back().zone->serial()) == text_of(versions.back().zone));
    // A zone that was dropped and is forgotten is told from one that never was.
    zones::ZoneChange drop;
    drop.apex = name(kPastApex);
    drop.action = zones::ZoneAction::Drop;
    recorded.store.clock.advance(Seconds(10));
    REQUIRE(recorded.store.submit(std::move(drop)));
    lose(recorded.store, 100);
    CHECK(recorded.refusal(versions.back().at) == Why::OutOfReach);
    CHECK(recorded.ask({name("none.example."), {}, versions.back().at}).error().why ==
          Why::NotThere);
}

TEST_CASE("A past that would cost too much is not read", "[store][past][hostile]") {
    Recorded recorded;
    for (int each = 1; each < 40; ++each)
        recorded.set("n" + std::to_string(each), "192.0.2.1");
    PastQuestion asked = recorded.question(recorded.versions.front().at);
    asked.most_octets = 4'096;
    CHECK(recorded.ask(asked).error().why == Why::TooLarge);
    asked.owner = name("n1.example.net.");  // Of one name it is little.
    CHECK(recorded.ask(asked));
    asked.most_rows = 20;
    CHECK(recorded.ask(asked).error().why == Why::TooLarge);
}

TEST_CASE("A serial that moved without a step, as a restore moves it, is one the zone had",
          "[store][past]") {
    Recorded recorded;
    recorded.set("www", "192.0.2.2");
    const auto last = recorded.versions.back();
    const auto moved = zones::apply(
        last.zone,
        change(kPastApex, {edit(zones::EditKind::ReplaceRRset, kPastApex, RType::SOA,
                                {"ns1.example.org. hostmaster.example.org. 1900000000 3600 600"
                                 " 604800 60"},
                                3600)}),
        {0, {}}, {});
    REQUIRE(moved);
    PastQuestion asked = recorded.question(std::uint32_t{1'900'000'000});
    asked.now = moved->zone;
    for (const Moment moment : {asked.moment, Moment(last.at), Moment(last.zone->serial())}) {
        asked.moment = moment;
        const auto past = recorded.ask(asked);
        REQUIRE(past);
        CHECK(past->different.empty());
    }
    asked.moment = recorded.versions.front().at;
    CHECK(recorded.ask(asked)->serial == recorded.versions.front().zone->serial());
}

TEST_CASE("What is committed and not published yet is not undone", "[store][past]") {
    Recorded recorded;
    const zones::ZoneRef published = recorded.store.zone(kPastApex);
    PastQuestion asked = recorded.question(recorded.versions.front().at + Seconds(60));
    recorded.set("www", "192.0.2.2");
    asked.now = published;  // As a reader has it that was a moment too early.
    const auto past = recorded.ask(asked);
    REQUIRE(past);
    CHECK(past->serial == published->serial());
    CHECK(past->different.empty());
}

}  // namespace
}  // namespace hairpin::store
