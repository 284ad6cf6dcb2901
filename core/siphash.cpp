#include "core/siphash.hpp"

#include <endian.h>

#include <bit>
#include <cstring>

namespace hairpin {
namespace {

constexpr std::size_t kWordOctets = 8;

std::uint64_t read_little_endian(const std::uint8_t* at) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return le64toh(word);
}

/// The four words of the paper's section 2, and its ARX round.
struct State {
    std::uint64_t v0, v1, v2, v3;

    void round() noexcept {
        v0 += v1;
        v1 = std::rotl(v1, 13) ^ v0;
        v0 = std::rotl(v0, 32);
        v2 += v3;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 += v3;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 += v1;
        v1 = std::rotl(v1, 17) ^ v2;
        v2 = std::rotl(v2, 32);
    }
    void compress(std::uint64_t word) noexcept {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }
};

}  // namespace

std::uint64_t siphash24(const SipKey& key, OctetView octets) noexcept {
    const std::uint64_t k0 = read_little_endian(key.data());
    const std::uint64_t k1 = read_little_endian(key.data() + kWordOctets);
    State state{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                k1 ^ 0x7465646279746573};
    std::uint64_t last = static_cast<std::uint64_t>(octets.size()) << 56;
    for (; octets.size() >= kWordOctets; octets = octets.subspan(kWordOctets))
        state.compress(read_little_endian(octets.data()));
    for (std::size_t each = 0; each < octets.size(); ++each)
        last |= static_cast<std::uint64_t>(octets[each]) << (8 * each);
    state.compress(last);
    state.v2 ^= 0xff;
    for (int round = 0; round < 4; ++round)
        state.round();
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace hairpin
