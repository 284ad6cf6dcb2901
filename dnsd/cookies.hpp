// dnsd/cookies.hpp - DNS cookies: who shows one of ours does receive what is sent to its address.
//
//   query      client cookie (8 octets), perhaps a server cookie behind it
//   server     version 1 | reserved | time stamp | SipHash-2-4(secret, client cookie | version |
//   cookie     reserved | time stamp | client address)
//
// The server keeps nothing: the cookie itself says when it was made and whether we, or another
// server with the same secret, made it. Two secrets are known at a time, so that they can be rolled
// without a cookie failing. Reading the option is dnsd/query.hpp's, what follows from a bad cookie
// is dnsd/answer.cpp's, keeping the secrets daemon/cookie_file.hpp's.
//
// Standards RFC 7873 sections 4, 5.2 and 5.4; RFC 9018 sections 4 (the server cookie, interoperable
//           with BIND, Knot DNS, NSD, PowerDNS and Unbound) and 5 (rolling secrets).
// Threads   Pure; no allocation. Time is an argument.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "core/siphash.hpp"
#include "dnsd/counters.hpp"

namespace hairpin::dnsd {

inline constexpr std::size_t kClientCookieOctets = 8;
/// RFC 7873 section 4: the option with a server cookie, anybody's.
inline constexpr std::size_t kMinBothCookiesOctets = 16;
inline constexpr std::size_t kMaxBothCookiesOctets = 40;
/// The same with a server cookie of ours.
inline constexpr std::size_t kOurCookiesOctets = 24;

struct CookieSecrets {
    SipKey current{};             // What cookies are made with.
    std::optional<SipKey> other;  // What they are accepted with too: the secret before or the next.
    friend bool operator==(const CookieSecrets&, const CookieSecrets&) = default;
};

enum class CookieUse : std::uint8_t {
    Off,       // Cookies are unknown options.
    Answered,  // Who sends one gets one.
    Required,  // Who can send one has to, over UDP: BADCOOKIE, then the answer.
};

struct CookiePolicy {
    CookieUse use = CookieUse::Off;
    CookieSecrets secrets;
};

/// What became of a query's COOKIE option, and what goes into the answer's.
struct Cookie {
    CookieState state = CookieState::None;
    std::array<std::uint8_t, kOurCookiesOctets> reply{};  // Unless None.
};

/// Judges a query's COOKIE option.
///
/// @param option  Its value: empty where there is none, or 8 or 16..40 octets.
/// @param client  The source of the query, unmapped.
/// @param now     Unix seconds, modulo 2^32.
/// A valid cookie that is young goes back as it came, any other client cookie with a fresh one.
[[nodiscard]] Cookie judge_cookie(const CookiePolicy& policy, OctetView option,
                                  const IpAddress& client, std::uint32_t now) noexcept;

}  // namespace hairpin::dnsd
