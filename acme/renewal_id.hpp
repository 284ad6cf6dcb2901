// acme/renewal_id.hpp - how a certificate is named when its renewal is asked about, and its octets.
//
// Standards RFC 9773 section 4.1: base64url of the authority key identifier, a dot, base64url of
//           the serial number's DER.
// Threads   Pure functions.

#pragma once

#include <string>
#include <string_view>

#include "core/octets.hpp"
#include "core/result.hpp"

namespace hairpin::acme {

/// @param pem  A chain; its first certificate is named.
/// Errors: Invalid  it is no certificate, or one without an authority key identifier.
[[nodiscard]] Result<std::string> renewal_id(std::string_view pem);

/// The DER of a chain's first certificate. Errors: Invalid it is none.
[[nodiscard]] Result<Octets> first_certificate_der(std::string_view pem);

}  // namespace hairpin::acme
