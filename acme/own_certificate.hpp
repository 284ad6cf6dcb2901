// acme/own_certificate.hpp - Hairpin's own certificate: which names it is asked for, and the pair
// that listeners serve.
//
// The reading half, and its words. It is ordered and renewed as any other (certificates.hpp's
// request_own()); what is served in its place while there is none is the daemon's to decide.
//
// Standards RFC 9525 (which names a certificate is good for, by OpenSSL's X509_check_host).
// Threads   Values; functions over the caller's own store::Queries.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/result.hpp"
#include "store/acme_rows.hpp"
#include "store/reader.hpp"
#include "zones/name.hpp"

namespace hairpin::acme {

/// What our certificate names: all within one zone of ours, in lower case, without a final dot.
struct OwnNames {
    zones::Name zone_apex;
    std::string name;
    std::vector<std::string> others;  // Each once, sorted.
    friend bool operator==(const OwnNames&, const OwnNames&) = default;
};

/// Whether a certificate is ordered though there is one, or its attempt rests after a failure.
enum class Renew : std::uint8_t { WhenDue, Now };

/// What an attempt of ours asks for.
[[nodiscard]] OwnNames own_names_of(const store::AcmeAttemptRow& row);

/// What is asked for now: by the attempt under way, else by the newest that brought a certificate
/// and waits to renew it; empty: nothing was ever asked for.
/// Errors: those of the store.
[[nodiscard]] Result<std::optional<OwnNames>> own_names_asked(store::Queries& queries);

/// A certificate with its key, ready to serve.
struct OwnPair {
    std::string chain_pem;
    std::string key_pem;  // A secret.
    Sha256 sha256{};      // Of the certificate's DER.
    WallTime not_before{};
    WallTime not_after{};
};

/// The newest unexpired certificate of ours that is good for `server_name`; empty: there is none.
/// Errors: those of the store; Corrupt its key does not open under this master key.
[[nodiscard]] Result<std::optional<OwnPair>> own_pair(store::Queries& queries, const Sealer& sealer,
                                                      std::string_view server_name, WallTime now);

}  // namespace hairpin::acme
