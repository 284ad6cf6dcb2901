// acme/chain.hpp - what a CA gave us, judged before a server gets it.
//
// Reads a PEM chain, checks that the certificate is for the key and exactly the names that were
// asked for, that its lifetime makes sense and that each certificate signed the one before it. It
// does not decide whom to trust: the CA was reached over a trusted connection, and which roots a
// browser knows is not ours to say.
//
// Standards RFC 8555 sections 7.4.2 and 9.1 (application/pem-certificate-chain), RFC 5280 section
//           4.1.2.5 (validity), CA/Browser Forum Baseline Requirements section 6.3.2 (398 days).
// Threads   Pure functions.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"

namespace hairpin::acme {

inline constexpr std::size_t kMaxChainOctets = 64 * 1024;
inline constexpr std::size_t kMaxChainLength = 10;

/// What is kept about a certificate that was found good.
struct ChainFacts {
    Sha256 sha256{};      // Of the leaf's DER.
    Sha256 key_sha256{};  // Of its SubjectPublicKeyInfo.
    WallTime not_before{};
    WallTime not_after{};
    std::string pem;  // The chain written anew: certificates only, without what stood between.
    friend bool operator==(const ChainFacts&, const ChainFacts&) = default;
};

struct ChainExpectation {
    std::vector<std::string> names;  // In lower case, without a final dot; the order is no matter.
    Sha256 key_sha256{};
    WallTime now{};
};

/// Errors: Limit too large; Protocol, with the reason in words: not a chain, another key, other
/// names, a lifetime that has not begun (a day of skew is allowed for), is over or is longer than
/// 398 days, a certificate that the next one did not sign.
[[nodiscard]] Result<ChainFacts> check_chain(std::string_view pem,
                                             const ChainExpectation& expectation);

/// The DER of a chain's first certificate. Errors: as a chain that check_chain() cannot read.
[[nodiscard]] Result<Octets> first_certificate_der(std::string_view pem);

/// When to renew: at 2/3 of the lifetime, or 1/2 of one under ten days, and up to 1/50 of the
/// lifetime later or earlier, by `server_id`, so that servers that began together do not stay so.
[[nodiscard]] WallTime renewal_time(WallTime not_before, WallTime not_after,
                                    std::int64_t server_id);

}  // namespace hairpin::acme
