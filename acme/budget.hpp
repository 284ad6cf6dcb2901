// acme/budget.hpp - what may still be asked of one CA: every bucket of limits.hpp, and the
// overrides.
//
// A ledger in memory. The store holds the same (store/budget_rows.hpp): a bucket's arrival is
// written in the transaction that takes from it, and what a start reads is what the last run wrote.
// Buckets that are full again are forgotten, here and there: a bucket that is not known is full.
//
// Pure: no SQL, no clock. The engine asks it with the time that is; plan.hpp, with the times that
// will be.
//
// Threads   One.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "acme/limits.hpp"
#include "core/clock.hpp"

namespace hairpin::acme {

/// One token of one bucket.
struct Charge {
    Limit limit = Limit::OrdersPerAccount;
    std::string key;
    friend auto operator<=>(const Charge&, const Charge&) = default;
};

/// What the tokens of one order are taken from.
struct OrderKeys {
    std::string domain;  // The registered domain of its names.
    std::string public_name;
    std::string internal_name;  // Empty: it has none.
    /// The CA counts it in no limit of account or domain (RFC 9773 `replaces` in its window).
    bool is_exempt = false;
    std::vector<std::string> other_names = {};
    /// This CA has issued for exactly these names before: it does not count them for the domain
    /// again, in its window or not.
    bool is_renewal = false;
};
/// All that an order takes a token of.
[[nodiscard]] std::vector<Charge> charges_of(const OrderKeys& order);
/// The part of them that an order shares with others: account and domain.
[[nodiscard]] std::vector<Charge> shared_charges_of(const OrderKeys& order);
/// The part that is its own: the exact set.
[[nodiscard]] Charge names_charge_of(const OrderKeys& order);
/// What failed authorizations of its names take; they must have a token left for it to be placed.
[[nodiscard]] std::vector<Charge> failure_charges_of(const OrderKeys& order);

class Budget {
public:
    explicit Budget(const Allowances& preset) : preset_(preset) {}

    /// An override for one key, or ("") for every key of the limit; empty: back to the preset. The
    /// buckets it is about are rescaled().
    void set_override(Limit limit, const std::string& key, std::optional<Allowance> allowance,
                      WallTime now);
    /// What holds of a key: its override, else that for every key, else the preset. Empty: no
    /// limit.
    [[nodiscard]] std::optional<Allowance> allowance(Limit limit, std::string_view key) const;
    [[nodiscard]] bool is_overridden(Limit limit, std::string_view key) const;

    /// What the store knows of a bucket.
    void load(const Charge& bucket, WallTime arrival) { arrivals_[bucket] = arrival; }

    /// When the bucket lets a token out so that `keep_half` of it stays; empty: it has no limit.
    [[nodiscard]] std::optional<WallTime> open_at(const Charge& bucket, WallTime now,
                                                  bool keep_half = false) const;
    /// The first moment from `now` on at which all of them let one out.
    [[nodiscard]] WallTime all_open_at(std::span<const Charge> buckets, WallTime now,
                                       bool keep_half = false) const;
    /// Takes of each, whether or not there is one.
    void take(std::span<const Charge> buckets, WallTime now);
    void give_back(std::span<const Charge> buckets);
    /// The CA said so.
    void close(const Charge& bucket, WallTime until);
    /// What was counted is void: a certificate ends a row of failures.
    void refill(const Charge& bucket) { arrivals_.erase(bucket); }
    /// Forgets buckets that are full again.
    void forget_full(WallTime now);

    struct Level {
        Charge bucket;
        Allowance allowance;
        bool is_overridden = false;
        Rate rate;
        std::int64_t left = 0;
        WallTime open_at{};
    };
    /// The levels of account and domain buckets that are not full, by limit and key; at most
    /// `most`. The account's is always there, where it has a limit.
    [[nodiscard]] std::vector<Level> levels(WallTime now, std::size_t most) const;
    /// Empty: no limit.
    [[nodiscard]] std::optional<Level> level(const Charge& bucket, WallTime now) const;

    /// Every bucket that is known, for the store and for tests.
    [[nodiscard]] const std::map<Charge, WallTime>& arrivals() const noexcept { return arrivals_; }
    struct Override {
        Charge bucket;
        Allowance allowance;
    };
    [[nodiscard]] std::vector<Override> overrides() const;

private:
    [[nodiscard]] std::optional<Rate> rate(const Charge& bucket) const;

    Allowances preset_;
    std::map<Charge, Allowance> overrides_;
    std::map<Charge, WallTime> arrivals_;
};

}  // namespace hairpin::acme
