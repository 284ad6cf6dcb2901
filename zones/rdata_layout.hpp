// zones/rdata_layout.hpp - of which fields the RDATA of each type is made, and how long a field is.
//
// One table, from which the check of RDATA in wire form and both directions of RDATA text are
// driven. Types that are not in it are opaque (RFC 3597). Not here: text (rdata_reader.hpp,
// rdata_writer.hpp).
//
// Standards RFC 1035 section 3.3 and the RFC of each type, named in the table.
// Threads   A constant table and pure functions. Cost: no allocation.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/octets.hpp"
#include "zones/rtype.hpp"

namespace hairpin::zones {

enum class Field : std::uint8_t {
    End,  // No more fields.
    // Fixed sizes.
    Octet,      // A number of one octet.
    Short,      // A number of two.
    Long,       // A number of four.
    Period,     // Seconds in four octets; text may use units.
    Time,       // Four octets, YYYYMMDDHHmmSS in text (RFC 4034 section 3.2).
    Algorithm,  // One octet, a DNSSEC algorithm; text may use its mnemonic.
    CertType,   // Two octets (RFC 4398 section 2.1); text may use its mnemonic.
    Type,       // Two octets, a type's mnemonic in text.
    Ipv4,
    Ipv6,
    Eui48,
    Eui64,
    Node64,    // Eight octets as four groups of hexadecimal digits (RFC 6742).
    Location,  // RFC 1876, 16 octets.
    // Sizes that the field itself tells.
    Name,    // Uncompressed.
    String,  // A length octet and as many octets.
    Salt,    // The same, hexadecimal in text, "-" when empty.
    Hash,    // The same, base32hex in text, never empty.
    Tag,     // The same, 1 octet or more, letters and digits only (RFC 8659 section 4.1).
    // To the end of the RDATA.
    OptionalString,  // One String or nothing.
    Strings,         // One String or more.
    Hex,             // One octet or more.
    Base64,          // One octet or more.
    OptionalBase64,
    Value,         // Any octets, written as one quoted string.
    Target,        // The same, one octet or more.
    Types,         // A type bitmap (RFC 4034 section 4.1.2), perhaps empty.
    Prefixes,      // RFC 3123, none or more.
    Parameters,    // RFC 9460 section 2.2, in strictly ascending order.
    Services,      // WKS: a bitmap of ports; has no text but the generic form.
    Gateway,       // IPSECKEY behind its precedence: type, algorithm, gateway, key.
    HostIdentity,  // HIP as a whole.
    Nsap,          // RFC 1706, one octet or more.
    Opaque,        // Any octets; has no text but the generic form.
};

inline constexpr std::size_t kMaxFields = 9;

struct RdataLayout {
    std::uint16_t number;
    std::string_view mnemonic;
    std::array<Field, kMaxFields + 1> fields;  // Up to the first Field::End.
};

/// The row of a type; null for a type without one.
[[nodiscard]] const RdataLayout* layout_of(RType type) noexcept;
/// The same by its mnemonic in either case: "A", "https".
[[nodiscard]] const RdataLayout* layout_named(std::string_view mnemonic) noexcept;

/// Octets of the field that `rest` begins with; nullopt when it is malformed or runs past the end.
/// A field to the end of the RDATA takes the whole of `rest`. Never called with Field::End.
[[nodiscard]] std::optional<std::size_t> field_octets(Field field, OctetView rest) noexcept;

}  // namespace hairpin::zones
