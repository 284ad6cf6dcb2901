// admin/door_login.hpp - who is asking at a door of stock clients.
//
// Such clients show their secret each in their own way; what they show is looked up as any token
// is: by its SHA-256, in one indexed read, so that a wrong one takes the same time whatever is
// wrong with it. A server's own token is good at every door. What the caller may do there is not
// decided here (admin/edit_plan.hpp), nor how a refusal looks to the client (each door's file).
//
// Standards RFC 7617 (Basic), RFC 6750 section 2.1 (Bearer).
// Threads   As the Api given: its loop's.

#pragma once

#include <initializer_list>
#include <optional>
#include <string>

#include "admin/api.hpp"
#include "admin/problem.hpp"
#include "core/result.hpp"
#include "net/http.hpp"
#include "store/records.hpp"

namespace hairpin::admin {

/// As sent; `user` may be empty. Never logged.
struct DoorSecret {
    std::string user;
    std::string secret;
};

/// `Authorization: Basic`. Nullopt: there is none, it is malformed, or there are two.
[[nodiscard]] std::optional<DoorSecret> basic_secret(const net::Request& request);
/// `X-Api-User` (may be absent: acme-dns has it, PowerDNS has not) and `X-API-Key`.
[[nodiscard]] std::optional<DoorSecret> key_secret(const net::Request& request);
/// `X-API-Key`, else `Authorization: Basic`, else `Bearer`.
[[nodiscard]] std::optional<DoorSecret> any_secret(const net::Request& request);

/// Whether the store knows the secret that is shown, and its credential is in good standing.
/// Nothing is counted: log_in() does, when the request is there.
[[nodiscard]] bool shows_known_secret(store::Queries& queries, const net::Request& request,
                                      WallTime now);

/// The identity behind `secret`, in good standing and from where it may be used. An account of
/// acme-dns needs its user, one of dyndns2 with a user that one, a host's name or none; others are
/// known by their secret alone. Failures
/// are counted per source, successes are remembered as the last use.
/// Errors: Unauthorized     nullopt; no credential, one of another kind, another's user, an ended
///                          one: no difference is told
///         TooManyRequests  after many of those from one source
///         Forbidden        it may not be used from there; its owner is gone
///         LicenceSuspended, ServerSuspended, Unavailable
/// In a rehearsal the caller is given and the secret is taken for its own; nothing is counted or
/// remembered.
[[nodiscard]] Result<store::Identity, Problem> log_in(
    Api& api, const Exchange& exchange, const std::optional<DoorSecret>& secret,
    std::initializer_list<store::CredentialKind> kinds);

}  // namespace hairpin::admin
