#include "zones/zone.hpp"

#include <algorithm>
#include <new>

#include "core/assert.hpp"
#include "zones/wire.hpp"

namespace hairpin::zones {
namespace {

// SERIAL, REFRESH, RETRY, EXPIRE, MINIMUM end the RDATA, each 4 octets (RFC 1035 section 3.3.13).
constexpr std::size_t kSoaMinimumOctets = 4;

OctetView soa_rdata(const RRset& soa) {
    return *soa.rdatas().begin();
}

OctetView without_root(const Name& name) {
    return name.wire().first(name.size() - 1);
}

}  // namespace

void Zone::Parts::put(const NodeRef& node) {
    if (node->is_crowded())
        crowded.put(node);
    else if (crowded.size() != 0)
        crowded.erase(TreeKey(node->owner()).view(), node->owner());
    names.put(node);
}

void Zone::Parts::erase(OctetView labels) {
    const TreeKey key(labels);
    crowded.erase(key.view(), labels);
    names.erase(key.view(), labels);
}

ZoneRef Zone::create(Parts parts) {
    // Counted by itself (core/ref.hpp), as nodes and RRsets are.
    void* memory = ::operator new(sizeof(Zone));
    auto* zone = ::new (memory) Zone();
    zone->apex_ = parts.apex;
    zone->apex_labels_ = static_cast<std::uint8_t>(parts.apex.labels());
    zone->kind_ = parts.kind;
    zone->published_at_ = parts.published_at;
    zone->names_ = std::move(parts.names);
    zone->crowded_ = std::move(parts.crowded);
    zone->apex_node_ = zone->names_.find(KeyView(), OctetView());
    HAIRPIN_ASSERT(zone->apex_node_ != nullptr);
    zone->soa_ = zone->apex_node_->find(RType::SOA);
    zone->ns_ = zone->apex_node_->find(RType::NS);
    HAIRPIN_ASSERT(zone->soa_ != nullptr && zone->ns_ != nullptr);

    const OctetView rdata = soa_rdata(*zone->soa_);
    HAIRPIN_ASSERT(rdata.size() > kSoaNumbersOctets);
    zone->serial_ = read_u32(rdata.data() + rdata.size() - kSoaNumbersOctets);
    const Ttl minimum = read_u32(rdata.data() + rdata.size() - kSoaMinimumOctets);
    const Ttl negative_ttl = std::min({zone->soa_->ttl(), minimum, kMaxTtl});
    // Most zones have the two equal: the same object serves both.
    zone->negative_soa_ = negative_ttl == zone->soa_->ttl()
                              ? RRsetRef::share(zone->soa_)
                              : RRset::create(RType::SOA, negative_ttl, zone->soa_->copy_rdatas());
    return ZoneRef::adopt(zone);
}

void Zone::destroy(Zone* zone) noexcept {
    zone->~Zone();
    ::operator delete(zone);
}

const Node* Zone::find(const Name& owner) const noexcept {
    if (!owner.is_within(apex_)) return nullptr;
    const OctetView labels = owner.relative_to(apex_);
    return names_.find(TreeKey(labels).view(), labels);
}

const RRset* Zone::find(const Name& owner, RType type) const noexcept {
    const Node* node = find(owner);
    return node == nullptr ? nullptr : node->find(type);
}

void Zone::for_each(const std::function<bool(const Name&, const Node&)>& visit) const {
    names_.for_each([&](const Node& node) {
        const auto owner = Name::join(node.owner(), apex_);
        HAIRPIN_ASSERT(owner.has_value());
        return visit(*owner, node);
    });
}

std::vector<CrowdedRRset> Zone::crowded_rrsets(std::size_t most) const {
    std::vector<CrowdedRRset> found;
    crowded_.for_each([&](const Node& node) {
        const auto owner = Name::join(node.owner(), apex_);
        HAIRPIN_ASSERT(owner.has_value());
        for (const RRsetRef& each : node.rrsets())
            if (each->count() > kMostRecordsEverywhere && found.size() < most)
                found.push_back({*owner, each->type(), each->count()});
        return found.size() < most;
    });
    return found;
}

ZoneTable::Enclosing ZoneTable::enclosing(const TreeKey& key, OctetView qname) const noexcept {
    if (!qname.empty() && qname.back() == 0) qname = qname.first(qname.size() - 1);
    NameTree<Zone>::Descent found;
    zones_.descend(key.view(), qname, found);
    const auto ancestor = [&](std::size_t from_last) {
        return found.ancestors < from_last
                   ? nullptr
                   : NameTree<Zone>::leaf(found.ancestor[found.ancestors - from_last]);
    };
    if (found.exact != nullptr) return {NameTree<Zone>::leaf(found.exact), ancestor(1)};
    return {ancestor(1), ancestor(2)};
}

const Zone* ZoneTable::closest_enclosing(const Name& name) const noexcept {
    return enclosing(TreeKey(name), name.wire()).zone;
}

const Zone* ZoneTable::find(const Name& apex) const noexcept {
    return zones_.find(TreeKey(apex).view(), without_root(apex));
}

ZoneRef ZoneTable::share(const Name& apex) const noexcept {
    return ZoneRef::share(find(apex));
}

void ZoneTable::for_each(const std::function<bool(const Zone&)>& visit) const {
    zones_.for_each(visit);
}

void ZoneTable::for_each_within(const Name& ancestor,
                                const std::function<bool(const Zone&)>& visit) const {
    zones_.for_each_within(TreeKey(ancestor).view(), without_root(ancestor), visit);
}

}  // namespace hairpin::zones
