// zones/rdata_reader.hpp - RDATA text, already split into tokens, to wire form.
//
// Shared by presentation.cpp (one RDATA) and zone_file.cpp (a file, where an error has its line).
// Strict where ldns is not: numbers in range, nothing left over, no quotation marks around a
// number.
//
// Standards RFC 1035 section 5.1, RFC 3597 section 5, the RFCs named in rdata_layout.cpp.
// Threads   Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/octets.hpp"
#include "core/result.hpp"
#include "zones/master_text.hpp"
#include "zones/name.hpp"
#include "zones/rtype.hpp"

namespace hairpin::zones {

/// A name in presentation format: absolute with a final dot, under `origin` without one, "@" is
/// `origin`.
[[nodiscard]] Result<Name, NameError> name_under(std::string_view text,
                                                 const Name& origin) noexcept;

/// @param tokens  What stands behind the type.
/// @param line    Of the record: where an error is that has no token, such as a missing field.
[[nodiscard]] Result<Octets, MasterTextError> read_rdata(RType type, std::span<const Token> tokens,
                                                         std::size_t line, const Name& origin);

/// RRSIG times: 14 digits YYYYMMDDHHmmSS in UTC, or seconds since 1970; nullopt for anything else.
[[nodiscard]] std::optional<std::uint32_t> parse_time(std::string_view text) noexcept;

}  // namespace hairpin::zones
