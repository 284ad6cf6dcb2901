// admin/door_login.hpp - who is asking at the door of a stock client.
//
// Each client brings its secret in its own header; what comes of it is one credential
// (store/records.hpp), in good standing, of a kind that the door takes, and from where it may be
// used. A server's own token is good at every door.
//
// Standards RFC 7617 (Basic). Secrets are looked up by their hash: a wrong one takes the same time
//           as another wrong one.
// Threads   The loop's thread.

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

struct DoorSecret {
    std::string user;  // As sent; empty: the client sends none.
    std::string secret;
};

/// Of `Authorization: Basic`; nullopt: there is none, or it is malformed, or there are two.
[[nodiscard]] std::optional<DoorSecret> basic_secret(const net::Request& request);

/// Errors: Unauthorized     no such secret, another kind, another user, revoked or expired
///         TooManyRequests  the same from a source that sent many
///         Forbidden        not from there
///         LicenceSuspended, ServerSuspended, Unavailable
[[nodiscard]] Result<store::Identity, Problem> log_in(
    Api& api, const net::Request& request, const DoorSecret& secret,
    std::initializer_list<store::CredentialKind> kinds);

}  // namespace hairpin::admin
