#include "zones/node.hpp"

#include <algorithm>
#include <memory>
#include <new>

#include "core/assert.hpp"

namespace hairpin::zones {

// Layout of the one allocation: Node | RRsetRef[rrset_count_] | owner octets.
static_assert(sizeof(Node) % alignof(RRsetRef) == 0);

NodeRef Node::create(OctetView owner, std::span<const RRsetRef> rrsets) {
    HAIRPIN_ASSERT(!rrsets.empty() && rrsets.size() <= 255 && owner.size() < kMaxNameOctets);
    void* memory = ::operator new(sizeof(Node) + rrsets.size_bytes() + owner.size());
    auto* node = ::new (memory) Node();
    node->rrset_count_ = static_cast<std::uint8_t>(rrsets.size());
    node->owner_octets_ = static_cast<std::uint8_t>(owner.size());
    for (std::size_t at = 0; at < owner.size(); at += owner[at] + 1u)
        ++node->labels_;

    auto* refs = reinterpret_cast<RRsetRef*>(node + 1);
    std::uninitialized_copy(rrsets.begin(), rrsets.end(), refs);
    std::sort(refs, refs + rrsets.size(),
              [](const auto& a, const auto& b) { return a->type() < b->type(); });
    std::copy(owner.begin(), owner.end(), reinterpret_cast<std::uint8_t*>(refs + rrsets.size()));

    // RFC 4592 section 4.2: NS at a wildcard is undefined; it is data here, never a zone cut.
    const bool is_wildcard = owner.size() >= 2 && owner[0] == 1 && owner[1] == '*';
    node->delegation_point_ = !owner.empty() && !is_wildcard && node->find(RType::NS) != nullptr;
    node->dname_ = node->find(RType::DNAME) != nullptr;
    return NodeRef::adopt(node);
}

std::span<const RRsetRef> Node::rrsets() const noexcept {
    return {reinterpret_cast<const RRsetRef*>(this + 1), rrset_count_};
}

OctetView Node::owner() const noexcept {
    return {reinterpret_cast<const std::uint8_t*>(rrsets().data() + rrset_count_), owner_octets_};
}

const RRset* Node::find(RType type) const noexcept {
    for (const RRsetRef& rrset : rrsets())
        if (rrset->type() == type) return rrset.get();
    return nullptr;
}

bool Node::is_crowded() const noexcept {
    const auto all = rrsets();
    return std::any_of(all.begin(), all.end(),
                       [](const RRsetRef& each) { return each->count() > kMostRecordsEverywhere; });
}

void Node::destroy(Node* node) noexcept {
    auto* refs = reinterpret_cast<RRsetRef*>(node + 1);
    std::destroy_n(refs, node->rrset_count_);
    node->~Node();
    ::operator delete(node);
}

}  // namespace hairpin::zones
