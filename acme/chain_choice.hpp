// acme/chain_choice.hpp - which of several chains of a certificate is taken.
//
// A CA may offer one certificate with several chains, to different roots. Which root old clients
// know is the operator's knowledge: [acme] preferred_chain names it. Without it, or where no chain
// ends there, the CA's own choice is taken.
//
// Standards RFC 8555 section 7.4.2 (Link with rel="alternate"), RFC 8288 (Link).
// Threads   Pure functions.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.hpp"

namespace hairpin::acme {

inline constexpr std::size_t kMaxAlternates = 8;

/// The https URLs of rel="alternate", in order, at most kMaxAlternates. Others are passed over.
/// @param headers  Names in lower case.
[[nodiscard]] std::vector<std::string> alternate_links(const std::vector<net::Header>& headers);

/// The common name of the issuer of a PEM chain's last certificate: the root that it leads to.
/// Empty where it cannot be read. Printable.
[[nodiscard]] std::string root_of_chain(std::string_view pem);

}  // namespace hairpin::acme
