// admin/front_request.hpp - a request at the ACME front, from its octets to who asks, and back.
//
//   body -> JWS -> URL is this one -> nonce is fresh -> account -> signature -> may still
//
// What all handlers of the front share: that ladder, answers with a nonce and a link to the
// directory, and the way through the committer. What is asked for is read by the handlers
// (front_accounts.cpp, front_orders.cpp, ..).
//
// Standards RFC 8555 sections 6.2 to 6.7 and 7.1.
// Threads   The loop's.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "admin/api.hpp"
#include "admin/front_jws.hpp"
#include "admin/front_problem.hpp"
#include "core/result.hpp"
#include "store/front_rows.hpp"

namespace hairpin::admin {

using FrontExchange = std::shared_ptr<Exchange>;

/// A request whose signature holds.
struct FrontCall {
    std::string base;  // "https://manager.example.net:8443"
    FrontJws jws;      // jws.jwk is the key that signed, of an account too.
    std::optional<store::FrontAccountRow> account;  // Of one signed with a kid.

    [[nodiscard]] const acme::PublicKey& key() const { return *jws.jwk; }
    [[nodiscard]] std::string account_url(std::string_view id) const {
        return base + "/acme/account/" + std::string(id);
    }
    [[nodiscard]] std::string order_url(std::string_view id) const {
        return base + "/acme/order/" + std::string(id);
    }
};

/// Who may sign.
enum class FrontSigner : std::uint8_t { Account, Key, Either };

/// "https://" and the authority that the client used, in lower case, where that is a name of ours:
/// the configured one, the address that the connection came to, or localhost on loopback. Nullopt
/// for any other: whoever relays requests under another name must not be believed (RFC 8555 section
/// 6.4).
[[nodiscard]] std::optional<std::string> front_base(const ApiOptions& options,
                                                    const net::Request& request);

/// With an account, exchange.call.caller becomes the credential behind it. Failures are counted per
/// source.
/// Errors: Malformed, BadSignatureAlgorithm, BadPublicKey, BadNonce, AccountDoesNotExist;
///         Unauthorized another URL, an account or credential that has ended, a suspended licence
///         or server; RateLimited after many failures from one source
[[nodiscard]] Result<FrontCall, FrontProblem> admit_front(Api& api, Exchange& exchange,
                                                          FrontSigner signer);
/// Counts a failure of the source; the problem to answer: `problem`, or RateLimited.
[[nodiscard]] FrontProblem front_failure(Api& api, const net::Request& request,
                                         FrontProblem problem);
/// Takes one write from the credential's rate. Errors: RateLimited.
[[nodiscard]] Result<void, FrontProblem> front_rate(Api& api,
                                                    const store::CredentialRow& credential);
/// The payload must be empty: POST-as-GET (RFC 8555 section 6.3).
[[nodiscard]] Result<void, FrontProblem> check_post_as_get(const FrontCall& call);

/// Answers and counts. Adds the nonce, the link to the directory, and that nothing is kept.
void answer_front(Api& api, Exchange& exchange, net::Response response,
                  std::string_view detail = {});
void answer_front(Api& api, Exchange& exchange, const FrontProblem& problem);

struct FrontWrite {
    store::AuditNote audit;
    /// On the commit thread. May run more than once.
    std::function<Result<void, FrontProblem>(store::Writer& writer)> rows;
    /// On the loop, when it is durable: answers.
    std::function<void(Api& api, FrontExchange exchange)> then;
};
/// Commits in the name of exchange.call.caller, or answers why not.
void commit_front(Api& api, FrontExchange exchange, FrontWrite write);

}  // namespace hairpin::admin
