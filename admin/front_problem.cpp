#include "admin/front_problem.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "acme/jose.hpp"

namespace hairpin::admin {
namespace {

struct FrontErrorKind {
    std::string_view word;
    int status;
};
// In the order of FrontError.
constexpr std::array kFrontErrors{
    FrontErrorKind{"accountDoesNotExist", 400},
    FrontErrorKind{"alreadyRevoked", 400},
    FrontErrorKind{"badCSR", 400},
    FrontErrorKind{"badNonce", 400},
    FrontErrorKind{"badPublicKey", 400},
    FrontErrorKind{"badRevocationReason", 400},
    FrontErrorKind{"badSignatureAlgorithm", 400},
    FrontErrorKind{"externalAccountRequired", 403},
    FrontErrorKind{"malformed", 400},
    FrontErrorKind{"orderNotReady", 403},  // RFC 8555 section 7.4.
    FrontErrorKind{"rateLimited", 429},
    FrontErrorKind{"rejectedIdentifier", 403},
    FrontErrorKind{"serverInternal", 500},
    FrontErrorKind{"unauthorized", 403},
};
constexpr std::string_view kErrorUrn = "urn:ietf:params:acme:error:";

FrontError error_of_status(int status) noexcept {
    if (status == 401 || status == 403) return FrontError::Unauthorized;
    if (status == 429) return FrontError::RateLimited;
    return status >= 500 ? FrontError::ServerInternal : FrontError::Malformed;
}

std::string urn(std::string_view word) {
    return std::string(kErrorUrn).append(word);
}

void write_subproblems(JsonWriter& json, const FrontProblem& problem) {
    json.key("subproblems").begin_array();
    for (const std::string& name : problem.rejected) {
        json.begin_object();
        json.member("type", urn(to_string(problem.error)));
        json.member("detail", "this account may not have a certificate for this name");
        json.key("identifier").begin_object().member("type", "dns").member("value", name);
        json.end_object().end_object();
    }
    json.end_array();
}

}  // namespace

std::string_view to_string(FrontError error) noexcept {
    return kFrontErrors[static_cast<std::size_t>(error)].word;
}

std::optional<FrontError> front_error_from_text(std::string_view text) noexcept {
    const auto* found = std::find_if(kFrontErrors.begin(), kFrontErrors.end(),
                                     [&](const auto& each) { return each.word == text; });
    if (found == kFrontErrors.end()) return std::nullopt;
    return static_cast<FrontError>(found - kFrontErrors.begin());
}

FrontProblem::FrontProblem(FrontError the_error, std::string the_detail)
    : error(the_error),
      status(kFrontErrors[static_cast<std::size_t>(the_error)].status),
      detail(std::move(the_detail)) {}

// A 401 would be an answer to RFC 9110's Authorization, which ACME has not.
FrontProblem::FrontProblem(const Problem& problem)
    : error(error_of_status(problem.status())),
      status(problem.status() == 401 ? 403 : problem.status()),
      detail(problem.detail),
      retry_after(problem.retry_after) {}

net::Response to_response(const FrontProblem& problem) {
    JsonWriter json;
    json.begin_object();
    json.member("type", urn(to_string(problem.error)));
    json.member("detail", problem.detail);
    json.member("status", problem.status);
    if (problem.error == FrontError::BadSignatureAlgorithm) {
        // RFC 8555 section 6.2: the client learns what would do.
        json.key("algorithms").begin_array();
        for (const auto each : {acme::SignatureAlgorithm::Es256, acme::SignatureAlgorithm::Es384,
                                acme::SignatureAlgorithm::Rs256})
            json.value(acme::to_string(each));
        json.end_array();
    }
    if (!problem.rejected.empty()) write_subproblems(json, problem);
    json.end_object();
    net::Response response{problem.status, {{"content-type", "application/problem+json"}}, {}};
    if (problem.retry_after)
        response.headers.push_back({"retry-after", std::to_string(problem.retry_after->count())});
    if (!problem.location.empty()) response.headers.push_back({"location", problem.location});
    response.body = json.take();
    return response;
}

void write_order_error(JsonWriter& json, std::string_view type, std::string_view detail) {
    json.key("error").begin_object();
    json.member("type", urn(type));
    json.member("detail", detail);
    json.end_object();
}

}  // namespace hairpin::admin
