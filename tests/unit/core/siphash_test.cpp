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

}  // namespace
}  // namespace hairpin::tests
