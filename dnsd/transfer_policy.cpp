#include "dnsd/transfer_policy.hpp"

#include <algorithm>

namespace hairpin::dnsd {
namespace {

bool holds(const TransferRule& rule, const TransferClient& client) noexcept {
    if (!rule.from && !rule.key) return false;
    if (rule.from && !rule.from->contains(client.address)) return false;
    return !rule.key || (client.key != nullptr && *rule.key == *client.key);
}

bool any_holds(const std::vector<TransferRule>& rules, const TransferClient& client) noexcept {
    return std::any_of(rules.begin(), rules.end(),
                       [&](const TransferRule& rule) { return holds(rule, client); });
}

}  // namespace

bool TransferPolicy::permits(const zones::Name& apex, const TransferClient& client) const noexcept {
    if (any_holds(every_zone_, client)) return true;
    const auto of_zone = one_zone_.find(apex);
    return of_zone != one_zone_.end() && any_holds(of_zone->second, client);
}

}  // namespace hairpin::dnsd
