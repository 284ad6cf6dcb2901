// admin/names.hpp - names as callers write them: licences, labels, twin names, zones, owners.
//
// Standards RFC 1123 section 2.1 (letters, digits, hyphens), RFC 1035 section 2.3.4.
// Threads   Pure functions.

#pragma once

#include <string>
#include <string_view>

#include "admin/problem.hpp"
#include "core/result.hpp"
#include "zones/address_rules.hpp"
#include "zones/name.hpp"
#include "zones/rtype.hpp"

namespace hairpin::admin {

inline constexpr std::size_t kMaxLicenceOctets = 40;
/// Leaves room in front for "_acme-challenge.i-nur999999999.".
inline constexpr std::size_t kMaxLicenceZoneOctets = 200;

struct TwinNames {
    zones::Name public_name;
    zones::Name internal_name;
    friend bool operator==(const TwinNames&, const TwinNames&) = default;
};

/// Lower-case letters, digits and hyphens, 1..40, a letter or digit at both ends; else why not.
[[nodiscard]] Result<void, std::string> check_licence_name(std::string_view name);

/// The twin names of a label in a licence zone. Errors: why it is not a server's label.
[[nodiscard]] Result<TwinNames, std::string> twin_names(std::string_view label,
                                                        const zones::Name& apex,
                                                        const zones::AddressRules& rules);

/// The whole name, in lower case, of an alias as its licence writes it: one or more labels in front
/// of the zone's apex. Errors: why it is no host name, or too long for its challenge names.
[[nodiscard]] Result<zones::Name, std::string> parse_alias(std::string_view text,
                                                           const zones::Name& apex);

/// The label of the server that `owner` would be the name of; `role` as AddressRules::role_of()
/// says.
[[nodiscard]] std::string label_of(const zones::Name& owner, zones::TwinRole role,
                                   const zones::AddressRules& rules);

/// "_acme-challenge" in front of a name: there is room, see kMaxLicenceZoneOctets, parse_alias().
[[nodiscard]] zones::Name challenge_name(const zones::Name& name);

/// A zone's apex as callers write it, with or without the final dot, in lower case; not the root.
/// Errors: why it is none.
[[nodiscard]] Result<zones::Name, std::string> parse_apex(std::string_view text);

/// An owner in `apex`: absolute, with or without the final dot, or "@" for the apex.
[[nodiscard]] Result<zones::Name, std::string> parse_owner(std::string_view text,
                                                           const zones::Name& apex);

/// The name as answers show it: lower case is kept as given, no final dot.
[[nodiscard]] inline std::string shown(const zones::Name& name) {
    return name.text_without_dot();
}

}  // namespace hairpin::admin
