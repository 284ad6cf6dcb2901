#include "acme/budget.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

namespace hairpin::acme {
namespace {

constexpr Milliseconds kBudgetHour{3600 * 1000};
constexpr Milliseconds kBudgetDay = kBudgetHour * 24;
const WallTime kYear = from_unix_milliseconds(1'795'000'000'000);
const OrderKeys kOrderOfNur1{"example.net", "nur1.pl-a.example.net", "i-nur1.pl-a.example.net",
                             false};

const Allowances& lets_encrypt() {
    return preset_of("https://acme-v02.api.letsencrypt.org/directory").allowances;
}

TEST_CASE("an order takes of its account, its registered domain and its set of names", "[acme]") {
    const auto charges = charges_of(kOrderOfNur1);
    REQUIRE(charges.size() == 3);
    CHECK(charges[0] == Charge{Limit::OrdersPerAccount, ""});
    CHECK(charges[1] == Charge{Limit::CertificatesPerDomain, "example.net"});
    CHECK(charges[2] ==
          Charge{Limit::CertificatesPerNames, "i-nur1.pl-a.example.net,nur1.pl-a.example.net"});
    OrderKeys exempt = kOrderOfNur1;
    exempt.is_exempt = true;
    CHECK(charges_of(exempt) == std::vector{names_charge_of(kOrderOfNur1)});
    CHECK(failure_charges_of(kOrderOfNur1).size() == 4);
    OrderKeys renewal = kOrderOfNur1;
    renewal.is_renewal = true;
    CHECK(charges_of(renewal) ==
          std::vector{Charge{Limit::OrdersPerAccount, ""}, names_charge_of(kOrderOfNur1)});
}

TEST_CASE("what was taken and given back is as if it had not been taken", "[acme]") {
    Budget budget(lets_encrypt());
    const auto charges = charges_of(kOrderOfNur1);
    budget.take(charges, kYear);
    const auto once = budget.arrivals();
    budget.take(charges, kYear);
    budget.give_back(charges);
    CHECK(budget.arrivals() == once);
    budget.give_back(charges);
    for (const auto& [bucket, arrival] : budget.arrivals())
        CHECK(arrival == kYear);
    budget.forget_full(kYear);
    CHECK(budget.arrivals().empty());
    // Of a bucket that nobody took from nothing comes back.
    budget.give_back(charges);
    CHECK(budget.arrivals().empty());
}

TEST_CASE("an override holds for its key before the one for every key, and that before the preset",
          "[acme]") {
    Budget budget(lets_encrypt());
    const Limit domains = Limit::CertificatesPerDomain;
    const Allowance all{100, kBudgetDay, 90};
    const Allowance own{1'000, kBudgetDay, 90};
    CHECK(budget.allowance(domains, "example.net")->count == 50);
    budget.set_override(domains, "", all, kYear);
    budget.set_override(domains, "example.net", own, kYear);
    CHECK(budget.allowance(domains, "example.net") == own);
    CHECK(budget.allowance(domains, "example.org") == all);
    CHECK(budget.is_overridden(domains, "example.org"));
    CHECK(budget.overrides().size() == 2);
    budget.set_override(domains, "", std::nullopt, kYear);
    CHECK_FALSE(budget.is_overridden(domains, "example.org"));
    CHECK(budget.allowance(domains, "example.org")->count == 50);
    CHECK(budget.allowance(domains, "example.net") == own);
}

TEST_CASE("raising a limit keeps the time that a bucket is ahead, as the CA does", "[acme]") {
    Budget budget(lets_encrypt());
    const Limit domains = Limit::CertificatesPerDomain;
    const std::vector<Charge> bucket = {{domains, "example.net"}};
    budget.set_override(domains, "example.net", Allowance{2, kBudgetHour, 90}, kYear);
    budget.take(bucket, kYear);
    budget.take(bucket, kYear);
    CHECK(budget.open_at(bucket[0], kYear) > kYear);
    budget.set_override(domains, "example.net", Allowance{4, kBudgetHour, 90}, kYear);
    CHECK(budget.level(bucket[0], kYear)->left == 0);
    CHECK(budget.open_at(bucket[0], kYear) ==
          kYear + budget.level(bucket[0], kYear)->rate.interval);
    budget.set_override(domains, "example.net", Allowance{1, kBudgetHour, 90}, kYear);
    CHECK(budget.open_at(bucket[0], kYear) > kYear + kBudgetHour);
}

TEST_CASE("a limit that the CA does not have holds nothing back", "[acme]") {
    Budget budget(Allowances{});
    const auto charges = charges_of(kOrderOfNur1);
    for (int each = 0; each < 1'000; ++each)
        budget.take(charges, kYear);
    CHECK(budget.all_open_at(charges, kYear) == kYear);
    CHECK(budget.arrivals().empty());
    CHECK(budget.levels(kYear, 10).empty());
}

/// Counts what was ordered, and knows nothing of buckets: only the times, and what the CA says.
class IndependentCount {
public:
    void note(WallTime at) { times_.push_back(at); }
    /// The most within any window of that length.
    [[nodiscard]] std::size_t most_within(Milliseconds window) const {
        std::size_t most = 0;
        for (std::size_t last = 0, first = 0; last < times_.size(); ++last) {
            while (times_[first] <= times_[last] - window)
                ++first;
            most = std::max(most, last + 1 - first);
        }
        return most;
    }
    /// Let's Encrypt's sentence: "up to `count`, refilled at a rate of one every period / count".
    [[nodiscard]] bool was_refused(std::int64_t count, Milliseconds period) const {
        double level = static_cast<double>(count);
        for (std::size_t each = 0; each < times_.size(); ++each) {
            if (each > 0) {
                const auto passed = static_cast<double>((times_[each] - times_[each - 1]).count());
                level = std::min(static_cast<double>(count),
                                 level + passed * static_cast<double>(count) /
                                             static_cast<double>(period.count()));
            }
            if (level < 1.0) return true;
            level -= 1.0;
        }
        return false;
    }
    [[nodiscard]] std::size_t size() const { return times_.size(); }

private:
    std::vector<WallTime> times_;
};

struct YearOfOrders {
    std::map<Charge, IndependentCount> counts;
    std::size_t placed = 0;
    std::size_t refused = 0;
};

/// A year of requests in bursts and lulls, for servers of three registered domains; in the middle
/// of each week the process is restarted and knows what was stored.
YearOfOrders simulate_year(const Allowances& allowances, unsigned seed) {
    std::mt19937 random(seed);
    YearOfOrders year;
    Budget budget(allowances);
    WallTime now = kYear;
    WallTime restart = now + kBudgetDay * 3;
    while (now < kYear + kBudgetDay * 365) {
        const auto burst = std::uniform_int_distribution<int>(1, 60)(random);
        for (int each = 0; each < burst; ++each) {
            const auto server = std::uniform_int_distribution<int>(1, 400)(random);
            const std::string domain = "domain" + std::to_string(server % 3) + ".example";
            const std::string label = "nur" + std::to_string(server);
            const OrderKeys order{domain, label + "." + domain, "i-" + label + "." + domain, false};
            const auto charges = charges_of(order);
            if (budget.all_open_at(charges, now) > now) {
                ++year.refused;
                continue;
            }
            budget.take(charges, now);
            ++year.placed;
            for (const Charge& charge : charges)
                year.counts[charge].note(now);
            now += Milliseconds(std::uniform_int_distribution<int>(0, 2'000)(random));
        }
        const bool is_lull = std::uniform_int_distribution<int>(0, 9)(random) == 0;
        const int longest = is_lull ? 10 * 24 * 3600 : 4 * 3600;
        now += Seconds(std::uniform_int_distribution<int>(0, longest)(random));
        budget.forget_full(now);
        if (now < restart) continue;
        restart += kBudgetDay * 7;
        Budget next(allowances);
        for (const auto& [bucket, arrival] : budget.arrivals())
            next.load(bucket, arrival);
        budget = std::move(next);
    }
    return year;
}

TEST_CASE("over a year of random load, with restarts, no limit of Let's Encrypt is exceeded",
          "[acme][budget]") {
    for (const unsigned seed : {1U, 2U, 3U}) {
        const YearOfOrders year = simulate_year(lets_encrypt(), seed);
        // The load was one that would have exceeded them.
        CHECK(year.refused > year.placed);
        CHECK(year.placed > 3U * 45U * 40U);
        for (const auto& [bucket, count] : year.counts) {
            const Allowance published = *lets_encrypt()[static_cast<std::size_t>(bucket.limit)];
            INFO(to_string(bucket.limit) << " " << bucket.key << " " << count.size());
            CHECK_FALSE(count.was_refused(published.count, published.period));
        }
    }
}

TEST_CASE("of a CA that counts in windows, no window holds more than its limit", "[acme][budget]") {
    Allowances unknown = preset_of("https://ca.example/directory").allowances;
    // Its exact set is left at what Let's Encrypt says of itself: here the other two are looked at.
    const YearOfOrders year = simulate_year(unknown, 4);
    CHECK(year.refused > year.placed);
    std::size_t looked_at = 0;
    for (const auto& [bucket, count] : year.counts) {
        if (bucket.limit == Limit::CertificatesPerNames) continue;
        const Allowance published = *unknown[static_cast<std::size_t>(bucket.limit)];
        INFO(to_string(bucket.limit) << " " << bucket.key);
        CHECK(count.most_within(published.period) <= static_cast<std::size_t>(published.count));
        ++looked_at;
    }
    CHECK(looked_at == 4);  // An account, three domains.
}

TEST_CASE("the independent count does find an excess", "[acme][budget]") {
    IndependentCount count;
    for (int each = 0; each < 51; ++each)
        count.note(kYear + Milliseconds(each));
    CHECK(count.was_refused(50, kBudgetDay * 7));
    CHECK_FALSE(count.was_refused(51, kBudgetDay * 7));
    CHECK(count.most_within(kBudgetHour) == 51);
    CHECK(count.most_within(Milliseconds(10)) == 10);
}

}  // namespace
}  // namespace hairpin::acme
