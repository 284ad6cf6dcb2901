// zones/wire.hpp - reading DNS messages octet by octet, with every bound checked.
//
// Reads only; responses are written by dnsd/response.hpp. Knows nothing of sockets or zones.
//
// Standards RFC 1035 sections 4.1.1 and 4.1.4; RFC 6891 section 5 (reserved label types).
// Threads   Pure; no allocation.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/octets.hpp"
#include "core/result.hpp"
#include "zones/name.hpp"

namespace hairpin::zones {

inline constexpr std::size_t kHeaderOctets = 12;
/// SERIAL to MINIMUM, at the end of a SOA record's RDATA (RFC 1035 section 3.3.13).
inline constexpr std::size_t kSoaNumbersOctets = 20;

enum class WireError : std::uint8_t {
    Truncated,           // A label, pointer or field runs past the end.
    ReservedLabelType,   // Top bits 01 or 10.
    PointerNotBackward,  // A compression pointer that does not go strictly backward: loops are
                         // impossible.
    NameTooLong,         // More than 255 octets.
};
[[nodiscard]] std::string_view to_string(WireError error) noexcept;

[[nodiscard]] constexpr std::uint16_t read_u16(const std::uint8_t* at) noexcept {
    return static_cast<std::uint16_t>(at[0] << 8 | at[1]);
}
[[nodiscard]] constexpr std::uint32_t read_u32(const std::uint8_t* at) noexcept {
    return static_cast<std::uint32_t>(at[0]) << 24 | static_cast<std::uint32_t>(at[1]) << 16 |
           static_cast<std::uint32_t>(at[2]) << 8 | at[3];
}
constexpr void write_u16(std::uint8_t* at, std::uint16_t value) noexcept {
    at[0] = static_cast<std::uint8_t>(value >> 8);
    at[1] = static_cast<std::uint8_t>(value);
}
constexpr void write_u32(std::uint8_t* at, std::uint32_t value) noexcept {
    write_u16(at, static_cast<std::uint16_t>(value >> 16));
    write_u16(at + 2, static_cast<std::uint16_t>(value));
}

struct NameAt {
    Name name;
    std::size_t next;  // Offset of the first octet after it; for a compressed name the one after
                       // its first pointer.
};

/// Reads the name that starts at `offset`, following compression pointers.
/// @param message  A whole DNS message, from the first header octet; 0..65535 octets.
/// The header is not special: a pointer into it yields an error or a harmless name.
/// Standards: RFC 1035 section 4.1.4. Cost: no allocation; at most 255 octets copied.
[[nodiscard]] Result<NameAt, WireError> read_name(OctetView message, std::size_t offset) noexcept;

/// Steps over the name at `offset` without following it; a pointer ends it and has to point
/// backward, to before the name. @return The offset behind it; nullopt when it is broken.
[[nodiscard]] std::optional<std::size_t> skip_name(OctetView message, std::size_t offset) noexcept;

/// One resource record as it stands in a message; RDATA may hold compressed names.
struct RecordAt {
    Name owner;
    std::uint16_t type;
    std::uint16_t rclass;
    std::uint32_t ttl;
    std::size_t rdata;  // Offset of RDATA.
    std::uint16_t rdlength;
    std::size_t next;  // Offset of what follows.
};
[[nodiscard]] Result<RecordAt, WireError> read_record(OctetView message,
                                                      std::size_t offset) noexcept;

}  // namespace hairpin::zones
