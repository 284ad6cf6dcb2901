#include "acme/budget.hpp"

#include <algorithm>

namespace hairpin::acme {

std::vector<Charge> shared_charges_of(const OrderKeys& order) {
    if (order.is_exempt) return {};
    if (order.is_renewal) return {{Limit::OrdersPerAccount, ""}};
    return {{Limit::OrdersPerAccount, ""}, {Limit::CertificatesPerDomain, order.domain}};
}

/// All names of the order, sorted.
std::vector<std::string> names_in(const OrderKeys& order) {
    std::vector<std::string> names = order.other_names;
    names.push_back(order.public_name);
    if (!order.internal_name.empty()) names.push_back(order.internal_name);
    std::sort(names.begin(), names.end());
    return names;
}

Charge names_charge_of(const OrderKeys& order) {
    std::string all;
    for (const std::string& name : names_in(order))
        all += (all.empty() ? "" : ",") + name;
    return {Limit::CertificatesPerNames, all};
}

std::vector<Charge> charges_of(const OrderKeys& order) {
    std::vector<Charge> charges = shared_charges_of(order);
    // An exempt order is free of this one too, at the CA. Not here: a renewal gone wild ends here.
    charges.push_back(names_charge_of(order));
    return charges;
}

std::vector<Charge> failure_charges_of(const OrderKeys& order) {
    std::vector<Charge> charges;
    for (const std::string& name : names_in(order)) {
        charges.push_back({Limit::FailuresPerName, name});
        charges.push_back({Limit::FailuresInARow, name});
    }
    return charges;
}

void Budget::set_override(Limit limit, const std::string& key, std::optional<Allowance> allowance,
                          WallTime now) {
    std::vector<std::pair<Charge, std::optional<Rate>>> before;
    for (const auto& [bucket, arrival] : arrivals_)
        if (bucket.limit == limit && (key.empty() || bucket.key == key))
            before.emplace_back(bucket, rate(bucket));
    if (allowance) {
        overrides_.insert_or_assign(Charge{limit, key}, *allowance);
    } else {
        overrides_.erase(Charge{limit, key});
    }
    for (const auto& [bucket, old] : before) {
        const auto next = rate(bucket);
        if (old && next) arrivals_[bucket] = rescaled(arrivals_[bucket], *old, *next, now);
    }
}

std::optional<Allowance> Budget::allowance(Limit limit, std::string_view key) const {
    const auto own = overrides_.find(Charge{limit, std::string(key)});
    if (own != overrides_.end()) return own->second;
    const auto all = overrides_.find(Charge{limit, ""});
    if (all != overrides_.end()) return all->second;
    return preset_[static_cast<std::size_t>(limit)];
}

bool Budget::is_overridden(Limit limit, std::string_view key) const {
    return overrides_.contains(Charge{limit, std::string(key)}) ||
           overrides_.contains(Charge{limit, ""});
}

std::optional<Rate> Budget::rate(const Charge& bucket) const {
    const auto allowed = allowance(bucket.limit, bucket.key);
    return allowed ? std::optional(rate_of(*allowed)) : std::nullopt;
}

std::optional<WallTime> Budget::open_at(const Charge& bucket, WallTime now, bool keep_half) const {
    const auto bucket_rate = rate(bucket);
    if (!bucket_rate) return std::nullopt;
    const auto found = arrivals_.find(bucket);
    if (found == arrivals_.end()) return now;
    return acme::open_at(found->second, *bucket_rate, now, keep_half ? bucket_rate->burst / 2 : 0);
}

WallTime Budget::all_open_at(std::span<const Charge> buckets, WallTime now, bool keep_half) const {
    WallTime latest = now;
    for (const Charge& each : buckets)
        latest = std::max(latest, open_at(each, now, keep_half).value_or(now));
    return latest;
}

void Budget::take(std::span<const Charge> buckets, WallTime now) {
    for (const Charge& each : buckets) {
        const auto bucket_rate = rate(each);
        if (!bucket_rate) continue;
        const auto known = arrivals_.emplace(each, now).first;
        known->second = taken(known->second, *bucket_rate, now);
    }
}

void Budget::give_back(std::span<const Charge> buckets) {
    for (const Charge& each : buckets) {
        const auto known = arrivals_.find(each);
        const auto bucket_rate = rate(each);
        if (known != arrivals_.end() && bucket_rate)
            known->second = given_back(known->second, *bucket_rate);
    }
}

void Budget::close(const Charge& bucket, WallTime until) {
    const auto bucket_rate = rate(bucket);
    if (!bucket_rate) return;
    const auto known = arrivals_.emplace(bucket, WallTime()).first;
    known->second = closed_until(known->second, *bucket_rate, until);
}

void Budget::forget_full(WallTime now) {
    std::erase_if(arrivals_, [&](const auto& each) { return each.second <= now; });
}

std::optional<Budget::Level> Budget::level(const Charge& bucket, WallTime now) const {
    const auto allowed = allowance(bucket.limit, bucket.key);
    if (!allowed) return std::nullopt;
    Level level{bucket, *allowed, is_overridden(bucket.limit, bucket.key), rate_of(*allowed),
                0,      now};
    const auto known = arrivals_.find(bucket);
    const WallTime arrival = known == arrivals_.end() ? WallTime() : known->second;
    level.left = tokens_left(arrival, level.rate, now);
    level.open_at = acme::open_at(arrival, level.rate, now);
    return level;
}

std::vector<Budget::Level> Budget::levels(WallTime now, std::size_t most) const {
    std::vector<Level> levels;
    if (auto account = level({Limit::OrdersPerAccount, ""}, now))
        levels.push_back(std::move(*account));
    const Charge first{Limit::CertificatesPerDomain, ""};
    for (auto each = arrivals_.lower_bound(first);
         each != arrivals_.end() && each->first.limit == first.limit && levels.size() < most;
         ++each) {
        if (each->second <= now) continue;
        if (auto domain = level(each->first, now)) levels.push_back(std::move(*domain));
    }
    return levels;
}

std::vector<Budget::Override> Budget::overrides() const {
    std::vector<Override> all;
    for (const auto& [bucket, allowance] : overrides_)
        all.push_back({bucket, allowance});
    return all;
}

}  // namespace hairpin::acme
