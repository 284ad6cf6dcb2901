#include "dnsd/transfer_policy.hpp"

#include <algorithm>

namespace hairpin::dnsd {
namespace {

bool holds(const TransferRule& rule, const Requestor& requestor) noexcept {
    if (!rule.from && !rule.key) return false;
    if (rule.from && !rule.from->contains(requestor.address)) return false;
    return !rule.key || (requestor.key != nullptr && *rule.key == *requestor.key);
}

bool any_holds(const std::vector<TransferRule>& rules, const Requestor& requestor) noexcept {
    return std::any_of(rules.begin(), rules.end(),
                       [&](const TransferRule& rule) { return holds(rule, requestor); });
}

}  // namespace

bool TransferPolicy::permits(const zones::Name& apex, const Requestor& requestor) const noexcept {
    if (any_holds(every_zone_, requestor)) return true;
    const auto of_zone = one_zone_.find(apex);
    return of_zone != one_zone_.end() && any_holds(of_zone->second, requestor);
}

}  // namespace hairpin::dnsd
