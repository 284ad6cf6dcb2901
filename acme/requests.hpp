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
#include <string_view>
#include <vector>

#include "acme/attempt.hpp"
#include "acme/certificates.hpp"
#include "acme/csr.hpp"
#include "acme/gate.hpp"
#include "acme/own_certificate.hpp"
#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/result.hpp"
#include "store/writer.hpp"
#include "zones/change.hpp"

namespace hairpin::acme {

/// The type of the problem (Verdict) of an attempt that names an alias which was removed.
inline constexpr std::string_view kAliasRemoved = "alias-removed";

struct CertificateRequest {
    std::int64_t server_id = 0;
    std::string name_alone;  // As in store::Subject.
    std::optional<Csr> csr;  // Empty: a managed key.
    std::string internal_prefix;
    Seconds young{0};
    Milliseconds retry_pause{0};  // As Options::retry_pause.
    std::uint32_t txt_ttl = 60;
    Ladder ladder;
    [[nodiscard]] store::Subject subject() const { return {server_id, name_alone}; }
};

/// A certificate of our own: the key is made here and stays.
struct OwnRequest {
    OwnNames names;
    Renew renew = Renew::WhenDue;
    Milliseconds retry_pause{0};  // As Options::retry_pause.
    std::uint32_t txt_ttl = 60;
    Ladder ladder;
};

/// What the engine is told once the commit is through.
struct EngineNews {
    struct Replaced {
        std::int64_t attempt_id = 0;
        std::string order_url;  // Empty: it has nothing pending at the CA.
    };
    std::vector<std::int64_t> wake;  // Attempts that are new, or due at another time.
    std::vector<Replaced> replaced;  // Attempts that were superseded.
    bool has_revocation = false;
};

/// Certificates::request().
/// It is for the twin names and for aliases of the server: those that the CSR names, or all of them
/// where the key is ours. The same key for other names is another request.
/// An attempt for another key is superseded, and its TXT values leave the zone by `change`. The new
/// one inherits its failures and, where it is paused, the pause: another key is no way around it.
/// The pause ends where it has lasted `retry_pause` and a person may have mended the cause, and at
/// once where the cause was an alias that is not asked for any more.
[[nodiscard]] Result<CertificateState> take_request(store::Writer& writer, zones::Change& change,
                                                    const CertificateRequest& request,
                                                    EngineNews& news);
/// Certificates::request_own().
/// An attempt for other names is superseded, with what it failed of: other names are another
/// matter.
[[nodiscard]] Result<CertificateState> take_own_request(store::Writer& writer,
                                                        zones::Change& change,
                                                        const OwnRequest& request,
                                                        EngineNews& news);
/// Ends the attempts under way of `how.server_id` that are for this key, as if another key had come
/// (`how` says ladder and TTL): the key is not to be certified any more.
[[nodiscard]] Result<void> end_attempt_for(store::Writer& writer, zones::Change& change,
                                           const Sha256& key_sha256, const CertificateRequest& how,
                                           EngineNews& news);
/// The names of the aliases that a server has now, sorted. Any thread that has the database.
[[nodiscard]] Result<std::vector<std::string>> alias_names(store::Database& database,
                                                           std::int64_t server_id);
/// What the attempt names that is no alias of its server any more; empty: nothing.
/// @param internal_prefix  As in CertificateRequest: twin names are no aliases.
[[nodiscard]] Result<std::string> removed_alias(store::Queries& queries, const Attempt& attempt,
                                                std::string_view internal_prefix);
/// Certificates::deployed().
[[nodiscard]] Result<void> take_deployed(store::Writer& writer, std::int64_t server_id,
                                         const Sha256& sha256, const Ladder& ladder,
                                         KeyEscrow escrow = KeyEscrow::Off);
/// Certificates::take_managed_key(): the PEM.
[[nodiscard]] Result<std::string> hand_out_key(store::Writer& writer, std::int64_t server_id,
                                               const Sealer& sealer, const Ladder& ladder,
                                               EngineNews& news, KeyEscrow escrow = KeyEscrow::Off);
/// Where there is no escrow any more: the keys that one kept of deployed certificates.
[[nodiscard]] Result<void> end_escrow(store::Writer& writer);
/// Certificates::retry().
[[nodiscard]] Result<void> take_retry(store::Writer& writer, std::int64_t server_id,
                                      const Ladder& ladder, EngineNews& news);

}  // namespace hairpin::acme
