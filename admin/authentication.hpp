// admin/authentication.hpp - who is asking, and whether that kind of caller may.
//
// `Authorization: Bearer <token>` to a store::Identity, with one indexed read. What the caller may
// do with a single resource is not decided here: an operator may do everything, a server's routes
// (/v1/self..) name no resource but the server itself (invariant 3), and what a token with grants
// may is credential_check.hpp's.
//
// Standards RFC 6750 sections 2.1 and 3 (a credential in the URL, its section 2.3, is refused),
//           RFC 9110 section 11.
// Threads   As the Queries given; FailureLimiter is shared.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "admin/failure_limiter.hpp"
#include "admin/problem.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "net/http.hpp"
#include "store/reader.hpp"
#include "store/records.hpp"
#include "zones/change.hpp"

namespace hairpin::admin {

enum class Access : std::uint8_t {
    Anyone,      // No credential is looked at.
    Door,        // Of a stock client: the handler asks in its own words (door_login.hpp).
    Signature,   // Of the ACME front: the body is signed by who sends it (front_request.hpp).
    Monitoring,  // A peer in ApiOptions::monitoring_from, or an operator.
    Server,
    Granted,  // An operator, or a token with grants: the handler judges by them.
    Operator,
};
[[nodiscard]] std::string_view to_string(Access access) noexcept;

class Authenticator {
public:
    /// Both outlive this.
    Authenticator(const Clock& clock, FailureLimiter& failures) noexcept
        : clock_(clock), failures_(failures) {}

    /// The identity behind a request that needs `access` (Server or Operator; Monitoring is judged
    /// as Operator).
    /// Errors: Unauthorized  no token, a malformed, unknown, revoked or expired one
    ///         TooManyRequests  a wrong one from a source that sent many
    ///         Forbidden     the other kind of credential
    ///         LicenceSuspended, ServerSuspended, Unavailable
    [[nodiscard]] Result<store::Identity, Problem> authenticate(store::Queries& queries,
                                                                const net::Request& request,
                                                                Access access) const;

    /// Whether authenticate() would find an identity, without counting a failure.
    [[nodiscard]] bool is_welcome(store::Queries& queries, const net::Request& request,
                                  Access access) const;

private:
    [[nodiscard]] Problem unauthorized(const net::Request& request, std::string_view error,
                                       std::string detail) const;

    const Clock& clock_;
    FailureLimiter& failures_;
};

/// Whether a credential read from the store still speaks for what it names: neither revoked nor
/// expired, and its server and licence in good standing. To be asked again where a write commits.
/// Errors: Unauthorized, Forbidden, LicenceSuspended, ServerSuspended.
[[nodiscard]] Result<void, Problem> check_standing(const store::Identity& identity, WallTime now);

/// Whether the request has one bearer token of the form that `access` needs. No store is asked.
[[nodiscard]] bool has_token_for(const net::Request& request, Access access) noexcept;

/// Whether credentials of that kind are for such routes at all (Server, Granted, Operator). Errors:
/// Forbidden.
[[nodiscard]] Result<void, Problem> check_kind(const store::Identity& identity, Access access);

/// Refuses a request whose URL carries something that is, or is meant as, a credential.
[[nodiscard]] Result<void, Problem> check_url(const net::Request& request);

/// For the journal and the audit. Never a secret.
[[nodiscard]] zones::Actor actor_of(const store::Identity& identity, const IpAddress& source,
                                    std::string door);

}  // namespace hairpin::admin
