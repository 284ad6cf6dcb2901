// zones/name_tree.hpp - a persistent ordered map from names to leaves: the shape of a zone and of
// the zone table.
//
// A copy-on-write qp-trie: a branch holds the offset of the first symbol in which the names below
// it differ and one twig per value of that symbol, found by counting bits of a bitmap. Copying a
// tree is one reference count. put() and erase() copy the branches on one path where they are
// shared and edit them in place where they are not: a change costs O(depth), building in bulk
// copies nothing.
//
// One descent finds a name, or its closest relative, and collects the stored ancestors of the name
// on the way: zone cuts, DNAMEs, the enclosing zone. Empty non-terminals are not stored: they are
// the branch points (RFC 8020 falls out of that).
//
// Leaf must be RefCounted, immutable when shared, and have `OctetView owner() const` (labels
// without the root label, the key's name) and `std::size_t labels() const`. Keys are
// zones/tree_key.hpp's; the caller passes the part that matches owner().
//
// Threads   Readers of one tree value: any number. Editing a value: one thread, while no other uses
// that value. Cost      O(differing symbols) pointer steps; no allocation to read.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/octets.hpp"
#include "core/ref.hpp"
#include "zones/name.hpp"
#include "zones/tree_key.hpp"

namespace hairpin::zones {

/// What the tree and the name have in common: labels counted from the right, whole labels only,
/// case ignored.
[[nodiscard]] std::size_t common_labels(OctetView a, OctetView b) noexcept;

/// The untyped tree: leaves are `const void*`, described by a LeafOps. NameTree<Leaf> is the typed
/// face.
class RawNameTree {
public:
    struct LeafOps {
        OctetView (*owner)(const void*) noexcept;
        std::size_t (*labels)(const void*) noexcept;
        void (*retain)(const void*) noexcept;
        void (*release)(const void*) noexcept;
    };
    /// Where a name stands in the tree.
    struct Descent {
        const void* exact = nullptr;     // The leaf of that very name.
        const void* relative = nullptr;  // Some leaf that shares as many labels with the name as
                                         // any does; null in an empty tree.
        std::size_t common = 0;  // How many labels those are. If equal to the name's own: an empty
                                 // non-terminal, unless exact.
        std::size_t ancestors = 0;  // Stored proper ancestors, in `ancestor`, shortest first.
        std::array<const void*, kMaxLabels + 1> ancestor;
    };

    class Cursor;

    RawNameTree() noexcept = default;
    RawNameTree(const RawNameTree& other) noexcept;
    RawNameTree(RawNameTree&& other) noexcept;
    RawNameTree& operator=(RawNameTree other) noexcept;
    ~RawNameTree();

    void descend(const LeafOps& ops, KeyView key, OctetView labels, Descent& result) const noexcept;
    [[nodiscard]] const void* find(const LeafOps& ops, KeyView key,
                                   OctetView labels) const noexcept;
    /// Takes over one reference of `leaf`; replaces the leaf of the same name.
    void put(const LeafOps& ops, const void* leaf);
    /// Whether it was there.
    bool erase(const LeafOps& ops, KeyView key, OctetView labels);
    void for_each(const std::function<bool(const void*)>& visit) const;
    void for_each_within(const LeafOps& ops, KeyView key, OctetView labels,
                         const std::function<bool(const void*)>& visit) const;
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    friend struct NameTreeAccess;
    struct Branch;
    // A twig: null, a leaf, or a branch with the lowest bit set.
    using Twig = std::uintptr_t;
    const LeafOps* ops_ = nullptr;  // Set by the first put().
    Twig root_ = 0;
    std::size_t size_ = 0;
};

/// A walk over a tree in canonical order that may stop after any leaf and go on later. It holds the
/// path to where it stands and nothing else; the tree outlives it and is not edited meanwhile.
class RawNameTree::Cursor {
public:
    explicit Cursor(const RawNameTree& tree) : next_(tree.root_) {}
    /// The next leaf; null at the end, and ever after.
    [[nodiscard]] const void* next();

private:
    // Twigs that are still to be visited, those of the deepest branch last. Never empty.
    using Rest = std::span<const Twig>;
    Twig next_;  // Where to go down first; 0: on from path_.
    std::vector<Rest> path_;
};

template <typename Leaf>
class NameTree {
    static const Leaf* cast(const void* leaf) noexcept { return static_cast<const Leaf*>(leaf); }
    static constexpr RawNameTree::LeafOps kOps = {
        [](const void* leaf) noexcept { return cast(leaf)->owner(); },
        [](const void* leaf) noexcept { return cast(leaf)->labels(); },
        [](const void* leaf) noexcept { cast(leaf)->retain(); },
        [](const void* leaf) noexcept { cast(leaf)->release(); }};

public:
    using Descent = RawNameTree::Descent;

    /// @param key     The key of the name, relative as the leaves' owners are.
    /// @param labels  The same name's labels in wire form without the root label.
    void descend(KeyView key, OctetView labels, Descent& result) const noexcept {
        raw_.descend(kOps, key, labels, result);
    }
    [[nodiscard]] const Leaf* find(KeyView key, OctetView labels) const noexcept {
        return cast(raw_.find(kOps, key, labels));
    }
    void put(Ref<const Leaf> leaf) { raw_.put(kOps, leaf.detach()); }
    bool erase(KeyView key, OctetView labels) { return raw_.erase(kOps, key, labels); }
    /// In canonical order (RFC 4034 section 6.1); stops when `visit` returns false.
    void for_each(const std::function<bool(const Leaf&)>& visit) const {
        raw_.for_each([&](const void* leaf) { return visit(*cast(leaf)); });
    }
    /// The same for one name and what is below it alone: the cost is theirs, not the tree's.
    void for_each_within(KeyView key, OctetView labels,
                         const std::function<bool(const Leaf&)>& visit) const {
        raw_.for_each_within(kOps, key, labels,
                             [&](const void* leaf) { return visit(*cast(leaf)); });
    }
    [[nodiscard]] std::size_t size() const noexcept { return raw_.size(); }
    /// for_each() in steps: RawNameTree::Cursor, typed.
    class Cursor {
    public:
        explicit Cursor(const NameTree& tree) : raw_(tree.raw_) {}
        /// Lives as long as the tree.
        [[nodiscard]] const Leaf* next() { return cast(raw_.next()); }

    private:
        RawNameTree::Cursor raw_;
    };
    [[nodiscard]] static const Leaf* leaf(const void* raw) noexcept { return cast(raw); }

private:
    RawNameTree raw_;
};

}  // namespace hairpin::zones
