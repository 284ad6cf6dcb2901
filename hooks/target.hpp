// hooks/target.hpp - where a web-hook may lead: https, and no address of our own network.
//
// A URL is an operator's word, but the name in it is resolved by others, again with each request.
// So the name is not judged at all: the address is, right before it is connected to
// (net::ClientOptions::may_connect), and a name that leads to 169.254.169.254 or 10.0.0.1 gets no
// octet of ours.
//
// Standards RFC 3986; the IANA special-purpose address registries (zones/special_ranges.hpp).
// Threads   Pure functions.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/ip_address.hpp"
#include "core/result.hpp"

namespace hairpin::hooks {

inline constexpr std::size_t kMaxUrlOctets = 2'048;

/// Errors: a sentence that begins behind the URL's name: "must begin with https://".
[[nodiscard]] Result<void, std::string> check_url(std::string_view url);

/// Ordinary unicast addresses of the internet, and what `also` opens.
[[nodiscard]] bool may_be_told(const IpAddress& address, const std::vector<Prefix>& also);

}  // namespace hairpin::hooks
