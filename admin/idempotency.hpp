// admin/idempotency.hpp - the same answer for the same Idempotency-Key.
//
// The answer of a successful write is stored in the same commit, for a day, under the credential
// and the key. A repetition with the same method, target and body gets that answer again, secrets
// included: a caller whose connection broke has no other way to learn them. "Shown once" therefore
// means one answer and its repetitions by the same credential with the same key. Bodies are stored
// sealed. A key used again for another request is refused. Refused writes are not stored: they
// changed nothing, and trying again is right.
//
// Standards draft-ietf-httpapi-idempotency-key-header-06.
// Threads   As the Queries given.

#pragma once

#include <optional>
#include <string_view>

#include "admin/problem.hpp"
#include "core/crypto.hpp"
#include "core/result.hpp"
#include "net/http.hpp"
#include "store/reader.hpp"
#include "store/records.hpp"

namespace hairpin::admin {

/// 1..255 visible ASCII characters.
[[nodiscard]] Result<void, Problem> check_idempotency_key(std::string_view key);
/// Of method, target and body.
[[nodiscard]] Sha256 request_digest(const net::Request& request);

[[nodiscard]] Result<store::IdempotencyRow, Problem> idempotency_row(
    const Sealer& sealer, std::int64_t credential_id, std::string_view key, const Sha256& digest,
    const net::Response& response, WallTime now);

/// The stored answer, with `idempotency-replayed: true`; nullopt where there is none.
/// Errors: IdempotencyKeyReused; Internal the seal is broken; Unavailable.
[[nodiscard]] Result<std::optional<net::Response>, Problem> replay_for(store::Queries& queries,
                                                                       const Sealer& sealer,
                                                                       std::int64_t credential_id,
                                                                       std::string_view key,
                                                                       const Sha256& digest);

}  // namespace hairpin::admin
