// acme/csr.hpp - certificate requests: judging the one a server sends, making one for a managed
// key.
//
// A request is accepted for what it proves (its key, by its signature) and for naming both twin
// names and, as it likes, aliases of the server; it is then passed to the CA as it came, because
// only the holder of the key can sign one (RFC 8555 section 7.4). Names are never taken from it:
// the caller says which they must be.
//
// Standards RFC 2986 (PKCS#10), RFC 5280 section 4.2.1.6 (subjectAltName), RFC 8555 section 7.4.
// Threads   Pure functions.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "acme/jws.hpp"
#include "acme/weak_key.hpp"
#include "core/crypto.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"

namespace hairpin::acme {

/// What a well-formed request with a good signature and an acceptable key says.
struct Csr {
    Octets der;
    Sha256 key_sha256{};             // Of the SubjectPublicKeyInfo.
    std::string key_kind;            // "P-256", "P-384", "RSA 2048".
    std::vector<std::string> names;  // dNSName of its subjectAltName, lower case, sorted, unique.
    std::vector<std::string> common_names;  // Lower case.
    std::vector<std::string> other_names;   // What it names besides, by kind: "an IP address".
};

/// Reads DER or one PEM block ("CERTIFICATE REQUEST"), at most kMaxCsrOctets.
/// Errors: Limit too large; Invalid not PKCS#10, octets behind it, a bad signature, or a key that
/// is not P-256, P-384 or RSA of 2048..4096 bits (with the usual public exponents), or one whose
/// private half strangers have (weak_key.hpp).
[[nodiscard]] Result<Csr> read_csr(OctetView octets, const RefusedKeys& refused = {});

/// Whether it names these, one or more, and nothing but them and any of `aliases`, its subject
/// being empty or one of its names as common name. Which aliases it names: others_of(). Errors:
/// Invalid, with the names that belong in it and the openssl command that makes it.
[[nodiscard]] Result<void> check_names(const Csr& csr, const std::vector<std::string>& names,
                                       const std::vector<std::string>& aliases = {});

/// Its names but for these, sorted.
[[nodiscard]] std::vector<std::string> others_of(const Csr& csr,
                                                 const std::vector<std::string>& names);

/// A request for these names, one or more, signed with `key`; `has_name`: with the first as common
/// name (where it has at most 64 octets, the bound of RFC 5280's ub-common-name). DER.
/// Errors: Unavailable OpenSSL failed.
[[nodiscard]] Result<Octets> make_csr(const SigningKey& key, const std::vector<std::string>& names,
                                      bool has_name = true);

/// SHA-256 of the SubjectPublicKeyInfo of a key.
[[nodiscard]] Sha256 key_sha256(EVP_PKEY* key);

}  // namespace hairpin::acme
