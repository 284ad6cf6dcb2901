// admin/own_certificate.hpp - what the API tells of the certificate that it shows itself.
//
// admin/ does not know what is served, nor why: the daemon says it, and orders another where an
// operator wants one.
//
// Threads   An OwnCertificateSource may be asked from any thread.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "core/result.hpp"
#include "zones/change.hpp"

namespace hairpin::admin {

/// Where a certificate comes from: our own ACME module, the operator's files, ourselves.
enum class CertificateSource : std::uint8_t { Acme, Files, SelfSigned };
/// "acme", "file", "self-signed".
[[nodiscard]] std::string_view to_string(CertificateSource source) noexcept;

struct ServedCertificate {
    CertificateSource source = CertificateSource::SelfSigned;
    std::vector<std::string> names;
    WallTime not_before{};
    WallTime not_after{};
    std::string sha256;   // Of the DER, in hexadecimal.
    std::string key_pin;  // SHA-256 of its SubjectPublicKeyInfo in base64.
};

struct OwnCertificateView {
    ServedCertificate served;
    /// The names that our certificate is ordered for; empty: none is.
    std::vector<std::string> ordered;
    std::string obstacle;  // Then why, for a person.
    /// Where the self-signed one is shown always; empty: nowhere.
    std::vector<Endpoint> fallback_listeners;
    std::optional<ServedCertificate> fallback;
};

class OwnCertificateSource {
public:
    virtual ~OwnCertificateSource() = default;
    [[nodiscard]] virtual OwnCertificateView view() const = 0;
    /// Orders another certificate now, or tries the order again that failed. `done` may run on any
    /// thread. Errors: Conflict none is ordered at all, and why; Unavailable not durable.
    virtual void order(zones::Actor actor, std::function<void(Result<void>)> done) = 0;
};

}  // namespace hairpin::admin
