// zones/ldns_text.hpp - what is left to ldns: the parameters of SVCB and HTTPS, and mnemonics.
//
// The wall behind which ldns lives. ldns is lenient (numbers wrap, what it does not understand it
// may skip), so rdata_reader.cpp checks what goes in and rdata_is_valid() what comes out.
//
// Threads   Pure: nothing here reaches ldns's resolver or the system's service tables.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/octets.hpp"
#include "core/result.hpp"
#include "zones/rtype.hpp"

namespace hairpin::zones {

/// RDATA text with absolute names, checked token by token before, to wire form: without line
/// breaks, NULs, comments and parentheses. The error is ldns's reason in words.
[[nodiscard]] Result<Octets, std::string> ldns_rdata_from_text(std::string_view mnemonic,
                                                               std::string_view text);
/// RDATA that is valid for `type` as text; nullopt where ldns has none for it.
[[nodiscard]] std::optional<std::string> ldns_rdata_text(RType type, OctetView rdata);

/// The numbers of "ECDSAP256SHA256" (IANA DNSSEC algorithms) and "PKIX" (RFC 4398 section 2.1).
[[nodiscard]] std::optional<std::uint64_t> ldns_algorithm(std::string_view mnemonic);
[[nodiscard]] std::optional<std::uint64_t> ldns_cert_type(std::string_view mnemonic);

}  // namespace hairpin::zones
