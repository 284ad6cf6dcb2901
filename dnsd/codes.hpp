// dnsd/codes.hpp - the numbers of the DNS header and of EDNS, by name.
//
// Standards RFC 1035 section 4.1.1 and RFC 6895 section 2.2-2.3 (opcodes, RCODEs); RFC 2136 section
//           2.2 (RCODEs of UPDATE); RFC 6891
//           section 9 (BADVERS); RFC 7830 and RFC 8467 (Padding); RFC 7873 section 8 (BADCOOKIE);
//           RFC 8914 section 5.2 and RFC 9824 section 10.1 (extended errors).
// Threads   Constants.

#pragma once

#include <cstddef>
#include <cstdint>

namespace hairpin::dnsd {

enum class Rcode : std::uint8_t {
    NoError = 0,
    FormErr = 1,
    ServFail = 2,
    NxDomain = 3,
    NotImp = 4,
    Refused = 5,
    YxDomain = 6,
    YxRrset = 7,
    NxRrset = 8,
    NotAuth = 9,
    NotZone = 10,
    BadVers = 16,  // The upper bits travel in the OPT record.
    BadCookie = 23,
};
/// One more than the greatest RCODE above.
inline constexpr std::size_t kRcodes = 24;

/// Extended DNS errors that we send.
enum class ExtendedError : std::uint16_t {
    None = 0xffff,  // Nothing is added.
    NotReady = 14,
    Prohibited = 18,
    NotAuthoritative = 20,
    NotSupported = 21,
    InvalidQueryType = 30,
};

/// The header has four bits for them.
inline constexpr std::size_t kOpcodes = 16;
inline constexpr std::uint8_t kOpcodeQuery = 0;
inline constexpr std::uint8_t kOpcodeNotify = 4;  // RFC 1996
inline constexpr std::uint8_t kOpcodeUpdate = 5;  // RFC 2136

// Bits of the header's second and third octet pair, read as one 16-bit number.
inline constexpr std::uint16_t kFlagResponse = 0x8000;
inline constexpr std::uint16_t kOpcodeMask = 0x7800;
/// Of the header's flags.
[[nodiscard]] constexpr std::size_t opcode_of(std::uint16_t flags) noexcept {
    return static_cast<std::size_t>(flags & kOpcodeMask) >> 11;
}
inline constexpr std::uint16_t kFlagAuthoritative = 0x0400;
inline constexpr std::uint16_t kFlagTruncated = 0x0200;
inline constexpr std::uint16_t kFlagRecursionDesired = 0x0100;
/// The one EDNS flag that is defined (RFC 3225).
inline constexpr std::uint16_t kEdnsDnssecOk = 0x8000;

inline constexpr std::uint16_t kOptionNsid = 3;            // RFC 5001
inline constexpr std::uint16_t kOptionCookie = 10;         // RFC 7873
inline constexpr std::uint16_t kOptionPadding = 12;        // RFC 7830
inline constexpr std::uint16_t kOptionExtendedError = 15;  // RFC 8914

/// What every requestor takes, EDNS or not (RFC 1035 section 4.2.1, RFC 6891 section 6.2.3).
inline constexpr std::size_t kMinUdpOctets = 512;
/// Padded answers are a multiple of this (RFC 8467 section 4.1).
inline constexpr std::size_t kPaddingBlockOctets = 468;
/// The size that a message of `octets` is padded to.
[[nodiscard]] constexpr std::size_t padded_octets(std::size_t octets) noexcept {
    return (octets + kPaddingBlockOctets - 1) / kPaddingBlockOctets * kPaddingBlockOctets;
}
/// The largest DNS message (RFC 1035 section 4.2.2).
inline constexpr std::size_t kMaxMessageOctets = 65'535;
/// What stands before each message in a stream: its length (RFC 1035 section 4.2.2).
inline constexpr std::size_t kLengthOctets = 2;

/// Type, class, TTL and RDLENGTH: what follows a record's owner (RFC 1035 section 4.1.3).
inline constexpr std::size_t kRecordFieldOctets = 10;
/// An OPT record without options: the root as owner, and those.
inline constexpr std::size_t kOptOctets = 1 + kRecordFieldOctets;

/// A compression pointer is these two bits and an offset of 14 (RFC 1035 section 4.1.4).
inline constexpr std::uint16_t kPointer = 0xC000;
inline constexpr std::size_t kMaxPointer = 0x3fff;

}  // namespace hairpin::dnsd
