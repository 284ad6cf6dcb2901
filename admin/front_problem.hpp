// admin/front_problem.hpp - why the ACME front refuses a request, as an ACME client understands it.
//
// Standards RFC 8555 sections 6.7 (error types) and 6.7.1 (subproblems), RFC 9457.
// Threads   Values and pure functions.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/json_writer.hpp"
#include "admin/problem.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "net/http.hpp"

namespace hairpin::admin {

enum class FrontError : std::uint8_t {
    AccountDoesNotExist,
    AlreadyRevoked,
    BadCsr,
    BadNonce,
    BadPublicKey,
    BadRevocationReason,
    BadSignatureAlgorithm,
    ExternalAccountRequired,
    Malformed,
    OrderNotReady,
    RateLimited,
    RejectedIdentifier,
    ServerInternal,
    Unauthorized,
};
/// "badNonce": what follows "urn:ietf:params:acme:error:".
[[nodiscard]] std::string_view to_string(FrontError error) noexcept;
[[nodiscard]] std::optional<FrontError> front_error_from_text(std::string_view text) noexcept;

struct FrontProblem {
    FrontError error = FrontError::ServerInternal;
    int status = 500;
    std::string detail;                 // One sentence for a person. Never a secret.
    std::vector<std::string> rejected;  // Names of which each is a subproblem.
    std::optional<Seconds> retry_after;
    std::string location;  // Of the account that has the key already.

    /// With the status that goes with the error.
    FrontProblem(FrontError the_error, std::string the_detail);
    FrontProblem(FrontError the_error, int the_status, std::string the_detail)
        : error(the_error), status(the_status), detail(std::move(the_detail)) {}
    // Implicit, so that TRY turns what the layers below answer into one.
    FrontProblem(const Problem& problem);
    FrontProblem(const Error& problem) : FrontProblem(Problem(problem)) {}
};

[[nodiscard]] net::Response to_response(const FrontProblem& problem);
/// "error" of an order (RFC 8555 section 7.1.3), as a member of an object that is open.
void write_order_error(JsonWriter& json, std::string_view type, std::string_view detail);

}  // namespace hairpin::admin
