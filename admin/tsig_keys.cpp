#include "admin/tsig_keys.hpp"

#include <algorithm>
#include <array>

#include "core/assert.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kNameOctets = 8;
constexpr std::size_t kSecretOctets = 32;  // RFC 8945 section 8: at least the digest's size.

constexpr std::array<TsigAlgorithmFacts, 6> kTsigAlgorithms = {{
    {"hmac-sha256", 32, false},
    {"hmac-sha384", 48, false},
    {"hmac-sha512", 64, false},
    {"hmac-sha224", 28, false},
    {"hmac-sha1", 20, true},
    {"hmac-md5", 16, true},
}};

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

std::optional<TsigAlgorithmFacts> tsig_algorithm_facts(std::string_view name) noexcept {
    const auto* found = std::find_if(kTsigAlgorithms.begin(), kTsigAlgorithms.end(),
                                     [&](const auto& each) { return each.name == name; });
    if (found == kTsigAlgorithms.end()) return std::nullopt;
    return *found;
}

std::string tsig_algorithm_names() {
    std::string names;
    for (const TsigAlgorithmFacts& each : kTsigAlgorithms)
        names.append(names.empty() ? "" : ", ").append(each.name);
    return names;
}

std::string tsig_seal_context(const Sha256& token_hash) {
    return "tsig:" + to_hex(token_hash);
}

}  // namespace hairpin::admin
