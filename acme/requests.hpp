// acme/requests.hpp - what others ask of acme/, carried out inside one commit.
//
// The bodies of certificates.hpp's calls: each reads and writes rows of one server through the
// Writer it is lent, so that two callers cannot get between question and answer.
//
// Threads   The commit thread.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "acme/attempt.hpp"
#include "acme/certificates.hpp"
#include "acme/csr.hpp"
#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/result.hpp"
#include "store/writer.hpp"
#include "zones/change.hpp"

namespace hairpin::acme {

struct CertificateRequest {
    std::int64_t server_id = 0;
    std::optional<Csr> csr;  // Empty: a managed key.
    std::string internal_prefix;
    Seconds young{0};
    std::uint32_t txt_ttl = 60;
    Ladder ladder;
};

/// Certificates::request(). @param wake  Set to the new attempt's id, if there is one.
/// An attempt for another key is superseded, and its TXT values leave the zone by `change`.
[[nodiscard]] Result<CertificateState> take_request(store::Writer& writer, zones::Change& change,
                                                    const CertificateRequest& request,
                                                    std::int64_t& wake);
/// Certificates::deployed().
[[nodiscard]] Result<void> take_deployed(store::Writer& writer, std::int64_t server_id,
                                         const Sha256& sha256, const Ladder& ladder);
/// Certificates::take_managed_key(): the PEM.
[[nodiscard]] Result<std::string> hand_out_key(store::Writer& writer, std::int64_t server_id,
                                               const Sealer& sealer);
/// Certificates::retry(): the id of the attempt to wake.
[[nodiscard]] Result<std::int64_t> take_retry(store::Writer& writer, std::int64_t server_id,
                                              const Ladder& ladder);

}  // namespace hairpin::acme
