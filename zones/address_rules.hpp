// zones/address_rules.hpp - which addresses may stand in which twin name (DESIGN invariant 4).
//
// A public name holds globally reachable unicast addresses only; an internal name holds private
// ones only (RFC 1918, RFC 4193). Special-purpose ranges are the IANA registries', each with its
// RFC. `public_also` opens ranges for labs.
//
// Standards IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), RFC 1918, 4193, 6598,
// 4291, 5771. Threads   Values and pure functions.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ip_address.hpp"
#include "zones/name.hpp"
#include "zones/rrset.hpp"

namespace hairpin::zones {

/// Why an address is special: a registry row.
struct SpecialRange {
    std::string_view prefix;  // "100.64.0.0/10"
    std::string_view reason;  // "shared address space of carriers (RFC 6598)"
};
/// The registry row that an address falls into (the most specific one), or nullopt for an ordinary
/// global unicast address.
[[nodiscard]] std::optional<SpecialRange> special_range(const IpAddress& address) noexcept;
/// RFC 1918 or RFC 4193 (fc00::/7).
[[nodiscard]] bool is_private(const IpAddress& address) noexcept;

enum class TwinRole : std::uint8_t { Public, Internal };
/// Names of a licence zone as their configuration writes them: label "nur" + digits, internal
/// prefix "i-".
struct AddressRules {
    std::string server_label = "nur";
    std::string internal_prefix = "i-";
    std::vector<Prefix> public_also;  // Special-purpose ranges accepted in public names.

    /// Which twin name `owner` is in the licence zone `apex`; nullopt where it is neither. Case is
    /// ignored; the number has 1..9 digits without a leading zero.
    [[nodiscard]] std::optional<TwinRole> role_of(const Name& owner, const Name& apex) const;
    /// Why `address` may not stand in a name of that role, as a sentence for a person; nullopt when
    /// it may.
    [[nodiscard]] std::optional<std::string> refusal(TwinRole role, const IpAddress& address) const;
    /// The same over a whole A or AAAA RRset; other types never refuse.
    [[nodiscard]] std::optional<std::string> refusal(TwinRole role, const RRset& rrset) const;
};

}  // namespace hairpin::zones
