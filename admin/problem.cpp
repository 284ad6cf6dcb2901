#include "admin/problem.hpp"

#include <array>

#include "admin/json_writer.hpp"
#include "admin/log_text.hpp"

namespace hairpin::admin {
namespace {

constexpr Seconds kRetryAfter{5};

constexpr std::array kAll{
    ProblemType::MalformedJson,   ProblemType::InvalidRequest, ProblemType::CredentialInUrl,
    ProblemType::Unauthorized,    ProblemType::Forbidden,      ProblemType::LicenceSuspended,
    ProblemType::ServerSuspended, ProblemType::NotFound,       ProblemType::MethodNotAllowed,
    ProblemType::Conflict,        ProblemType::Gone,           ProblemType::PreconditionFailed,
    ProblemType::TooLarge,        ProblemType::RuleBroken,     ProblemType::IdempotencyKeyReused,
    ProblemType::TooManyRequests, ProblemType::Internal,       ProblemType::NotInThisVersion,
    ProblemType::Unavailable,
};

// In the order of ProblemType.
constexpr std::array<ProblemKind, kAll.size()> kKinds{{
    {"malformed-json", "The body is not valid JSON", 400},
    {"invalid-request", "The request is not valid", 400},
    {"credential-in-url", "A credential must not stand in a URL", 400},
    {"unauthorized", "A valid credential is needed", 401},
    {"forbidden", "This credential may not do that", 403},
    {"licence-suspended", "The licence is suspended or has expired", 403},
    {"server-suspended", "The server is suspended", 403},
    {"not-found", "There is no such thing", 404},
    {"method-not-allowed", "The method is not allowed here", 405},
    {"conflict", "It conflicts with what is there", 409},
    {"gone", "It is not kept any more", 410},
    {"precondition-failed", "It has changed since you read it", 412},
    {"too-large", "A limit would be passed", 413},
    {"rule-broken", "A rule refuses it", 422},
    {"idempotency-key-reused", "The idempotency key belongs to another request", 422},
    {"too-many-requests", "Too many requests", 429},
    {"internal", "Something went wrong on our side", 500},
    {"not-in-this-version", "Not in this version", 501},
    {"unavailable", "It cannot be done right now", 503},
}};

ProblemType type_of(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::Invalid:
            return ProblemType::InvalidRequest;
        case ErrorCode::NotFound:
            return ProblemType::NotFound;
        case ErrorCode::Conflict:
            return ProblemType::Conflict;
        case ErrorCode::Denied:
            return ProblemType::Forbidden;
        case ErrorCode::Limit:
            return ProblemType::TooLarge;
        case ErrorCode::Unavailable:
        case ErrorCode::Protocol:
        case ErrorCode::Io:
            return ProblemType::Unavailable;
        case ErrorCode::Corrupt:
            return ProblemType::Internal;
    }
    return ProblemType::Internal;
}

ProblemType type_of(zones::RefusalCode code) noexcept {
    switch (code) {
        case zones::RefusalCode::NoSuchZone:
        case zones::RefusalCode::OwnerMissing:
        case zones::RefusalCode::RRsetMissing:
            return ProblemType::NotFound;
        case zones::RefusalCode::ZoneExists:
        case zones::RefusalCode::OwnerExists:
        case zones::RefusalCode::RRsetExists:
            return ProblemType::Conflict;
        case zones::RefusalCode::SerialMoved:
            return ProblemType::PreconditionFailed;
        case zones::RefusalCode::NotZone:
        case zones::RefusalCode::Rule:
            return ProblemType::RuleBroken;
        case zones::RefusalCode::TooLarge:
            return ProblemType::TooLarge;
        case zones::RefusalCode::Unavailable:
            return ProblemType::Unavailable;
    }
    return ProblemType::Internal;
}

std::string sentence(const std::string& subject, const std::string& cause) {
    if (subject.empty()) return cause;
    return subject + ": " + cause;
}

ErrorCode code_of(int status) noexcept {
    if (status == 404) return ErrorCode::NotFound;
    if (status == 409 || status == 412) return ErrorCode::Conflict;
    if (status == 401 || status == 403) return ErrorCode::Denied;
    if (status == 413 || status == 429) return ErrorCode::Limit;
    if (status >= 500) return ErrorCode::Unavailable;
    return ErrorCode::Invalid;
}

}  // namespace

const ProblemKind& kind_of(ProblemType type) noexcept {
    return kKinds[static_cast<std::size_t>(type)];
}

std::span<const ProblemType> all_problem_types() noexcept {
    return kAll;
}

std::string problem_uri(ProblemType type) {
    return "urn:hairpin:problem:" + std::string(kind_of(type).word);
}

Problem::Problem(const Error& error)
    : type(type_of(error.code)), detail(sentence(error.subject, error.cause)) {
    if (type == ProblemType::Unavailable) retry_after = kRetryAfter;
}

Problem::Problem(const zones::Refusal& refusal)
    : type(type_of(refusal.code)), detail(sentence(refusal.subject, refusal.cause)) {
    if (type == ProblemType::Unavailable) retry_after = kRetryAfter;
}

Problem::Problem(const store::WorkRefusal& refusal)
    : Problem(std::visit([](const auto& reason) { return Problem(reason); }, refusal)) {}

Problem invalid_field(std::string pointer, std::string detail) {
    Problem problem(ProblemType::InvalidRequest, pointer + ": " + detail);
    problem.errors.push_back({std::move(pointer), std::move(detail)});
    return problem;
}

Problem not_found(std::string_view what) {
    return {ProblemType::NotFound, "there is no " + std::string(what)};
}

net::Response to_response(const Problem& problem) {
    const ProblemKind& kind = kind_of(problem.type);
    JsonWriter json;
    json.begin_object();
    json.member("type", problem_uri(problem.type));
    json.member("title", kind.title);
    json.member("status", kind.status);
    if (!problem.detail.empty()) json.member("detail", problem.detail);
    if (!problem.errors.empty()) {
        json.key("errors").begin_array();
        for (const FieldError& error : problem.errors) {
            json.begin_object();
            json.member("pointer", error.pointer);
            json.member("detail", error.detail);
            json.end_object();
        }
        json.end_array();
    }
    json.end_object();

    net::Response response;
    response.status = kind.status;
    response.headers = problem.headers;
    response.headers.push_back({"content-type", "application/problem+json"});
    response.headers.push_back({"cache-control", "no-store"});
    if (problem.retry_after)
        response.headers.push_back({"retry-after", std::to_string(problem.retry_after->count())});
    response.body = json.take();
    return response;
}

Error to_error(const Problem& problem) {
    return {code_of(problem.status()), {}, log_text(problem.detail, kLogDetailOctets)};
}

}  // namespace hairpin::admin
