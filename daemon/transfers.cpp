#include "daemon/transfers.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "core/log.hpp"
#include "store/transfer_rows.hpp"

namespace hairpin::daemon {
namespace {

dnsd::TransferRules rules_of(const Config& config) {
    dnsd::TransferRules rules;
    for (const Prefix& each : config.transfer_allow)
        rules.rules.push_back({each, {}, dnsd::kNeverExpires});
    rules.secondaries = config.transfer_secondaries;
    return rules;
}

/// A grant ends with the second in which its owner's licence does, as a key does.
dnsd::TsigTime end_of(const store::TransferKey& key) {
    if (!key.until) return dnsd::kNeverExpires;
    return static_cast<dnsd::TsigTime>(std::max<std::int64_t>(to_unix_seconds(*key.until), 0));
}

void append_rules(std::vector<dnsd::TransferRule>& rules, const store::TransferKey& key) {
    const dnsd::TsigTime end = end_of(key);
    if (key.sources.empty()) rules.push_back({{}, key.key, end});
    for (const Prefix& each : key.sources)
        rules.push_back({each, key.key, end});
}

Result<dnsd::TransferRules> rules_of(store::Queries& store, const store::GrantedZone& apex) {
    store::TransferQueries rows(store.database());
    dnsd::TransferRules rules;
    for (const store::TransferKey& each : TRY(rows.keys_of_zone(apex)))
        append_rules(rules.rules, each);
    if (!apex) return rules;
    for (const store::SecondaryRow& row : TRY(rows.secondaries_of(*apex)))
        rules.secondaries.push_back({row.address, row.key});
    return rules;
}

bool uses(const dnsd::TransferRules& rules, const zones::Name& key) {
    return std::any_of(rules.secondaries.begin(), rules.secondaries.end(),
                       [&](const dnsd::Secondary& each) { return each.key == key; });
}

template <typename T>
void append_all(std::vector<T>& all, const std::vector<T>& more) {
    all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

Transfers::Transfers(const Config& config)
    : catalog_(config.catalog),
      configured_(rules_of(config)),
      needs_tls_(config.transfer_needs_tls),
      published_(std::make_shared<const dnsd::TransferPolicy>()) {
    publish();
}

Result<void> Transfers::load(store::Queries& store) {
    const std::lock_guard hold(publishing_);
    static_cast<void>(TRY(read_every_zone(store)));
    store::TransferQueries rows(store.database());
    for (std::string after;;) {
        const auto page = TRY(rows.zones_with_rows(store::kMaxPage, after));
        for (const zones::Name& apex : page)
            static_cast<void>(TRY(read_zone(store, apex)));
        if (page.size() < store::kMaxPage) break;
        after = page.back().text();
    }
    publish();
    return {};
}

std::vector<zones::Name> Transfers::refresh(store::Queries& store,
                                            std::vector<zones::Name> apexes) {
    const std::lock_guard hold(publishing_);
    append_all(apexes, std::exchange(overdue_, {}));
    std::vector<zones::Name> others;
    for (const zones::Name& apex : apexes) {
        const auto read = apex.is_root() ? read_every_zone(store) : read_zone(store, apex);
        if (!read) {
            log::logger("daemon").warn(
                "who may transfer {} cannot be read, what was known stays: {}",
                apex.is_root() ? "every zone" : apex.text(), read.error().text());
            overdue_.push_back(apex);
        } else if (*read == Followers::Others) {
            others.push_back(apex == catalog_ ? zones::Name() : apex);
        }
    }
    publish();
    return others;
}

std::vector<zones::Name> Transfers::followed_with(store::Queries& store,
                                                  const std::vector<zones::Name>& keys) {
    const std::lock_guard hold(publishing_);
    std::vector<zones::Name> followed;
    for (const zones::Name& key : keys) {
        if (uses(configured_, key) || uses(stored_, key)) return {zones::Name()};
        const auto apexes = store::TransferQueries(store.database()).zones_with_key(key);
        if (!apexes) continue;
        append_all(followed, *apexes);
        if (followed.size() >= store::kMaxPage) return {zones::Name()};
    }
    return followed;
}

bool Transfers::configure(const Config& config) {
    const std::lock_guard hold(publishing_);
    const auto before = std::exchange(configured_, rules_of(config));
    needs_tls_ = config.transfer_needs_tls;
    publish();
    return before.secondaries != configured_.secondaries;
}

Result<Transfers::Followers> Transfers::read_zone(store::Queries& store, const zones::Name& apex) {
    const auto before = policy_.secondaries_of(apex);
    policy_.set(apex, TRY(rules_of(store, apex)));
    // Who reads the catalog follows every zone in it.
    if (apex == catalog_) return read_every_zone(store);
    return policy_.secondaries_of(apex) == before ? Followers::Same : Followers::Others;
}

Result<Transfers::Followers> Transfers::read_every_zone(store::Queries& store) {
    dnsd::TransferRules rules = TRY(rules_of(store, std::nullopt));
    if (catalog_) rules.secondaries = TRY(rules_of(store, catalog_)).secondaries;
    const bool is_same = rules.secondaries == stored_.secondaries;
    stored_ = std::move(rules);
    return is_same ? Followers::Same : Followers::Others;
}

void Transfers::publish() {
    dnsd::TransferRules every = configured_;
    append_all(every.rules, stored_.rules);
    for (const dnsd::Secondary& each : stored_.secondaries) {
        const bool is_known = std::any_of(
            every.secondaries.begin(), every.secondaries.end(),
            [&](const dnsd::Secondary& known) { return known.address == each.address; });
        if (!is_known) every.secondaries.push_back(each);
    }
    policy_.set(std::move(every));
    policy_.require_tls(needs_tls_);
    published_.publish(std::make_shared<const dnsd::TransferPolicy>(policy_));
}

}  // namespace hairpin::daemon
