// OpenSSL 3 has no other way to keep a hash that has begun in 32 octets and without an allocation:
// what EVP keeps of it is several hundred in two. These functions are its own, with what the
// processor has for SHA-256.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "core/hmac_key.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <span>

#include "core/assert.hpp"

namespace hairpin {
namespace {

constexpr std::size_t kBlockOctets = SHA256_CBLOCK;
constexpr std::uint8_t kInnerPad = 0x36;  // RFC 2104 section 2.
constexpr std::uint8_t kOuterPad = 0x5c;

using BlockState = std::array<std::uint32_t, 8>;
using Block = std::array<std::uint8_t, kBlockOctets>;

BlockState state_after(Block block, std::uint8_t pad) noexcept {
    for (std::uint8_t& octet : block)
        octet ^= pad;
    SHA256_CTX context{};
    HAIRPIN_ASSERT(SHA256_Init(&context) == 1);
    SHA256_Transform(&context, block.data());
    BlockState state{};
    std::copy(std::begin(context.h), std::end(context.h), state.begin());
    return state;
}

/// SHA-256 of a block that left it in `state`, and of these octets behind it.
Sha256 go_on(const BlockState& state, OctetView octets) noexcept {
    SHA256_CTX context{};
    const bool has_begun = SHA256_Init(&context) == 1;
    std::copy(state.begin(), state.end(), std::begin(context.h));
    context.Nl = kBlockOctets * 8;  // Bits so far.
    Sha256 digest{};
    const bool is_made = has_begun && SHA256_Update(&context, octets.data(), octets.size()) == 1 &&
                         SHA256_Final(digest.data(), &context) == 1;
    HAIRPIN_ASSERT(is_made);
    return digest;
}

}  // namespace

HmacKey::HmacKey(OctetView key) noexcept {
    Block block{};
    if (key.size() > block.size()) {
        std::ranges::copy(sha256(key), block.begin());
    } else {
        std::ranges::copy(key, block.begin());
    }
    inner_ = state_after(block, kInnerPad);
    outer_ = state_after(block, kOuterPad);
}

Sha256 HmacKey::mac(OctetView octets) const noexcept {
    return go_on(outer_, go_on(inner_, octets));
}

}  // namespace hairpin
