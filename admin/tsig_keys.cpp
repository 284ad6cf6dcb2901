#include "admin/tsig_keys.hpp"

#include "core/assert.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kNameOctets = 8;
constexpr std::size_t kSecretOctets = 32;  // RFC 8945 section 8: at least the digest's size.

}  // namespace

TsigKey make_tsig_key(const zones::Name& public_name) {
    // A public name leaves room for more than this label: see kMaxLicenceZoneOctets.
    const auto name =
        zones::Name::child("k" + to_hex(random_octets(kNameOctets)), public_name.lower());
    HAIRPIN_ASSERT(name.has_value());
    TsigKey key;
    key.name = *name;
    key.secret = random_octets(kSecretOctets);
    return key;
}

std::string tsig_seal_context(const Sha256& token_hash) {
    return "tsig:" + to_hex(token_hash);
}

}  // namespace hairpin::admin
