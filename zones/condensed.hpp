// zones/condensed.hpp - many steps of one zone as a single difference between its first and its
// last content.
//
// What was changed and changed back is gone; of what changed often the first and the last sides
// stay. Such a difference is never longer than the steps it is made of (a record that is neither
// deleted nor added in the whole costs nothing in the parts either, and each step left out saves
// two SOAs), so that steps are always condensed and never sent singly.
//
// Standards RFC 1995 section 5.
// Threads   A value.

#pragma once

#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

#include "zones/edit.hpp"
#include "zones/name.hpp"
#include "zones/rrset.hpp"

namespace hairpin::zones {

class Condensed {
public:
    /// Whether add() would take it.
    [[nodiscard]] bool continues(const RRsetDifference& next) const;
    /// Takes the next difference of one RRset.
    /// @return false when it does not begin where the one before it ended: these are not steps of
    /// one zone, and nothing here may be used.
    [[nodiscard]] bool add(RRsetDifference next);
    /// About what it holds in memory.
    [[nodiscard]] std::size_t octets() const noexcept { return octets_; }
    /// All RRsets that differ, the SOA among them, in canonical order of their owners.
    [[nodiscard]] std::vector<RRsetDifference> take();

private:
    using Key = std::pair<Name, RType>;
    struct KeyHash {
        [[nodiscard]] std::size_t operator()(const Key& key) const noexcept {
            return NameHash()(key.first) * 31 + to_number(key.second);
        }
    };
    std::unordered_map<Key, RRsetDifference, KeyHash> rrsets_;
    std::size_t octets_ = 0;
};

}  // namespace hairpin::zones
