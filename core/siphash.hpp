// core/siphash.hpp - SipHash: a short keyed hash that a stranger cannot predict.
//
// SipHash-2-4 is what server cookies are made with (dnsd/cookies.hpp) and what spreads networks
// over a table without letting them choose their place in it (checkin/network_limiter.hpp).
// SipHash-1-3 has half of the rounds: for tables whose hashes nobody ever sees
// (dnsd/rate_limit.hpp), as Rust, Python and Ruby use it. Neither is a replacement for an HMAC: 64
// bits are enough for a cookie that ends within the hour, and for nothing that lasts.
//
// Standards Aumasson, Bernstein: "SipHash: a fast short-input PRF" (2012); RFC 9018 section 4.4.
// Threads   Pure; no allocation.

#pragma once

#include <endian.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/octets.hpp"

namespace hairpin {

using SipKey = std::array<std::uint8_t, 16>;

/// SipHash with `compression` rounds a word and `finalization` rounds at the end, fed with words.
///
/// For input that is made of words, or whose size is known: the hash of octets is that of their
/// words, little-endian, and of a last one with the octets left over and their number modulo 256 in
/// its highest octet.
template <int compression, int finalization>
class SipHash {
public:
    static constexpr std::size_t kWordOctets = 8;

    explicit SipHash(const SipKey& key) noexcept {
        const std::uint64_t k0 = word_at(key.data());
        const std::uint64_t k1 = word_at(key.data() + kWordOctets);
        v0_ = k0 ^ 0x736f6d6570736575;
        v1_ = k1 ^ 0x646f72616e646f6d;
        v2_ = k0 ^ 0x6c7967656e657261;
        v3_ = k1 ^ 0x7465646279746573;
    }
    /// The eight octets at `at` as a word.
    [[nodiscard]] static std::uint64_t word_at(const std::uint8_t* at) noexcept {
        std::uint64_t word = 0;
        std::memcpy(&word, at, sizeof word);
        return le64toh(word);
    }
    /// Fewer octets than that, and zeros behind them.
    [[nodiscard]] static std::uint64_t part_of_word(OctetView octets) noexcept {
        std::uint64_t word = 0;
        std::size_t at = 0;
        if (octets.size() >= sizeof(std::uint32_t)) {  // Half a word at once: an IPv4 address.
            std::uint32_t half = 0;
            std::memcpy(&half, octets.data(), sizeof half);
            word = le32toh(half);
            at = sizeof half;
        }
        for (; at < octets.size(); ++at)
            word |= static_cast<std::uint64_t>(octets[at]) << (8 * at);
        return word;
    }
    void add(std::uint64_t word) noexcept {
        v3_ ^= word;
        for (int each = 0; each < compression; ++each)
            round();
        v0_ ^= word;
    }
    /// Adds the last word. @return The hash; written as octets it is little-endian.
    [[nodiscard]] std::uint64_t end(std::uint64_t word) noexcept {
        add(word);
        v2_ ^= 0xff;
        for (int each = 0; each < finalization; ++each)
            round();
        return v0_ ^ v1_ ^ v2_ ^ v3_;
    }
    /// Adds the octets that are left, and ends. @param size  Of all that was hashed, in octets.
    [[nodiscard]] std::uint64_t end(OctetView rest, std::size_t size) noexcept {
        for (; rest.size() >= kWordOctets; rest = rest.subspan(kWordOctets))
            add(word_at(rest.data()));
        return end(static_cast<std::uint64_t>(size) << 56 | part_of_word(rest));
    }

private:
    /// The ARX round of the paper's section 2.
    void round() noexcept {
        v0_ += v1_;
        v1_ = std::rotl(v1_, 13) ^ v0_;
        v0_ = std::rotl(v0_, 32);
        v2_ += v3_;
        v3_ = std::rotl(v3_, 16) ^ v2_;
        v0_ += v3_;
        v3_ = std::rotl(v3_, 21) ^ v0_;
        v2_ += v1_;
        v1_ = std::rotl(v1_, 17) ^ v2_;
        v2_ = std::rotl(v2_, 32);
    }
    std::uint64_t v0_, v1_, v2_, v3_;
};

using SipHash24 = SipHash<2, 4>;
using SipHash13 = SipHash<1, 3>;

/// SipHash-2-4 of octets. Written as octets it is little-endian, as the paper's test vectors are.
[[nodiscard]] inline std::uint64_t siphash24(const SipKey& key, OctetView octets) noexcept {
    return SipHash24(key).end(octets, octets.size());
}

}  // namespace hairpin
