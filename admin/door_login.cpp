#include "admin/door_login.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "admin/authentication.hpp"
#include "admin/credential_check.hpp"
#include "admin/tokens.hpp"
#include "core/octets.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kMaxBasic = 1'024;

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return zones::equal_ignoring_case(as_octets(a), as_octets(b));
}

/// One text for every way to be wrong: which one it was is nobody's business.
Problem wrong_secret(Api& api, const net::Request& request) {
    ApiCounters::add(api.context().counters.authentication_failures);
    if (const auto wait =
            api.context().failures.failed(request.peer, api.context().clock.monotonic())) {
        Problem problem(ProblemType::TooManyRequests,
                        "too many requests with a wrong secret came from this address");
        problem.retry_after = wait;
        return problem;
    }
    return {ProblemType::Unauthorized, "the user or the secret is wrong"};
}

/// A login that names a user answers to no other. Of the others the user is a host name or a word
/// of the client's: what they may is said by their grants.
bool is_user(const store::CredentialRow& credential, std::string_view user) {
    if (credential.kind == store::CredentialKind::AcmeDns) return credential.login == user;
    const bool is_host = user.find('.') != std::string_view::npos;
    return credential.login.empty() || user.empty() || is_host ||
           equals_ignoring_case(credential.login, user);
}

}  // namespace

std::optional<DoorSecret> basic_secret(const net::Request& request) {
    constexpr std::string_view kScheme = "basic ";
    const auto field = request.header("authorization");
    if (!field || field->size() > kMaxBasic || field->size() < kScheme.size() ||
        !equals_ignoring_case(field->substr(0, kScheme.size()), kScheme))
        return std::nullopt;
    const auto fields =
        std::count_if(request.headers.begin(), request.headers.end(),
                      [](const net::Header& each) { return each.name == "authorization"; });
    const auto decoded = from_base64(field->substr(kScheme.size()));
    if (fields != 1 || !decoded) return std::nullopt;
    const std::string_view text = as_text(*decoded);
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    return DoorSecret{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

Result<store::Identity, Problem> log_in(Api& api, const net::Request& request,
                                        const DoorSecret& secret,
                                        std::initializer_list<store::CredentialKind> kinds) {
    auto found = TRY(api.queries().credential_by_hash(token_hash(secret.secret)));
    const bool is_known =
        found && std::find(kinds.begin(), kinds.end(), found->credential.kind) != kinds.end() &&
        is_user(found->credential, secret.user);
    if (!is_known) return fail(wrong_secret(api, request));
    if (auto standing = check_standing(*found, api.now()); !standing) {
        if (standing.error().type == ProblemType::Unauthorized)
            return fail(wrong_secret(api, request));
        return fail(std::move(standing).error());
    }
    TRY(check_source(found->credential, request.peer));
    api.context().committer.used(found->credential.id, api.now());
    return *std::move(found);
}

}  // namespace hairpin::admin
