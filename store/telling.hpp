// store/telling.hpp - the events of what is written: for this folder's sources only.
//
// One function for each thing that events are about; what its `data` holds is docs/events.md's.
// Errors: those of the store.
//
// Threads   The commit thread.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/json_writer.hpp"
#include "core/result.hpp"
#include "store/acme_rows.hpp"
#include "store/event_rows.hpp"
#include "store/issuer_rows.hpp"
#include "store/records.hpp"
#include "store/revocation_rows.hpp"
#include "store/writer.hpp"
#include "zones/address_rules.hpp"
#include "zones/edit.hpp"

namespace hairpin::store {

/// Adds members to `data`.
using MoreMembers = std::function<void(JsonWriter& data)>;

[[nodiscard]] Result<void> tell_of_licence(Writer& writer, EventKind kind, const LicenceRow& row,
                                           const MoreMembers& more = {});
/// Where its state is another one now.
[[nodiscard]] Result<void> tell_of_state(Writer& writer, const LicenceRow& before,
                                         LicenceState now);
[[nodiscard]] Result<void> tell_of_server(Writer& writer, EventKind kind, const ServerRow& row,
                                          const MoreMembers& more = {});
[[nodiscard]] Result<void> tell_of_state(Writer& writer, const ServerRow& before, ServerState now);
[[nodiscard]] Result<void> tell_of_credential(Writer& writer, EventKind kind,
                                              const CredentialRow& row,
                                              const MoreMembers& more = {});
/// Of each credential of a server that is neither `except_id` nor revoked already.
[[nodiscard]] Result<void> tell_of_credentials(Writer& writer, EventKind kind,
                                               std::int64_t server_id, std::int64_t except_id,
                                               const MoreMembers& more = {});
/// Of a server's certificate, or of our own (kOurselves).
[[nodiscard]] Result<void> tell_of_certificate(Writer& writer, EventKind kind,
                                               std::int64_t server_id, const MoreMembers& more);

/// Where an attempt has to wait or needs a person now, and did not before.
[[nodiscard]] Result<void> tell_of_failure(Writer& writer, const AcmeAttemptRow& row,
                                           AttemptState before);
/// That a certificate is there: a server's first, or a renewed one. Its row is not yet.
[[nodiscard]] Result<void> tell_of_issue(Writer& writer, const CertificateRow& row);
/// That it is served, where its row does not say so yet. No harm where there is none.
[[nodiscard]] Result<void> tell_of_deployment(Writer& writer, std::int64_t certificate_id);
/// That we have an account, or that it has another key; nothing is said of what is not settled yet.
[[nodiscard]] Result<void> tell_of_account(Writer& writer, const AcmeAccountRow& row);
/// What came of it at the CA; nothing is said while it will be asked again.
[[nodiscard]] Result<void> tell_of_revocation(Writer& writer, const RevocationRow& row);

/// One zone of a change that was written.
struct ChangedZone {
    const zones::ZoneChange& change;
    const zones::EditedZone& edited;
    zones::ZoneKind kind;
};
/// That it was made or dropped, or which addresses of servers are others now.
[[nodiscard]] Result<void> tell_of_zone(Writer& writer, const ChangedZone& zone,
                                        const zones::AddressRules& rules);

}  // namespace hairpin::store
