// tests/simulation/simulated_ca.hpp - a CA in simulated time, with limits of its own.
//
// It counts in its own way, so that what our budget overlooks is seen: either tokens as a number
// that grows (as Let's Encrypt says that it counts; ours keeps a time instead), or the moments
// themselves in a sliding window. An order that is over a limit is refused, and noted: a fleet that
// keeps the limits never meets that.
//
// What counts: an order that names its predecessor inside its window counts nowhere; one for names
// that it issued for before counts for the account and the exact set; any other one for the domain
// too. Orders that come to nothing count as well.
//
// It does not always work: in a time of trouble a part of all requests fails, or is answered late.
//
// Threads   One.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "acme/breaker.hpp"
#include "acme/renewal_window.hpp"
#include "core/clock.hpp"

namespace hairpin::tests {

inline constexpr Seconds kSimHour{3600};
inline constexpr Seconds kSimDay = kSimHour * 24;

enum class CountingWay : std::uint8_t { Tokens, Window };

struct CountedLimit {
    double count = 0;
    Milliseconds period{0};
};

/// One key of one limit.
class LimitCounter {
public:
    LimitCounter(CountingWay way, CountedLimit limit, WallTime now)
        : way_(way), limit_(limit), left_(limit.count), at_(now) {}

    [[nodiscard]] bool may_take(WallTime now);
    void take(WallTime now);
    /// Tokens: what is missing keeps its time, as at Let's Encrypt, whose buckets are times.
    void change(CountedLimit limit, WallTime now);
    /// Window: how many moments are in it.
    [[nodiscard]] bool is_idle(WallTime now);

private:
    void pass(WallTime now);

    CountingWay way_;
    CountedLimit limit_;
    double left_;  // Tokens.
    WallTime at_;
    std::deque<WallTime> taken_;  // Window.
};

struct SimulatedOrder {
    std::vector<std::string> names;  // Sorted.
    std::string domain;
    std::string profile;
    std::string replaces;  // The number of its predecessor; empty: none.
};

struct SimulatedCertificate {
    std::size_t number = 0;
    std::string names;  // With commas.
    WallTime not_before{};
    WallTime not_after{};
    std::optional<WallTime> called_back_at;
    std::optional<WallTime> revoked_at;  // Or will be.
    bool is_replaced = false;

    /// When it is of no use any more.
    [[nodiscard]] WallTime ends_at() const {
        return revoked_at ? std::min(*revoked_at, not_after) : not_after;
    }
};

struct SimulatedCaOptions {
    CountingWay way = CountingWay::Tokens;
    CountedLimit orders_per_account{300, kSimHour * 3};
    std::optional<CountedLimit> certificates_per_domain = CountedLimit{50, kSimDay * 7};
    CountedLimit certificates_per_names{5, kSimDay * 7};
    CountedLimit failures_per_name{5, kSimHour};
    bool has_renewal_info = true;
    double failing = 0.002;  // Of the authorizations.
    std::function<Milliseconds(const std::string& profile, WallTime now)> lifetime;
};

/// From when to when which part of the requests comes to nothing, and which part comes late.
struct TroubledTime {
    WallTime from{};
    WallTime to{};
    double failing = 1;
    double slow = 0;  // Of those that do not fail.
};

class SimulatedCa {
public:
    SimulatedCa(SimulatedCaOptions options, std::uint32_t seed)
        : options_(std::move(options)), random_(seed) {}

    void add_trouble(const TroubledTime& trouble) { troubles_.push_back(trouble); }
    void add_outage(WallTime from, WallTime to) { add_trouble({from, to, 1, 0}); }
    /// Not in an outage; it may fail all the same.
    [[nodiscard]] bool is_up(WallTime now) const;
    /// What becomes of a request to it, as far as its network and its servers go.
    [[nodiscard]] acme::CaOutcome request(WallTime now);
    void set_domain_limit(CountedLimit limit, WallTime now);
    void set_account_limit(CountedLimit limit, WallTime now);

    /// Why it is refused; empty: it is placed.
    [[nodiscard]] std::string new_order(const SimulatedOrder& order, WallTime now);
    /// Whether the CA found what it looked for.
    [[nodiscard]] bool authorize(const SimulatedOrder& order, WallTime now);
    [[nodiscard]] const SimulatedCertificate& issue(const SimulatedOrder& order, WallTime now);
    [[nodiscard]] acme::RenewalSuggestion renewal_info(std::size_t number, WallTime now) const;
    [[nodiscard]] bool has_renewal_info() const { return options_.has_renewal_info; }

    /// From now on its window is in the past; at `revoked_at` it is revoked.
    void call_back(std::size_t number, WallTime now, WallTime revoked_at);
    [[nodiscard]] const SimulatedCertificate& certificate(std::size_t number) const {
        return certificates_.at(number);
    }

    struct Counts {
        std::int64_t orders = 0;
        std::int64_t exempt = 0;
        std::int64_t renewals = 0;  // Not exempt.
        std::int64_t failed = 0;
        std::int64_t issued = 0;
    };
    [[nodiscard]] const Counts& counts() const noexcept { return counts_; }
    /// Orders over a limit, in words; at most a few are kept.
    [[nodiscard]] const std::vector<std::string>& overruns() const noexcept { return overruns_; }

private:
    [[nodiscard]] LimitCounter& counter(const char* what, const std::string& key,
                                        CountedLimit limit, WallTime now);
    [[nodiscard]] bool is_exempt(const SimulatedOrder& order, WallTime now) const;
    void tidy(WallTime now);
    [[nodiscard]] bool draws(double part);

    const SimulatedCaOptions options_;
    std::mt19937 random_;
    std::vector<TroubledTime> troubles_;
    std::optional<CountedLimit> domain_limit_ = options_.certificates_per_domain;
    CountedLimit account_limit_ = options_.orders_per_account;
    std::map<std::string, LimitCounter> counters_;  // By "limit key".
    std::vector<SimulatedCertificate> certificates_;
    std::unordered_map<std::string, WallTime> issued_;  // Names: when last.
    WallTime tidied_{};
    Counts counts_;
    std::vector<std::string> overruns_;
};

[[nodiscard]] std::string joined(const std::vector<std::string>& names);

}  // namespace hairpin::tests
