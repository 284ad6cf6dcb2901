// zones/rtype.hpp - RR types and classes as numbers with names.
//
// Open sets: every 16-bit value is a valid RType (RFC 3597), so these are enums with a fixed
// underlying type and named values, not closed lists. Names come from presentation.hpp (ldns knows
// them).
//
// Standards RFC 1035 section 3.2; RFC 3597; RFC 6895 section 3.1 for the meta types.
//
// Threads   Values.

#pragma once

#include <cstdint>

namespace hairpin::zones {

enum class RType : std::uint16_t {
    A = 1,
    NS = 2,
    CNAME = 5,
    SOA = 6,
    PTR = 12,
    HINFO = 13,
    MX = 15,
    TXT = 16,
    AAAA = 28,
    SRV = 33,
    NAPTR = 35,
    DNAME = 39,
    OPT = 41,
    DS = 43,
    RRSIG = 46,
    NSEC = 47,
    DNSKEY = 48,
    NSEC3 = 50,
    NSEC3PARAM = 51,
    TLSA = 52,
    CDS = 59,
    CDNSKEY = 60,
    SVCB = 64,
    HTTPS = 65,
    NXNAME = 128,
    TKEY = 249,
    TSIG = 250,
    IXFR = 251,
    AXFR = 252,
    MAILB = 253,
    MAILA = 254,
    ANY = 255,
    CAA = 257,
};

enum class RClass : std::uint16_t { IN = 1, CH = 3, HS = 4, NONE = 254, ANY = 255 };

[[nodiscard]] constexpr std::uint16_t to_number(RType type) noexcept {
    return static_cast<std::uint16_t>(type);
}

/// RFC 6895 section 3.1: OPT and 128..255 are questions or transport, never data in a zone. Type 0
/// is reserved.
[[nodiscard]] constexpr bool is_meta(RType type) noexcept {
    const auto number = to_number(type);
    return number == 0 || type == RType::OPT || (number >= 128 && number <= 255);
}

}  // namespace hairpin::zones
