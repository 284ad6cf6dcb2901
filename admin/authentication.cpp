#include "admin/authentication.hpp"

#include <algorithm>

#include "admin/tokens.hpp"

namespace hairpin::admin {
namespace {

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

/// The token of "Bearer <token>"; nullopt where the field is anything else.
std::optional<std::string_view> bearer_token(std::string_view field) noexcept {
    const std::size_t blank = field.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    if (!equal_ignoring_case(field.substr(0, blank), "bearer")) return std::nullopt;
    const std::size_t start = field.find_first_not_of(' ', blank);
    if (start == std::string_view::npos) return std::nullopt;
    return field.substr(start);
}

std::size_t count_of(const net::Request& request, std::string_view name) noexcept {
    return static_cast<std::size_t>(
        std::count_if(request.headers.begin(), request.headers.end(),
                      [&](const net::Header& header) { return header.name == name; }));
}

/// RFC 6750 section 3.1: without any credential the challenge has no error code.
Problem challenge(std::string_view error, std::string detail) {
    Problem problem(ProblemType::Unauthorized, std::move(detail));
    std::string field = "Bearer realm=\"hairpin\"";
    if (!error.empty()) field += ", error=\"" + std::string(error) + "\"";
    problem.headers.push_back({"www-authenticate", std::move(field)});
    return problem;
}

/// Empty: it is good.
std::string_view why_ended(const store::CredentialRow& credential, WallTime now) noexcept {
    if (credential.revoked_at) return "the token was revoked";
    if (credential.expires_at && *credential.expires_at <= now) return "the token has expired";
    return {};
}

/// The server, the operator's label, or what a credential with grants is called.
std::string name_of(const store::Identity& identity) {
    const store::CredentialRow& credential = identity.credential;
    if (credential.kind == store::CredentialKind::Operator) return credential.label;
    if (credential.kind == store::CredentialKind::Server && identity.server)
        return identity.server->licence + "/" + identity.server->label;
    if (const auto key = zones::Name::parse(credential.tsig_name)) return key->text_without_dot();
    if (!credential.login.empty()) return credential.login;
    std::string owner = credential.licence;
    if (identity.server) owner = identity.server->licence + "/" + identity.server->label;
    return "#" + std::to_string(credential.id) + (owner.empty() ? "" : " of " + owner) +
           (credential.label.empty() ? "" : ", " + credential.label);
}

}  // namespace

std::string_view to_string(Access access) noexcept {
    switch (access) {
        case Access::Anyone:
            return "anyone";
        case Access::Door:
            return "door";
        case Access::Signature:
            return "signature";
        case Access::Monitoring:
            return "monitoring";
        case Access::Server:
            return "server";
        case Access::Granted:
            return "granted";
        case Access::Operator:
            return "operator";
    }
    return "";
}

Result<store::Identity, Problem> Authenticator::authenticate(store::Queries& queries,
                                                             const net::Request& request,
                                                             Access access) const {
    const auto field = request.header("authorization");
    if (!field) return fail(challenge("", "send a token: Authorization: Bearer <token>"));
    if (count_of(request, "authorization") != 1)
        return fail(
            unauthorized(request, "invalid_request", "there are two Authorization headers"));
    const auto token = bearer_token(*field);
    if (!token || !is_token(*token))
        return fail(unauthorized(request, "invalid_token", "that is not one of our bearer tokens"));

    auto found = TRY(queries.credential_by_hash(token_hash(*token)));
    const WallTime now = clock_.now();
    if (!found) return fail(unauthorized(request, "invalid_token", "the token is not known"));
    if (const auto why = why_ended(found->credential, now); !why.empty())
        return fail(unauthorized(request, "invalid_token", std::string(why)));
    TRY(check_kind(*found, access));
    TRY(check_standing(*found, now));
    return *std::move(found);
}

bool Authenticator::is_welcome(store::Queries& queries, const net::Request& request,
                               Access access) const {
    if (!has_token_for(request, access)) return false;
    const auto token = bearer_token(*request.header("authorization"));
    const auto found = queries.credential_by_hash(token_hash(*token));
    return found && *found && check_kind(**found, access) && check_standing(**found, clock_.now());
}

Problem Authenticator::unauthorized(const net::Request& request, std::string_view error,
                                    std::string detail) const {
    if (const auto wait = failures_.failed(request.peer, clock_.monotonic())) {
        Problem problem(ProblemType::TooManyRequests,
                        "too many requests with a wrong token came from this address");
        problem.retry_after = wait;
        return problem;
    }
    return challenge(error, std::move(detail));
}

Result<void, Problem> check_kind(const store::Identity& identity, Access access) {
    using store::CredentialKind;
    const CredentialKind kind = identity.credential.kind;
    if (access == Access::Server && kind != CredentialKind::Server)
        return fail(Problem(ProblemType::Forbidden, "this is for a server's own token"));
    if (access == Access::Server || kind == CredentialKind::Operator) return {};
    if (access == Access::Granted && kind == CredentialKind::Token) return {};
    return fail(Problem(ProblemType::Forbidden, "this is for an operator's token"));
}

Result<void, Problem> check_standing(const store::Identity& identity, WallTime now) {
    if (const auto why = why_ended(identity.credential, now); !why.empty())
        return fail(challenge("invalid_token", std::string(why)));
    const store::CredentialRow& credential = identity.credential;
    if (!credential.server_id && credential.licence.empty()) return {};  // An operator's.
    if (!identity.licence || (credential.server_id && !identity.server))
        return fail(Problem(ProblemType::Forbidden, "the owner of this credential is gone"));
    if (identity.licence->state == store::LicenceState::Suspended)
        return fail(Problem(ProblemType::LicenceSuspended,
                            "licence " + identity.licence->name + " is suspended"));
    if (identity.licence->expires_at && *identity.licence->expires_at <= now)
        return fail(Problem(ProblemType::LicenceSuspended,
                            "licence " + identity.licence->name + " expired at " +
                                to_rfc3339(*identity.licence->expires_at)));
    if (identity.server && identity.server->state == store::ServerState::Suspended)
        return fail(Problem(ProblemType::ServerSuspended,
                            "server " + identity.server->label + " is suspended"));
    return {};
}

bool has_token_for(const net::Request& request, Access access) noexcept {
    const auto field = request.header("authorization");
    if (!field || count_of(request, "authorization") != 1) return false;
    const auto token = bearer_token(*field);
    const auto kind = token ? token_kind(*token) : std::nullopt;
    if (!kind) return false;
    if (access == Access::Server) return *kind == store::CredentialKind::Server;
    return *kind == store::CredentialKind::Operator ||
           (access == Access::Granted && *kind == store::CredentialKind::Token);
}

Result<void, Problem> check_url(const net::Request& request) {
    const auto decoded = net::percent_decode(request.target);
    const bool is_held = holds_token(request.target) || (decoded && holds_token(*decoded));
    if (is_held || request.query_parameter("access_token"))
        return fail(Problem(ProblemType::CredentialInUrl,
                            "URLs end up in logs and histories: send the token as "
                            "Authorization: Bearer <token>, and replace this one"));
    return {};
}

zones::Actor actor_of(const store::Identity& identity, const IpAddress& source, std::string door) {
    zones::Actor actor;
    actor.kind = store::to_string(identity.credential.kind);
    actor.id = name_of(identity);
    actor.source = source.text();
    actor.door = std::move(door);
    actor.credential = identity.credential.id;
    return actor;
}

}  // namespace hairpin::admin
