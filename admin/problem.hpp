// admin/problem.hpp - what a caller is told when a request is refused: RFC 9457 problem documents.
//
// One list of problem types, each with a stable URI, a title and a status, and the one place where
// our errors and refusals become one of them. docs/api/openapi.yaml lists the same types.
//
// Standards RFC 9457 (problem documents), RFC 6901 (JSON pointers), RFC 9110 section 10.2.3
//           (Retry-After).
// Threads   Values and pure functions.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/result.hpp"
#include "net/http.hpp"
#include "store/committer.hpp"
#include "zones/change.hpp"

namespace hairpin::admin {

enum class ProblemType : std::uint8_t {
    MalformedJson,         // 400 The body is not the JSON that we read.
    InvalidRequest,        // 400 A member, parameter or header is wrong; `errors` says which.
    CredentialInUrl,       // 400 A credential stood in the URL.
    Unauthorized,          // 401 No valid credential.
    Forbidden,             // 403 A valid credential that may not do this.
    LicenceSuspended,      // 403 The server's licence is suspended or has expired.
    ServerSuspended,       // 403
    NotFound,              // 404
    MethodNotAllowed,      // 405
    Conflict,              // 409 It exists already, or is in use.
    Gone,                  // 410 It was there, and is not kept any more.
    PreconditionFailed,    // 412 If-Match does not hold.
    TooLarge,              // 413 A bound on size or count.
    RuleBroken,            // 422 Well-formed, but a rule of zones or addresses refuses it.
    IdempotencyKeyReused,  // 422 The key was used with another request.
    TooManyRequests,       // 429
    Internal,              // 500
    NotInThisVersion,      // 501 In the contract, not built yet.
    Unavailable,           // 503 Our fault for now; nothing was changed.
};

struct ProblemKind {
    std::string_view word;  // "not-found": the end of the URI.
    std::string_view title;
    int status;
};
[[nodiscard]] const ProblemKind& kind_of(ProblemType type) noexcept;
/// Every type, for the document and its test.
[[nodiscard]] std::span<const ProblemType> all_problem_types() noexcept;
/// "urn:hairpin:problem:not-found"
[[nodiscard]] std::string problem_uri(ProblemType type);

struct FieldError {
    std::string pointer;  // RFC 6901 into the body ("/records/0"), or "?limit", or a header's name.
    std::string detail;
    friend bool operator==(const FieldError&, const FieldError&) = default;
};

struct Problem {
    ProblemType type = ProblemType::Internal;
    std::string detail;              // One sentence for a person. Never a secret.
    std::vector<FieldError> errors;  // Empty where the problem is not about single members.
    std::optional<Seconds> retry_after;
    std::vector<net::Header> headers;  // WWW-Authenticate, Allow, ..

    Problem() = default;
    Problem(ProblemType the_type, std::string the_detail) noexcept
        : type(the_type), detail(std::move(the_detail)) {}
    // Implicit, so that TRY turns what the layers below answer into a problem.
    Problem(const Error& error);
    Problem(const zones::Refusal& refusal);
    Problem(const store::WorkRefusal& refusal);

    [[nodiscard]] int status() const noexcept { return kind_of(type).status; }
};

/// A problem about one member, parameter or header.
[[nodiscard]] Problem invalid_field(std::string pointer, std::string detail);
/// "there is no <what>"
[[nodiscard]] Problem not_found(std::string_view what);

[[nodiscard]] net::Response to_response(const Problem& problem);
/// What a work's `rows` answers the committer for a problem of ours.
[[nodiscard]] Error to_error(const Problem& problem);

}  // namespace hairpin::admin
