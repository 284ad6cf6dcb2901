#include "dnsd/key_ring.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <new>

#include "core/assert.hpp"
#include "zones/tree_key.hpp"

namespace hairpin::dnsd {
namespace {

constexpr std::size_t kMaxSecretOctets = 65'535;

OctetView without_root(const zones::Name& name) noexcept {
    return name.wire().first(name.size() - 1);
}

}  // namespace

// Layout of the one allocation: TsigKey | name | secret.

TsigKeyRef TsigKey::create(const zones::Name& name, OctetView secret,
                           const TsigKeyOptions& options) {
    HAIRPIN_ASSERT(!secret.empty() && secret.size() <= kMaxSecretOctets);
    void* memory = ::operator new(sizeof(TsigKey) + name.size() + secret.size());
    auto* key = ::new (memory) TsigKey();
    key->options_ = options;
    key->secret_octets_ = static_cast<std::uint16_t>(secret.size());
    key->name_octets_ = static_cast<std::uint8_t>(name.size());
    key->labels_ = static_cast<std::uint8_t>(name.labels());
    auto* octets = reinterpret_cast<std::uint8_t*>(key + 1);
    const zones::Name canonical = name.lower();
    octets = std::copy_n(canonical.wire().begin(), canonical.size(), octets);
    std::copy(secret.begin(), secret.end(), octets);
    return TsigKeyRef::adopt(key);
}

void TsigKey::destroy(TsigKey* key) noexcept {
    auto* secret = reinterpret_cast<std::uint8_t*>(key + 1) + key->name_octets_;
    OPENSSL_cleanse(secret, key->secret_octets_);
    key->~TsigKey();
    ::operator delete(key);
}

OctetView TsigKey::name() const noexcept {
    return {reinterpret_cast<const std::uint8_t*>(this + 1), name_octets_};
}

OctetView TsigKey::secret() const noexcept {
    return {name().data() + name_octets_, secret_octets_};
}

bool TsigKey::is_usable(TsigTime now) const noexcept {
    if (now >= options_.expires) return false;
    return !is_weak(options_.algorithm) || options_.weak == WeakAlgorithms::Allowed;
}

const TsigKey* KeyRing::find(const zones::Name& name) const noexcept {
    if (keys_.size() == 0) return nullptr;
    return keys_.find(zones::TreeKey(name).view(), without_root(name));
}

bool KeyRing::erase(const zones::Name& name) {
    return keys_.erase(zones::TreeKey(name).view(), without_root(name));
}

}  // namespace hairpin::dnsd
