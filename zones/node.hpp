// zones/node.hpp - one owner name of a zone and its RRsets.
//
// The owner is kept relative to the apex ("04 'nur1'"), in the case it was given in: 300,000
// servers' names share their zone's suffix. The apex's own relative owner is empty. One allocation:
// object, RRset pointers, owner octets.
//
// Threads   Immutable and counted.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/octets.hpp"
#include "core/ref.hpp"
#include "zones/name.hpp"
#include "zones/rrset.hpp"

namespace hairpin::zones {

class Node;
using NodeRef = Ref<const Node>;

class Node final : public RefCounted<Node> {
public:
    /// `owner`: labels without the root, at most 254 octets. `rrsets`: one per type, at least one.
    [[nodiscard]] static NodeRef create(OctetView owner, std::span<const RRsetRef> rrsets);

    /// Labels relative to the apex, without the root label.
    [[nodiscard]] OctetView owner() const noexcept;
    [[nodiscard]] std::size_t labels() const noexcept { return labels_; }
    /// In the order of their types.
    [[nodiscard]] std::span<const RRsetRef> rrsets() const noexcept;
    /// The RRset of that type, or null. Lives as long as the node.
    [[nodiscard]] const RRset* find(RType type) const noexcept;
    /// Below the apex: NS makes it a delegation point, DNAME redirects what is below. Kept as flags
    /// for the ladder.
    [[nodiscard]] bool is_delegation_point() const noexcept { return delegation_point_; }
    [[nodiscard]] bool has_dname() const noexcept { return dname_; }

    /// Whether one of its RRsets has more than kMostRecordsEverywhere records.
    [[nodiscard]] bool is_crowded() const noexcept;

    static void destroy(Node* node) noexcept;

private:
    Node() = default;
    std::uint8_t rrset_count_ = 0;
    std::uint8_t owner_octets_ = 0;
    std::uint8_t labels_ = 0;
    bool delegation_point_ : 1 = false;
    bool dname_ : 1 = false;
};

}  // namespace hairpin::zones
