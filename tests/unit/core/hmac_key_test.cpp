#include "core/hmac_key.hpp"

#include <catch2/catch.hpp>
#include <numeric>

namespace hairpin {
namespace {

TEST_CASE("A key made ready gives the standards' values", "[core][rfc4231]") {
    // RFC 4231 sections 4.3 and 4.7.
    CHECK(to_hex(HmacKey(as_octets("Jefe")).mac(as_octets("what do ya want for nothing?"))) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(to_hex(HmacKey(Octets(131, 0xaa))
                     .mac(as_octets("Test Using Larger Than Block-Size Key - Hash Key First"))) ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("A key made ready gives what the key gives, at any size of both", "[core][rfc2104]") {
    // A block has 64 octets, of which 9 are not the message's in the last one.
    Octets octets(200);
    std::iota(octets.begin(), octets.end(), std::uint8_t{0});
    for (const std::size_t key_size : {0u, 1u, 31u, 32u, 63u, 64u, 65u, 131u}) {
        const OctetView secret = OctetView(octets).first(key_size);
        const HmacKey key(secret);
        for (std::size_t size = 0; size <= octets.size(); ++size) {
            INFO(key_size << " octets of key, " << size << " of message");
            const OctetView message = OctetView(octets).first(size);
            REQUIRE(key.mac(message) == hmac_sha256(secret, message));
        }
    }
}

}  // namespace
}  // namespace hairpin
