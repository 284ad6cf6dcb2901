// dnsd/tsig_algorithm.hpp - the algorithms of TSIG: names, sizes, and which of them are weak.
//
// A table and look-ups in it. The arithmetic is OpenSSL's (dnsd/hmac.hpp).
//
// Standards RFC 8945 section 6 (names; SHA-1 and MD5 are not to be used), section 5.2.2.1 (the
//           shortest MAC).
// Threads   Constants.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/octets.hpp"

namespace hairpin::dnsd {

enum class TsigAlgorithm : std::uint8_t {
    HmacSha256,
    HmacSha384,
    HmacSha512,
    HmacSha224,
    HmacSha1,
    HmacMd5,
};

/// The longest MAC of any algorithm.
inline constexpr std::size_t kMaxMacOctets = 64;

/// Octets of the whole MAC.
[[nodiscard]] std::size_t mac_octets(TsigAlgorithm algorithm) noexcept;
/// RFC 8945 section 5.2.2.1: max(10, half of the whole); a shorter MAC is a format error.
[[nodiscard]] std::size_t least_mac_octets(TsigAlgorithm algorithm) noexcept;
/// Only for keys that say so: SHA-1 and MD5.
[[nodiscard]] bool is_weak(TsigAlgorithm algorithm) noexcept;

/// The algorithm's name as TSIG records carry it: wire form, lower case, root label included.
[[nodiscard]] OctetView algorithm_name(TsigAlgorithm algorithm) noexcept;
/// "hmac-sha256": as keys are configured. MD5 is "hmac-md5".
[[nodiscard]] std::string_view to_string(TsigAlgorithm algorithm) noexcept;
/// The reverse, ignoring case, with or without the final dot. "hmac-md5.sig-alg.reg.int" is
/// understood too. Otherwise nullopt.
[[nodiscard]] std::optional<TsigAlgorithm> tsig_algorithm(std::string_view text) noexcept;
/// OpenSSL's name of the hash; ends with a NUL.
[[nodiscard]] const char* digest_name(TsigAlgorithm algorithm) noexcept;

}  // namespace hairpin::dnsd
