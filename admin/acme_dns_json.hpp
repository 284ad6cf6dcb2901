// admin/acme_dns_json.hpp - the bodies that acme-dns clients send.
//
// Names of members are matched in any case: the Go client behind lego has none of the JSON tags
// that the original expects. Members that we do not know are passed over, as the original does.
//
// Standards RFC 8259; RFC 8555 section 8.4 for the form of a value.
// Threads   Pure.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/problem.hpp"
#include "core/ip_address.hpp"
#include "core/result.hpp"

namespace hairpin::admin {

struct AcmeDnsUpdate {
    std::string subdomain;  // A UUID, or a server's twin name.
    std::string txt;        // 43 characters of base64url.
};
/// Errors: MalformedJson, TooLarge; InvalidRequest, whose detail is the original's word:
/// bad_subdomain, bad_txt.
[[nodiscard]] Result<AcmeDnsUpdate, Problem> read_acme_dns_update(std::string_view body);
/// "allowfrom". Errors: the same; invalid_allowfrom_cidr.
[[nodiscard]] Result<std::vector<Prefix>, Problem> read_acme_dns_sources(std::string_view body);

/// Whether it has the form of a DNS-01 value: SHA-256 in base64url without padding.
[[nodiscard]] bool is_challenge_value(std::string_view text) noexcept;

}  // namespace hairpin::admin
