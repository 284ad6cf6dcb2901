#include "dnsd/transfer_policy.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "zones/tree_key.hpp"

namespace hairpin::dnsd {
namespace {

bool rule_holds(const TransferRule& rule, const TransferClient& client) noexcept {
    if (!rule.from && !rule.key) return false;
    if (client.now >= rule.until) return false;
    if (rule.from && !rule.from->contains(client.address)) return false;
    return !rule.key || (client.key != nullptr && *rule.key == *client.key);
}

bool is_it(const Secondary& secondary, const TransferClient& client) noexcept {
    if (!secondary.key) return secondary.address.address == client.address;
    return client.key != nullptr && *secondary.key == *client.key;
}

}  // namespace

std::string Secondary::text() const {
    return key ? address.text() + " key " + key->text() : address.text();
}

std::string TransferClient::text() const {
    return key != nullptr ? address.text() + " key " + key->lower().text() : address.text();
}

bool TransferRules::permit(const TransferClient& client) const noexcept {
    return std::any_of(rules.begin(), rules.end(),
                       [&](const TransferRule& rule) { return rule_holds(rule, client); }) ||
           follow(client);
}

bool TransferRules::follow(const TransferClient& client) const noexcept {
    return std::any_of(secondaries.begin(), secondaries.end(),
                       [&](const Secondary& secondary) { return is_it(secondary, client); });
}

Ref<const TransferPolicy::OfZone> TransferPolicy::OfZone::create(const zones::Name& apex,
                                                                 TransferRules rules) {
    void* memory = ::operator new(sizeof(OfZone));
    return Ref<const OfZone>::adopt(::new (memory) OfZone(apex.lower(), std::move(rules)));
}

void TransferPolicy::OfZone::destroy(OfZone* rules) noexcept {
    rules->~OfZone();
    ::operator delete(rules);
}

void TransferPolicy::allow(const zones::Name& apex, const TransferRule& rule) {
    const TransferRules* known = find(apex);
    TransferRules rules = known == nullptr ? TransferRules() : *known;
    rules.rules.push_back(rule);
    set(apex, std::move(rules));
}

void TransferPolicy::set(const zones::Name& apex, TransferRules rules) {
    if (!rules.empty()) return one_zone_.put(OfZone::create(apex, std::move(rules)));
    one_zone_.erase(zones::TreeKey(apex).view(), apex.wire().first(apex.size() - 1));
}

bool TransferPolicy::permits(const zones::Name& apex, const TransferClient& client) const noexcept {
    if (every_zone_.permit(client)) return true;
    const TransferRules* of_zone = find(apex);
    return of_zone != nullptr && of_zone->permit(client);
}

bool TransferPolicy::is_followed_by(const zones::Name& apex,
                                    const TransferClient& client) const noexcept {
    if (every_zone_.follow(client)) return true;
    const TransferRules* of_zone = find(apex);
    return of_zone != nullptr && of_zone->follow(client);
}

std::vector<Secondary> TransferPolicy::secondaries_of(const zones::Name& apex) const {
    std::vector<Secondary> all;
    if (const TransferRules* of_zone = find(apex)) all = of_zone->secondaries;
    for (const Secondary& each : every_zone_.secondaries) {
        const bool is_known = std::any_of(all.begin(), all.end(), [&](const Secondary& known) {
            return known.address == each.address;
        });
        if (!is_known) all.push_back(each);
    }
    return all;
}

const TransferRules* TransferPolicy::find(const zones::Name& apex) const noexcept {
    if (one_zone_.size() == 0) return nullptr;
    const OfZone* found =
        one_zone_.find(zones::TreeKey(apex).view(), apex.wire().first(apex.size() - 1));
    return found == nullptr ? nullptr : &found->rules();
}

}  // namespace hairpin::dnsd
