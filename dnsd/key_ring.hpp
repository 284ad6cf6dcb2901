// dnsd/key_ring.hpp - the shared secrets by which requestors are known, found by name.
//
// A ring is an immutable snapshot, published to the workers as the zones are (core/published.hpp).
// It is a persistent tree: a copy is one reference count, and putting one key into a ring of
// 300,000 copies a handful of branches. What a key may do is not said here: `id` tells whoever
// knows.
//
// Standards RFC 8945 sections 4.2 (key names) and 8 (secrets).
// Threads   Immutable and counted; any number of readers.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

#include "core/octets.hpp"
#include "core/published.hpp"
#include "core/ref.hpp"
#include "dnsd/tsig_algorithm.hpp"
#include "zones/name.hpp"
#include "zones/name_tree.hpp"

namespace hairpin::dnsd {

/// Unix seconds as TSIG has them: 48 bits.
using TsigTime = std::uint64_t;
inline constexpr TsigTime kNeverExpires = std::numeric_limits<TsigTime>::max();

enum class WeakAlgorithms : bool { Refused, Allowed };

struct TsigKeyOptions {
    /// Whoever owns the ring knows what this stands for; unique in it. 0: nothing.
    std::int64_t id = 0;
    TsigAlgorithm algorithm = TsigAlgorithm::HmacSha256;
    /// Without this a key for SHA-1 or MD5 is as good as unknown.
    WeakAlgorithms weak = WeakAlgorithms::Refused;
    /// Local policy (RFC 8945 section 5.2.4): shorter MACs are BADTRUNC. 0: the standard's minimum.
    std::size_t least_mac_octets = 0;
    /// From this second on the key is unknown.
    TsigTime expires = kNeverExpires;
};

class TsigKey;
using TsigKeyRef = Ref<const TsigKey>;

/// One key. A single allocation: object, owner, secret.
class TsigKey final : public RefCounted<TsigKey> {
public:
    /// @param name    In any case; kept in lower case.
    /// @param secret  1..65,535 octets; wiped when the key goes.
    [[nodiscard]] static TsigKeyRef create(const zones::Name& name, OctetView secret,
                                           const TsigKeyOptions& options);

    [[nodiscard]] std::int64_t id() const noexcept { return options_.id; }
    [[nodiscard]] TsigAlgorithm algorithm() const noexcept { return options_.algorithm; }
    [[nodiscard]] OctetView secret() const noexcept;
    [[nodiscard]] std::size_t least_mac_octets() const noexcept {
        return options_.least_mac_octets;
    }
    /// Neither expired nor of an algorithm that it must not have.
    [[nodiscard]] bool is_usable(TsigTime now) const noexcept;
    /// In wire form, lower case, root label included: as it is hashed.
    [[nodiscard]] OctetView name() const noexcept;

    // What the tree needs of a leaf: the name without the root label.
    [[nodiscard]] OctetView owner() const noexcept { return name().first(name_octets_ - 1u); }
    [[nodiscard]] std::size_t labels() const noexcept { return labels_; }

    static void destroy(TsigKey* key) noexcept;

private:
    TsigKey() = default;
    TsigKeyOptions options_;
    std::uint16_t secret_octets_ = 0;
    std::uint8_t name_octets_ = 0;
    std::uint8_t labels_ = 0;
};

class KeyRing {
public:
    /// Case is ignored. Null: there is none. Lives as long as the ring. No allocation.
    [[nodiscard]] const TsigKey* find(const zones::Name& name) const noexcept;

    /// Takes the place of a key of the same name.
    void put(TsigKeyRef key) { keys_.put(std::move(key)); }
    /// Whether it was there.
    bool erase(const zones::Name& name);
    [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
    /// In canonical order of names; stops when `visit` returns false.
    void for_each(const std::function<bool(const TsigKey& key)>& visit) const {
        keys_.for_each(visit);
    }

private:
    zones::NameTree<TsigKey> keys_;
};

using PublishedKeys = Published<KeyRing>;

}  // namespace hairpin::dnsd
