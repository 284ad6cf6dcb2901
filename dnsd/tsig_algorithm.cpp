#include "dnsd/tsig_algorithm.hpp"

#include <algorithm>
#include <array>

#include "zones/name.hpp"

namespace hairpin::dnsd {
namespace {

enum class Strength : bool { Strong, Weak };

struct Row {
    std::string_view text;
    std::string_view wire;  // Without the root label: the NUL that ends the literal is that.
    std::size_t octets;
    Strength strength;
    const char* digest;
};

// In the order of TsigAlgorithm.
constexpr std::array<Row, 6> kRows = {{
    {"hmac-sha256", "\013hmac-sha256", 32, Strength::Strong, "SHA256"},
    {"hmac-sha384", "\013hmac-sha384", 48, Strength::Strong, "SHA384"},
    {"hmac-sha512", "\013hmac-sha512", 64, Strength::Strong, "SHA512"},
    {"hmac-sha224", "\013hmac-sha224", 28, Strength::Strong, "SHA224"},
    {"hmac-sha1", "\011hmac-sha1", 20, Strength::Weak, "SHA1"},
    {"hmac-md5", "\010hmac-md5\007sig-alg\003reg\003int", 16, Strength::Weak, "MD5"},
}};
constexpr std::string_view kMd5InFull = "hmac-md5.sig-alg.reg.int";
constexpr std::size_t kLeastMacOctets = 10;

const Row& row(TsigAlgorithm algorithm) noexcept {
    return kRows[static_cast<std::size_t>(algorithm)];
}

}  // namespace

std::size_t mac_octets(TsigAlgorithm algorithm) noexcept {
    return row(algorithm).octets;
}

std::size_t least_mac_octets(TsigAlgorithm algorithm) noexcept {
    return std::max(kLeastMacOctets, mac_octets(algorithm) / 2);
}

bool is_weak(TsigAlgorithm algorithm) noexcept {
    return row(algorithm).strength == Strength::Weak;
}

OctetView algorithm_name(TsigAlgorithm algorithm) noexcept {
    const OctetView labels = as_octets(row(algorithm).wire);
    return {labels.data(), labels.size() + 1};
}

std::string_view to_string(TsigAlgorithm algorithm) noexcept {
    return row(algorithm).text;
}

std::optional<TsigAlgorithm> tsig_algorithm(std::string_view text) noexcept {
    if (text.ends_with('.')) text.remove_suffix(1);
    const auto is = [text](std::string_view name) {
        return zones::equal_ignoring_case(as_octets(text), as_octets(name));
    };
    if (is(kMd5InFull)) return TsigAlgorithm::HmacMd5;
    for (std::size_t each = 0; each < kRows.size(); ++each)
        if (is(kRows[each].text)) return static_cast<TsigAlgorithm>(each);
    return std::nullopt;
}

const char* digest_name(TsigAlgorithm algorithm) noexcept {
    return row(algorithm).digest;
}

}  // namespace hairpin::dnsd
