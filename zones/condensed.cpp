#include "zones/condensed.hpp"

#include <algorithm>

namespace hairpin::zones {
namespace {

bool same(const RRsetRef& a, const RRsetRef& b) {
    return a && b ? a->same_as(*b) : !a && !b;
}

std::size_t octets_of(const RRsetDifference& difference) {
    constexpr std::size_t kOverhead = 2 * sizeof(RRsetDifference);  // Key, value, their nodes.
    const auto size = [](const RRsetRef& rrset) { return rrset ? rrset->wire().size() : 0; };
    return kOverhead + size(difference.before) + size(difference.after);
}

}  // namespace

bool Condensed::continues(const RRsetDifference& next) const {
    const auto known = rrsets_.find({next.owner, next.type});
    return known == rrsets_.end() || same(known->second.after, next.before);
}

bool Condensed::add(RRsetDifference next) {
    const Key key{next.owner, next.type};
    const auto known = rrsets_.find(key);
    if (known == rrsets_.end()) {
        octets_ += octets_of(next);
        rrsets_.emplace(key, std::move(next));
        return true;
    }
    RRsetDifference& whole = known->second;
    if (!same(whole.after, next.before)) return false;
    octets_ -= octets_of(whole);
    if (same(whole.before, next.after)) {
        rrsets_.erase(known);
        return true;
    }
    whole.owner = next.owner;  // In the case it was given last.
    whole.after = std::move(next.after);
    octets_ += octets_of(whole);
    return true;
}

std::vector<RRsetDifference> Condensed::take() {
    std::vector<RRsetDifference> all;
    all.reserve(rrsets_.size());
    for (auto& [key, difference] : rrsets_)
        all.push_back(std::move(difference));
    rrsets_.clear();
    octets_ = 0;
    std::sort(all.begin(), all.end(), [](const RRsetDifference& a, const RRsetDifference& b) {
        if (a.owner == b.owner) return a.type < b.type;
        return canonical_less(a.owner, b.owner);
    });
    return all;
}

}  // namespace hairpin::zones
