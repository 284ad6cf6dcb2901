// zones/zone.hpp - one zone as it is answered from: an immutable snapshot that shares what did not
// change.
//
// A change makes a new Zone from the old one in O(what changed * log names) (zones/edit.hpp). Zones
// are found through the ZoneTable, itself a persistent tree, so publishing a change to one zone of
// 100,000 is a handful of small copies.
//
// Threads   Immutable and counted; any number of readers.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "zones/change.hpp"
#include "zones/name.hpp"
#include "zones/name_tree.hpp"
#include "zones/node.hpp"
#include "zones/rrset.hpp"
#include "zones/tree_key.hpp"

namespace hairpin::zones {

class Zone;
using ZoneRef = Ref<const Zone>;

class Zone final : public RefCounted<Zone> {
public:
    struct Parts {
        Name apex;
        ZoneKind kind = ZoneKind::Plain;
        NameTree<Node> names;
        NameTree<Node> crowded;  // Those of `names` that are (Node::is_crowded).
        std::int64_t published_at = 0;

        void put(const NodeRef& node);
        void erase(OctetView labels);
    };
    /// Derives apex RRsets and the negative SOA from the names; the apex has SOA and NS (edit.hpp
    /// checks): asserted.
    [[nodiscard]] static ZoneRef create(Parts parts);

    [[nodiscard]] const Name& apex() const noexcept { return apex_; }
    [[nodiscard]] std::size_t apex_labels() const noexcept { return apex_labels_; }
    [[nodiscard]] ZoneKind kind() const noexcept { return kind_; }
    [[nodiscard]] std::uint32_t serial() const noexcept { return serial_; }
    /// Since when this snapshot is answered from, in Unix seconds: the time of the commit that made
    /// it, or of the load. 0: nobody said.
    [[nodiscard]] std::int64_t published_at() const noexcept { return published_at_; }
    [[nodiscard]] const NameTree<Node>& names() const noexcept { return names_; }
    /// Those that secondaries may refuse; a tree of its own, so that nobody looks for them.
    [[nodiscard]] const NameTree<Node>& crowded() const noexcept { return crowded_; }
    /// At most `most` of their RRsets, in canonical order of owners.
    [[nodiscard]] std::vector<CrowdedRRset> crowded_rrsets(std::size_t most) const;
    [[nodiscard]] const Node& apex_node() const noexcept { return *apex_node_; }
    [[nodiscard]] const RRset& soa() const noexcept { return *soa_; }
    /// The SOA with the TTL of a negative answer: min(its TTL, its MINIMUM) (RFC 2308 section 3).
    [[nodiscard]] const RRset& negative_soa() const noexcept { return *negative_soa_; }
    [[nodiscard]] const RRset& ns() const noexcept { return *ns_; }

    /// The node of a name within this zone, or null. No wildcard, no zone cut: what is stored.
    [[nodiscard]] const Node* find(const Name& owner) const noexcept;
    [[nodiscard]] const RRset* find(const Name& owner, RType type) const noexcept;
    /// Every node in canonical order, the apex first. `owner` is absolute. Stops when `visit`
    /// returns false.
    void for_each(const std::function<bool(const Name& owner, const Node& node)>& visit) const;

    // What the zone table needs of a leaf: the absolute owner without the root label.
    [[nodiscard]] OctetView owner() const noexcept { return apex_.wire().first(apex_.size() - 1); }
    [[nodiscard]] std::size_t labels() const noexcept { return apex_labels_; }

    static void destroy(Zone* zone) noexcept;

private:
    Zone() = default;
    Name apex_;
    std::uint8_t apex_labels_ = 0;
    ZoneKind kind_ = ZoneKind::Plain;
    std::uint32_t serial_ = 0;
    std::int64_t published_at_ = 0;
    NameTree<Node> names_;
    NameTree<Node> crowded_;
    const Node* apex_node_ = nullptr;  // Owned by names_.
    const RRset* soa_ = nullptr;       // Owned by apex_node_.
    const RRset* ns_ = nullptr;        // Owned by apex_node_.
    RRsetRef negative_soa_;
};

/// All zones of this server.
class ZoneTable {
public:
    /// The zone that `name` falls into: the one with the longest apex (RFC 1034 section 4.3.2 step
    /// 2), or null.
    [[nodiscard]] const Zone* closest_enclosing(const Name& name) const noexcept;
    /// The same for a key made already; of the two deepest, `parent` is the second: it answers DS
    /// questions at the apex.
    struct Enclosing {
        const Zone* zone = nullptr;
        const Zone* parent = nullptr;
    };
    [[nodiscard]] Enclosing enclosing(const TreeKey& key, OctetView qname) const noexcept;
    [[nodiscard]] const Zone* find(const Name& apex) const noexcept;
    /// A counted reference to the same; empty when there is none.
    [[nodiscard]] ZoneRef share(const Name& apex) const noexcept;

    void put(ZoneRef zone) { zones_.put(std::move(zone)); }
    void erase(const Name& apex) {
        zones_.erase(TreeKey(apex).view(), apex.wire().first(apex.size() - 1));
    }
    [[nodiscard]] std::size_t size() const noexcept { return zones_.size(); }
    /// In canonical order of apexes; stops when `visit` returns false.
    void for_each(const std::function<bool(const Zone& zone)>& visit) const;
    /// The same for the zones whose apex is `ancestor` or below it.
    void for_each_within(const Name& ancestor,
                         const std::function<bool(const Zone& zone)>& visit) const;

private:
    NameTree<Zone> zones_;
};

}  // namespace hairpin::zones
