#include "zones/name_tree.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <new>
#include <span>
#include <utility>

#include "core/assert.hpp"
#include "zones/label_starts.hpp"

namespace hairpin::zones {
namespace {

using LeafOps = RawNameTree::LeafOps;

std::size_t first_difference(KeyView a, KeyView b) noexcept {
    const std::size_t end = std::max(a.size(), b.size());
    for (std::size_t offset = 0; offset < end; ++offset)
        if (symbol_at(a, offset) != symbol_at(b, offset)) return offset;
    return end;
}

}  // namespace

std::size_t common_labels(OctetView a, OctetView b) noexcept {
    const LabelStarts ours(a);
    const LabelStarts theirs(b);
    const std::size_t most = std::min(ours.count, theirs.count);
    for (std::size_t back = 1; back <= most; ++back) {
        const OctetView x = a.subspan(ours.at[ours.count - back]);
        const OctetView y = b.subspan(theirs.at[theirs.count - back]);
        if (x[0] != y[0] || !equal_ignoring_case(x.first(x[0] + 1u), y.first(x[0] + 1u)))
            return back - 1;
    }
    return most;
}

// Twigs are sorted by their symbol and follow the branch in the same allocation.
struct RawNameTree::Branch {
    mutable std::atomic<std::uint32_t> owners{1};
    std::uint16_t offset =
        0;  // Of the symbol that tells the twigs apart; every name below shares those before it.
    std::uint64_t bitmap = 0;  // Bit n: there is a twig for symbol n.

    [[nodiscard]] std::size_t count() const noexcept {
        return static_cast<std::size_t>(std::popcount(bitmap));
    }
    [[nodiscard]] std::span<Twig> twigs() noexcept {
        return {reinterpret_cast<Twig*>(this + 1), count()};
    }
    [[nodiscard]] std::span<const Twig> twigs() const noexcept {
        return {reinterpret_cast<const Twig*>(this + 1), count()};
    }
    [[nodiscard]] bool has(std::uint8_t symbol) const noexcept {
        return (bitmap >> symbol & 1) != 0;
    }
    [[nodiscard]] std::size_t index(std::uint8_t symbol) const noexcept {
        return static_cast<std::size_t>(std::popcount(bitmap & ((std::uint64_t{1} << symbol) - 1)));
    }
};

/// The pointer arithmetic and the counting of references, in one place.
struct NameTreeAccess {
    using Branch = RawNameTree::Branch;
    using Twig = RawNameTree::Twig;

    static bool is_branch(Twig twig) noexcept { return (twig & 1) != 0; }
    static Branch* branch(Twig twig) noexcept { return reinterpret_cast<Branch*>(twig - 1); }
    static const void* leaf(Twig twig) noexcept { return reinterpret_cast<const void*>(twig); }
    static Twig of(Branch* branch) noexcept { return reinterpret_cast<Twig>(branch) + 1; }
    static Twig of(const void* leaf) noexcept { return reinterpret_cast<Twig>(leaf); }

    // The twigs are left for the caller to fill.
    static Branch* make(std::size_t offset, std::uint64_t bitmap) {
        const auto twigs = static_cast<std::size_t>(std::popcount(bitmap));
        auto* made = ::new (::operator new(sizeof(Branch) + twigs * sizeof(Twig))) Branch();
        made->offset = static_cast<std::uint16_t>(offset);
        made->bitmap = bitmap;
        return made;
    }
    static void discard(Branch* branch) noexcept {
        branch->~Branch();
        ::operator delete(branch);
    }
    static void retain(const LeafOps& ops, Twig twig) noexcept {
        if (is_branch(twig)) {
            branch(twig)->owners.fetch_add(1, std::memory_order_relaxed);
        } else if (twig != 0) {
            ops.retain(leaf(twig));
        }
    }
    static void release(const LeafOps& ops, Twig twig) noexcept {
        if (!is_branch(twig)) {
            if (twig != 0) ops.release(leaf(twig));
            return;
        }
        Branch* held = branch(twig);
        if (held->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        for (const Twig each : held->twigs())
            release(ops, each);
        discard(held);
    }
    // Leaves with a branch that only this tree owns, so that it may be edited in place.
    static Branch* own(const LeafOps& ops, Twig& slot) {
        Branch* held = branch(slot);
        if (held->owners.load(std::memory_order_acquire) == 1) return held;
        Branch* copy = make(held->offset, held->bitmap);
        std::copy(held->twigs().begin(), held->twigs().end(), copy->twigs().begin());
        for (const Twig each : copy->twigs())
            retain(ops, each);
        release(ops, slot);
        slot = of(copy);
        return copy;
    }
    // Walks the key as far as it goes, then to the first leaf: one that shares as many symbols with
    // the key as any does.
    static const void* relative(Twig twig, KeyView key) noexcept {
        while (is_branch(twig)) {
            const Branch* at = branch(twig);
            const std::uint8_t symbol = symbol_at(key, at->offset);
            twig = at->twigs()[at->has(symbol) ? at->index(symbol) : 0];
        }
        return leaf(twig);
    }
    static bool for_each(Twig twig, const std::function<bool(const void*)>& visit) {
        if (!is_branch(twig)) return visit(leaf(twig));
        const auto twigs = std::as_const(*branch(twig)).twigs();
        return std::all_of(twigs.begin(), twigs.end(),
                           [&](Twig each) { return for_each(each, visit); });
    }
};

using Access = NameTreeAccess;

RawNameTree::RawNameTree(const RawNameTree& other) noexcept
    : ops_(other.ops_), root_(other.root_), size_(other.size_) {
    if (ops_ != nullptr) Access::retain(*ops_, root_);
}

RawNameTree::RawNameTree(RawNameTree&& other) noexcept
    : ops_(other.ops_),
      root_(std::exchange(other.root_, 0)),
      size_(std::exchange(other.size_, 0)) {}

RawNameTree& RawNameTree::operator=(RawNameTree other) noexcept {
    std::swap(ops_, other.ops_);
    std::swap(root_, other.root_);
    std::swap(size_, other.size_);
    return *this;
}

RawNameTree::~RawNameTree() {
    if (ops_ != nullptr) Access::release(*ops_, root_);
}

void RawNameTree::descend(const LeafOps& ops, KeyView key, OctetView labels,
                          Descent& result) const noexcept {
    result.exact = result.relative = nullptr;
    result.common = result.ancestors = 0;
    if (root_ == 0) return;

    Twig twig = root_;
    while (Access::is_branch(twig)) {
        const Branch* at = Access::branch(twig);
        const std::span<const Twig> twigs = at->twigs();
        // A name that ends here and from which ours goes on is an ancestor, if the symbols before
        // were ours too (checked below).
        const bool at_label =
            at->offset < key.size() && (at->offset == 0 || key[at->offset - 1u] == kLabelEnd);
        if (at_label && at->has(kLabelEnd) && !Access::is_branch(twigs[0]))
            result.ancestor[result.ancestors++] = Access::leaf(twigs[0]);

        const std::uint8_t symbol = symbol_at(key, at->offset);
        twig = twigs[at->has(symbol) ? at->index(symbol) : 0];
    }

    result.relative = Access::leaf(twig);
    const OctetView owner = ops.owner(result.relative);
    if (equal_ignoring_case(owner, labels)) {
        result.exact = result.relative;
        result.common = ops.labels(result.relative);
        return;
    }
    result.common = common_labels(owner, labels);
    while (result.ancestors > 0 &&
           ops.labels(result.ancestor[result.ancestors - 1]) > result.common)
        --result.ancestors;
    const bool is_ancestor = ops.labels(result.relative) == result.common;
    const bool is_new =
        result.ancestors == 0 || result.ancestor[result.ancestors - 1] != result.relative;
    if (is_ancestor && is_new) result.ancestor[result.ancestors++] = result.relative;
}

const void* RawNameTree::find(const LeafOps& ops, KeyView key, OctetView labels) const noexcept {
    if (root_ == 0) return nullptr;
    const void* found = Access::relative(root_, key);
    return equal_ignoring_case(ops.owner(found), labels) ? found : nullptr;
}

void RawNameTree::put(const LeafOps& ops, const void* leaf) {
    ops_ = &ops;
    if (root_ == 0) {
        root_ = Access::of(leaf);
        size_ = 1;
        return;
    }
    const TreeKey whole(ops.owner(leaf));
    const KeyView key = whole.view();
    const TreeKey other(ops.owner(Access::relative(root_, key)));
    const std::size_t offset = first_difference(key, other.view());
    const bool is_same_name = offset == std::max(key.size(), other.view().size());

    Twig* slot = &root_;
    while (Access::is_branch(*slot) && (is_same_name || Access::branch(*slot)->offset < offset)) {
        Branch* at = Access::own(ops, *slot);
        slot = &at->twigs()[at->index(symbol_at(key, at->offset))];
    }
    if (is_same_name) {
        Access::release(ops, std::exchange(*slot, Access::of(leaf)));
        return;
    }

    ++size_;
    const std::uint8_t symbol = symbol_at(key, offset);
    const std::uint64_t bit = std::uint64_t{1} << symbol;
    if (Access::is_branch(*slot) && Access::branch(*slot)->offset == offset) {
        Branch* old = Access::own(ops, *slot);
        Branch* grown = Access::make(offset, old->bitmap | bit);
        const auto gap = static_cast<std::ptrdiff_t>(grown->index(symbol));
        std::copy(old->twigs().begin(), old->twigs().begin() + gap, grown->twigs().begin());
        std::copy(old->twigs().begin() + gap, old->twigs().end(), grown->twigs().begin() + gap + 1);
        grown->twigs()[grown->index(symbol)] = Access::of(leaf);
        Access::discard(old);  // Its twigs moved.
        *slot = Access::of(grown);
        return;
    }
    const std::uint8_t other_symbol = symbol_at(other.view(), offset);
    Branch* fork = Access::make(offset, bit | std::uint64_t{1} << other_symbol);
    fork->twigs()[fork->index(other_symbol)] = *slot;
    fork->twigs()[fork->index(symbol)] = Access::of(leaf);
    *slot = Access::of(fork);
}

bool RawNameTree::erase(const LeafOps& ops, KeyView key, OctetView labels) {
    if (find(ops, key, labels) == nullptr) return false;
    --size_;
    Twig* parent = nullptr;
    Twig* slot = &root_;
    while (Access::is_branch(*slot)) {
        Branch* at = Access::own(ops, *slot);
        parent = slot;
        slot = &at->twigs()[at->index(symbol_at(key, at->offset))];
    }
    Access::release(ops, *slot);
    if (parent == nullptr) {
        root_ = 0;
        return true;
    }

    Branch* old = Access::branch(*parent);
    const std::span<Twig> twigs = old->twigs();
    const auto gone = static_cast<std::size_t>(slot - twigs.data());
    if (twigs.size() == 2) {
        *parent = twigs[1 - gone];  // A branch with one twig tells nothing apart.
    } else {
        const std::uint64_t bit = std::uint64_t{1} << symbol_at(key, old->offset);
        Branch* shrunk = Access::make(old->offset, old->bitmap & ~bit);
        std::copy(twigs.begin(), slot - twigs.data() + twigs.begin(), shrunk->twigs().begin());
        std::copy(twigs.begin() + static_cast<std::ptrdiff_t>(gone) + 1, twigs.end(),
                  shrunk->twigs().begin() + static_cast<std::ptrdiff_t>(gone));
        *parent = Access::of(shrunk);
    }
    Access::discard(old);
    return true;
}

void RawNameTree::for_each(const std::function<bool(const void*)>& visit) const {
    if (root_ != 0) static_cast<void>(Access::for_each(root_, visit));
}

void RawNameTree::for_each_within(const LeafOps& ops, KeyView key, OctetView labels,
                                  const std::function<bool(const void*)>& visit) const {
    if (root_ == 0) return;
    Twig twig = root_;
    while (Access::is_branch(twig) && Access::branch(twig)->offset < key.size()) {
        const Branch* at = Access::branch(twig);
        const std::uint8_t symbol = symbol_at(key, at->offset);
        if (!at->has(symbol)) return;
        twig = at->twigs()[at->index(symbol)];
    }
    // All that are left have the same symbols as far as the key goes: one speaks for all.
    const OctetView owner = ops.owner(Access::relative(twig, key));
    if (common_labels(owner, labels) == LabelStarts(labels).count)
        static_cast<void>(Access::for_each(twig, visit));
}

const void* RawNameTree::Cursor::next() {
    Twig twig = std::exchange(next_, 0);
    if (twig == 0 && !path_.empty()) {
        Rest& rest = path_.back();
        twig = rest.front();
        rest = rest.subspan(1);
        if (rest.empty()) path_.pop_back();  // Before going down: no dead ends on the path.
    }
    while (Access::is_branch(twig)) {
        const Rest twigs = std::as_const(*Access::branch(twig)).twigs();
        path_.push_back(twigs.subspan(1));  // A branch has two twigs at least.
        twig = twigs.front();
    }
    return Access::leaf(twig);
}

}  // namespace hairpin::zones
