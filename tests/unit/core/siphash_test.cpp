#include "core/siphash.hpp"

#include <numeric>

#include <catch2/catch.hpp>

namespace hairpin::tests {
namespace {

TEST_CASE("SipHash-2-4 gives what its authors' vectors give", "[core][siphash]") {
    // The key is 00 01 .. 0f, the message 00 01 .. of each length.
    struct Case {
        std::size_t octets;
        std::uint64_t hash;
    };
    const Case each = GENERATE(Case{0, 0x726fdb47dd0e0e31}, Case{1, 0x74f839c593dc67fd},
                               Case{7, 0xab0200f58b01d137}, Case{8, 0x93f5f5799a932462},
                               Case{15, 0xa129ca6149be45e5}, Case{16, 0x3f2acc7f57c29bdb},
                               Case{63, 0x958a324ceb064572});
    SipKey key{};
    std::iota(key.begin(), key.end(), std::uint8_t{0});
    Octets message(each.octets);
    std::iota(message.begin(), message.end(), std::uint8_t{0});
    INFO(each.octets << " octets");
    CHECK(siphash24(key, message) == each.hash);
}

TEST_CASE("SipHash-1-3 gives what other programs give", "[core][siphash]") {
    // As CPython 3.11 does, whose hashes of strings it makes; the same key and messages.
    struct Case {
        std::size_t octets;
        std::uint64_t hash;
    };
    const Case each = GENERATE(Case{0, 0xabac0158050fc4dc}, Case{1, 0xc9f49bf37d57ca93},
                               Case{7, 0xd3927d989bb11140}, Case{8, 0x369095118d299a8e},
                               Case{16, 0xcc4fdd1a7d908b66}, Case{25, 0x45cd5928705b0979},
                               Case{63, 0x9d199062b7bbb3a8});
    SipKey key{};
    std::iota(key.begin(), key.end(), std::uint8_t{0});
    Octets message(each.octets);
    std::iota(message.begin(), message.end(), std::uint8_t{0});
    INFO(each.octets << " octets");
    CHECK(SipHash13(key).end(message, message.size()) == each.hash);
}

TEST_CASE("A hash that is fed with words is that of their octets", "[core][siphash]") {
    const SipKey key{3, 1, 4};
    Octets message(20);
    std::iota(message.begin(), message.end(), std::uint8_t{0x80});
    SipHash24 hash(key);
    hash.add(SipHash24::word_at(message.data()));
    hash.add(SipHash24::word_at(&message[SipHash24::kWordOctets]));
    CHECK(hash.end(OctetView(message).subspan(16), message.size()) == siphash24(key, message));
}

TEST_CASE("Fewer octets than a word are its lower ones", "[core][siphash]") {
    const Octets octets{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};
    std::uint64_t word = 0;
    for (std::size_t size = 0; size < octets.size(); ++size) {
        INFO(size << " octets");
        CHECK(SipHash24::part_of_word(OctetView(octets).first(size)) == word);
        word |= static_cast<std::uint64_t>(octets[size]) << (8 * size);
    }
    CHECK(SipHash24::word_at(octets.data()) == word);
}

}  // namespace
}  // namespace hairpin::tests
