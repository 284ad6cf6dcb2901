#include "acme/waiting_line.hpp"

#include <catch2/catch.hpp>

namespace hairpin::acme {
namespace {

constexpr Milliseconds kLineHour{3600 * 1000};
const WallTime kMorning = from_unix_milliseconds(1'795'000'000'000);
const Charge kAccountBucket{Limit::OrdersPerAccount, ""};
const Charge kNetBucket{Limit::CertificatesPerDomain, "example.net"};

struct Line {
    Budget budget{preset_of("https://acme-v02.api.letsencrypt.org/directory").allowances};
    WaitingLine waiting;
    WallTime now = kMorning;

    void put(std::int64_t id, WorkClass work, Milliseconds age = Milliseconds(0),
             const std::string& domain = "example.net") {
        waiting.put(one(id, work, age, domain), budget, now);
    }
    static Waiting one(std::int64_t id, WorkClass work, Milliseconds age,
                       const std::string& domain) {
        Waiting made;
        made.id = made.server_id = id;
        made.work = work;
        made.due = made.since = kMorning - age;
        const std::string label = std::to_string(id) + ".";
        made.keys = {domain, "nur" + label + domain, "i-nur" + label + domain, false};
        return made;
    }
    /// Ids that may go now, in their order.
    std::vector<std::int64_t> take_all() {
        std::vector<std::int64_t> ids;
        while (const auto gone = waiting.take(budget, now))
            ids.push_back(gone->id);
        return ids;
    }
    void allow(std::int64_t count, const std::string& domain = "example.net") {
        budget.set_override(Limit::CertificatesPerDomain, domain, Allowance{count, kLineHour, 100},
                            now);
    }
    std::vector<std::int64_t> take_at_next() {
        now = waiting.next_at(budget, now).value();
        return take_all();
    }
};

using Ids = std::vector<std::int64_t>;

TEST_CASE("the line is ordered by class, then by expiry or age", "[acme]") {
    Line line;
    line.put(1, WorkClass::Canary, kLineHour * 9);
    line.put(2, WorkClass::Reissue);
    line.put(3, WorkClass::Renewal, kLineHour);
    line.put(4, WorkClass::Renewal, kLineHour * 2);
    line.put(5, WorkClass::First, kLineHour);
    line.put(6, WorkClass::First, kLineHour * 3);
    line.put(7, WorkClass::Incident);
    CHECK(line.waiting.waiting_by_class() == std::array<std::size_t, 5>{1, 2, 2, 1, 1});
    CHECK(line.take_all() == Ids{7, 6, 5, 4, 3, 2, 1});
    CHECK(line.waiting.size() == 0);
    CHECK_FALSE(line.waiting.next_at(line.budget, line.now));
}

TEST_CASE("each token goes to the head of the line, whoever came last", "[acme]") {
    Line line;
    line.allow(1);
    line.put(1, WorkClass::Renewal);
    line.put(2, WorkClass::Renewal, kLineHour);
    CHECK(line.take_all() == Ids{2});
    line.put(3, WorkClass::First);
    CHECK(line.take_at_next() == Ids{3});
    CHECK(line.now == kMorning + kLineHour);
    CHECK(line.take_at_next() == Ids{1});
    CHECK(line.now == kMorning + kLineHour * 2);
}

TEST_CASE("an empty bucket holds back its own and nobody else", "[acme]") {
    Line line;
    line.allow(1);
    for (const std::int64_t id : {1, 2, 3})
        line.put(id, WorkClass::First);
    line.put(4, WorkClass::Canary, {}, "example.org");
    Waiting exempt = Line::one(5, WorkClass::Renewal, {}, "example.net");
    exempt.keys.is_exempt = true;
    line.waiting.put(exempt, line.budget, line.now);
    CHECK(line.take_all() == Ids{1, 5, 4});
    CHECK(line.waiting.hold_of(2, line.budget, line.now)->bucket == kNetBucket);
    CHECK(line.waiting.waiting_by_domain() ==
          std::map<std::string, std::size_t>{{"example.net", 2}});
}

TEST_CASE("an order that is exempt draws neither of the account nor of the domain", "[acme]") {
    Line line;
    line.budget.close(kAccountBucket, kMorning + kLineHour * 5);
    line.budget.close(kNetBucket, kMorning + kLineHour * 5);
    const auto before = line.budget.arrivals();
    Waiting exempt = Line::one(1, WorkClass::Renewal, {}, "example.net");
    exempt.keys.is_exempt = true;
    line.waiting.put(exempt, line.budget, line.now);
    line.put(2, WorkClass::Incident);
    CHECK(line.take_all() == Ids{1});
    for (const auto& [bucket, arrival] : before)
        CHECK(line.budget.arrivals().at(bucket) == arrival);
    CHECK(line.take_at_next() == Ids{2});
    CHECK(line.now == kMorning + kLineHour * 5);
}

TEST_CASE("a class that is parked waits, and the others go on", "[acme]") {
    Line line;
    line.put(1, WorkClass::First);
    line.put(2, WorkClass::Renewal);
    line.waiting.park(WorkClass::First, kMorning + kLineHour, "too many requests");
    line.waiting.park(WorkClass::First, kMorning, "an earlier date changes nothing");
    CHECK(line.take_all() == Ids{2});
    REQUIRE(line.waiting.parked(line.now).size() == 1);
    CHECK(line.waiting.parked(line.now)[0].reason == "too many requests");
    const auto hold = line.waiting.hold_of(1, line.budget, line.now);
    REQUIRE(hold);
    CHECK_FALSE(hold->bucket);
    CHECK(line.take_at_next() == Ids{1});
    CHECK(line.now == kMorning + kLineHour);
    CHECK(line.waiting.parked(line.now).empty());
}

TEST_CASE("dead names wait behind the living and leave them half of a bucket", "[acme]") {
    Line line;
    line.allow(10);
    for (std::int64_t id = 1; id <= 20; ++id) {
        Waiting dead = Line::one(id, WorkClass::Incident, kLineHour * 100, "example.net");
        dead.is_dead = true;
        line.waiting.put(dead, line.budget, line.now);
    }
    line.put(100, WorkClass::Canary);
    // The canary before them all, and of ten tokens five are left.
    CHECK(line.take_all() == Ids{100, 1, 2, 3, 4});
    CHECK(line.budget.level(kNetBucket, line.now)->left == 5);
    for (std::int64_t id = 101; id <= 105; ++id)
        line.put(id, WorkClass::First);
    CHECK(line.take_all() == Ids{101, 102, 103, 104, 105});
}

TEST_CASE("a name that failed too often is held by its own bucket until it refills", "[acme]") {
    Line line;
    line.put(1, WorkClass::First);
    line.put(2, WorkClass::First);
    const OrderKeys failing = Line::one(1, WorkClass::First, {}, "example.net").keys;
    line.budget.take(failure_charges_of(failing), line.now);
    line.budget.take(failure_charges_of(failing), line.now);
    line.waiting.look_anew(line.budget, line.now);
    CHECK(line.take_all() == Ids{2});
    CHECK(line.waiting.hold_of(1, line.budget, line.now)->bucket->limit == Limit::FailuresPerName);
    CHECK(line.take_at_next() == Ids{1});
    CHECK(line.now == kMorning + kLineHour / 2);
}

TEST_CASE("who leaves the line, or is put anew, is nowhere else in it", "[acme]") {
    Line line;
    for (std::int64_t id = 1; id <= 4; ++id)
        line.put(id, WorkClass::First, kLineHour * id);
    line.waiting.erase(4);
    line.waiting.erase(4);
    line.waiting.erase(99);
    line.put(3, WorkClass::Canary);
    CHECK(line.waiting.size() == 3);
    CHECK_FALSE(line.waiting.contains(4));
    CHECK(line.take_all() == Ids{2, 1, 3});
    CHECK_FALSE(line.waiting.hold_of(2, line.budget, line.now));
}

TEST_CASE("classes have words, and words their classes", "[acme]") {
    for (std::size_t each = 0; each < kWorkClasses; ++each)
        CHECK(work_class_from_text(to_string(static_cast<WorkClass>(each))) ==
              static_cast<WorkClass>(each));
    CHECK_FALSE(work_class_from_text("reissue"));
}

}  // namespace
}  // namespace hairpin::acme
