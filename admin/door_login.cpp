#include "admin/door_login.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "admin/authentication.hpp"
#include "admin/credential_check.hpp"
#include "admin/rehearsal.hpp"
#include "admin/tokens.hpp"
#include "core/crypto.hpp"
#include "core/octets.hpp"
#include "zones/name.hpp"

namespace hairpin::admin {
namespace {

/// The value of a header that is there once.
std::optional<std::string_view> only_header(const net::Request& request, std::string_view name) {
    const auto count = std::count_if(request.headers.begin(), request.headers.end(),
                                     [&](const net::Header& each) { return each.name == name; });
    return count == 1 ? request.header(name) : std::nullopt;
}

/// What follows the scheme of an Authorization header, which is compared in any case (RFC 9110
/// section 11.1).
std::optional<std::string_view> authorization_after(const net::Request& request,
                                                    std::string_view scheme) {
    const auto field = only_header(request, "authorization");
    if (!field || field->size() <= scheme.size() || (*field)[scheme.size()] != ' ')
        return std::nullopt;
    if (!zones::equal_ignoring_case(as_octets(field->substr(0, scheme.size())), as_octets(scheme)))
        return std::nullopt;
    const std::size_t start = field->find_first_not_of(' ', scheme.size());
    if (start == std::string_view::npos) return std::nullopt;
    return field->substr(start);
}

std::optional<DoorSecret> bearer_secret(const net::Request& request) {
    const auto token = authorization_after(request, "Bearer");
    if (!token) return std::nullopt;
    return DoorSecret{{}, std::string(*token)};
}

/// An account of acme-dns is its user; of dyndns2 a user may be the name of a host as well, or be
/// left out. Others are known by their secret alone.
bool is_known_as(const store::CredentialRow& credential, const DoorSecret& secret) {
    const bool is_login =
        equal_in_constant_time(as_octets(credential.login), as_octets(secret.user));
    if (credential.kind == store::CredentialKind::AcmeDns) return is_login;
    if (credential.kind != store::CredentialKind::Dyndns || credential.login.empty()) return true;
    const bool is_host = secret.user.find('.') != std::string::npos;
    return is_login || is_host || secret.user.empty();
}

constexpr const char* kWrong = "no valid credential for this door was sent";

Problem count_failure(Api& api, const net::Request& request) {
    ApiContext& context = api.context();
    ApiCounters::add(context.counters.authentication_failures);
    const auto wait = context.failures.failed(request.peer, context.clock.monotonic());
    if (!wait) return {ProblemType::Unauthorized, kWrong};
    Problem problem(ProblemType::TooManyRequests,
                    "too many requests with a wrong credential came from this address");
    problem.retry_after = wait;
    return problem;
}

/// A stranger is not told what is wrong; who may ask for an explanation is.
Problem wrong_credential(Api& api, const Exchange& exchange, std::string why) {
    if (!exchange.rehearsal) return count_failure(api, exchange.call.request);
    exchange.rehearsal->refuse("refused: " + std::move(why));
    return {ProblemType::Unauthorized, kWrong};
}

/// The credential behind the secret; nullopt: it is none of ours.
Result<std::optional<store::Identity>, Problem> find_caller(Api& api, const Exchange& exchange,
                                                            const DoorSecret& secret) {
    if (exchange.rehearsal) return std::optional(exchange.rehearsal->caller);
    return TRY(api.queries().credential_by_hash(token_hash(secret.secret)));
}

/// Empty: it may be used at a door for these kinds, under that user's name.
std::string misfit(const store::CredentialRow& credential, const DoorSecret& secret,
                   std::initializer_list<store::CredentialKind> kinds) {
    if (std::find(kinds.begin(), kinds.end(), credential.kind) == kinds.end())
        return "this door is not for credentials of kind " +
               std::string(store::to_string(credential.kind));
    return is_known_as(credential, secret) ? "" : "the user is not this credential's";
}

}  // namespace

std::optional<DoorSecret> basic_secret(const net::Request& request) {
    const auto encoded = authorization_after(request, "Basic");
    const auto decoded = encoded ? from_base64(*encoded) : std::nullopt;
    if (!decoded) return std::nullopt;
    const std::string_view pair = as_text(*decoded);
    // RFC 7617 section 2: the user has no colon, the password may.
    const std::size_t colon = pair.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    return DoorSecret{std::string(pair.substr(0, colon)), std::string(pair.substr(colon + 1))};
}

std::optional<DoorSecret> key_secret(const net::Request& request) {
    const auto key = only_header(request, "x-api-key");
    if (!key) return std::nullopt;
    return DoorSecret{std::string(only_header(request, "x-api-user").value_or("")),
                      std::string(*key)};
}

std::optional<DoorSecret> any_secret(const net::Request& request) {
    if (auto secret = key_secret(request)) return secret;
    if (auto secret = basic_secret(request)) return secret;
    return bearer_secret(request);
}

bool shows_known_secret(store::Queries& queries, const net::Request& request, WallTime now) {
    const auto secret = any_secret(request);
    if (!secret || secret->secret.empty()) return false;
    const auto found = queries.credential_by_hash(token_hash(secret->secret));
    return found && *found && is_known_as((*found)->credential, *secret) &&
           check_standing(**found, now);
}

Result<store::Identity, Problem> log_in(Api& api, const Exchange& exchange,
                                        const std::optional<DoorSecret>& secret,
                                        std::initializer_list<store::CredentialKind> kinds) {
    if (!secret || secret->secret.empty())
        return fail(wrong_credential(api, exchange, "no secret was sent"));
    auto found = TRY(find_caller(api, exchange, *secret));
    if (!found) return fail(wrong_credential(api, exchange, "the secret is not known"));
    if (auto why = misfit(found->credential, *secret, kinds); !why.empty())
        return fail(wrong_credential(api, exchange, std::move(why)));
    const WallTime now = api.now();
    if (auto standing = check_standing(*found, now); !standing) {
        if (standing.error().type != ProblemType::Unauthorized)
            return fail(std::move(standing).error());
        return fail(wrong_credential(api, exchange, standing.error().detail));
    }
    TRY(check_source(found->credential, exchange.call.request.peer));
    if (!exchange.rehearsal) api.context().committer.used(found->credential.id, now);
    return *std::move(found);
}

}  // namespace hairpin::admin
