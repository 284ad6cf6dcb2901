#include "admin/front_request.hpp"

#include <algorithm>
#include <utility>

#include "admin/authentication.hpp"
#include "admin/credential_check.hpp"
#include "admin/edit_door.hpp"

namespace hairpin::admin {
namespace {

constexpr std::string_view kAccountPath = "/acme/account/";
constexpr std::string_view kSignedJson = "application/jose+json";

std::string lower_text(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    return lower;
}

bool is_loopback(const IpAddress& address) {
    static const std::array kLoopback{*Prefix::parse("127.0.0.0/8"), *Prefix::parse("::1")};
    return std::any_of(kLoopback.begin(), kLoopback.end(),
                       [&](const Prefix& each) { return each.contains(address.unmapped()); });
}

/// The host of "host", "host:port", "[::1]:port"; empty: it is none of these.
std::string_view host_of(std::string_view authority) {
    if (authority.starts_with('[')) {
        const std::size_t end = authority.find(']');
        return end == std::string_view::npos ? std::string_view() : authority.substr(1, end - 1);
    }
    const std::size_t colon = authority.find(':');
    const std::string_view port =
        colon == std::string_view::npos ? std::string_view() : authority.substr(colon + 1);
    if (!std::all_of(port.begin(), port.end(), is_digit)) return {};
    return authority.substr(0, colon);
}

/// The account's id in its URL; empty: it is no URL of ours. Under which of our names it was given
/// does not matter: the JWS names the URL it is for apart from this.
std::string_view id_of_account_url(std::string_view kid) {
    const std::size_t path = kid.find(kAccountPath);
    if (!kid.starts_with("https://") || path == std::string_view::npos) return {};
    return kid.substr(path + kAccountPath.size());
}

FrontProblem no_such_account() {
    return {FrontError::AccountDoesNotExist,
            "there is no such account here: register one with an external account binding"};
}

/// The credential that vouched for the account, in good standing.
Result<store::Identity, FrontProblem> identity_of(Api& api, const net::Request& request,
                                                  const store::FrontAccountRow& account) {
    auto identity = TRY(api.queries().identity(account.credential_id));
    if (!identity || !identity->server)
        return fail(
            FrontProblem(FrontError::Unauthorized, "the credential behind this account is gone"));
    const auto standing = check_standing(*identity, api.now());
    if (!standing && standing.error().type == ProblemType::Unauthorized)
        return fail(FrontProblem(
            FrontError::Unauthorized,
            "the credential behind this account was replaced or has expired: register again with "
            "the binding of the new one"));
    if (!standing) return fail(FrontProblem(FrontError::Unauthorized, standing.error().detail));
    TRY(check_source(identity->credential, request.peer));
    return *std::move(identity);
}

/// Whose key must have signed; the account is looked up, and nothing is believed yet.
Result<void, FrontProblem> find_signer(Api& api, FrontSigner signer, FrontCall& call) {
    const bool has_kid = !call.jws.kid.empty();
    if (has_kid && signer == FrontSigner::Key)
        return fail(FrontProblem(FrontError::Malformed,
                                 "this request is signed with a \"jwk\", not with a \"kid\""));
    if (!has_kid && signer == FrontSigner::Account)
        return fail(FrontProblem(FrontError::Malformed,
                                 "this request is signed with a \"kid\", not with a \"jwk\""));
    if (!has_kid) return {};
    const std::string_view id = id_of_account_url(call.jws.kid);
    if (id.empty()) return fail(no_such_account());
    call.account = TRY(store::front_account(api.queries().database(), id));
    if (!call.account) return fail(no_such_account());
    auto key = TRY(read_jwk(call.account->jwk));
    call.jws.jwk = std::move(key);
    return {};
}

Result<void, FrontProblem> check_signature(const FrontCall& call) {
    const auto algorithm = acme::signature_algorithm(call.jws.algorithm);
    if (!algorithm || !call.key().fits(*algorithm))
        return fail(FrontProblem(FrontError::BadSignatureAlgorithm,
                                 "the signature's algorithm is not one for this key"));
    if (!call.key().verify(*algorithm, as_octets(call.jws.signed_text), call.jws.signature))
        return fail(FrontProblem(FrontError::Malformed, "the signature does not hold"));
    return {};
}

bool is_signed_json(const net::Request& request) {
    const std::string_view type = request.header("content-type").value_or("");
    return lower_text(type.substr(0, type.find(';'))) == kSignedJson;
}

/// Everything that is about the message and not about who sent it.
Result<FrontCall, FrontProblem> read_front_call(Api& api, const net::Request& request) {
    auto base = front_base(api.context().options, request);
    if (!base)
        return fail(FrontProblem(FrontError::Malformed, 421,
                                 "this server has no such name: use the one that is configured as "
                                 "[http] server_name"));
    if (!is_signed_json(request))
        return fail(FrontProblem(FrontError::Malformed, 415,
                                 "the content type must be application/jose+json"));
    auto jws = TRY(read_front_jws(request.body, FrontJwsPlace::Request));
    // RFC 8555 section 6.4: "MUST be rejected as unauthorized".
    const std::size_t path = jws.url.find('/', std::string_view("https://").size());
    const std::string authority = lower_text(std::string_view(jws.url).substr(0, path));
    const bool is_this = path != std::string::npos && authority == *base &&
                         std::string_view(jws.url).substr(path) == request.target;
    if (!is_this)
        return fail(FrontProblem(FrontError::Unauthorized,
                                 "the JWS was made for another URL than the one it was sent to"));
    if (!api.context().front_nonces.spend(jws.nonce, api.context().clock.monotonic()))
        return fail(FrontProblem(FrontError::BadNonce,
                                 "the nonce is not fresh: try again with the one in this answer"));
    return FrontCall{*std::move(base), std::move(jws), {}};
}

}  // namespace

std::optional<std::string> front_base(const ApiOptions& options, const net::Request& request) {
    const std::string authority = lower_text(request.header("host").value_or(""));
    const std::string_view host = host_of(authority);
    if (host.empty()) return std::nullopt;
    const IpAddress local = request.local.address.unmapped();
    const auto address = IpAddress::parse(host);
    const bool is_ours = host == lower_text(options.server_name) ||
                         (address && address->unmapped() == local) ||
                         (host == "localhost" && is_loopback(local));
    if (!is_ours) return std::nullopt;
    return "https://" + authority;
}

Result<FrontCall, FrontProblem> admit_front(Api& api, Exchange& exchange, FrontSigner signer) {
    const net::Request& request = exchange.call.request;
    auto call = read_front_call(api, request);
    if (!call) return call;
    if (auto found = find_signer(api, signer, *call); !found) {
        if (found.error().error != FrontError::AccountDoesNotExist)
            return fail(std::move(found).error());
        return fail(front_failure(api, request, std::move(found).error()));
    }
    if (auto holds = check_signature(*call); !holds)
        return fail(front_failure(api, request, std::move(holds).error()));
    if (!call->account) return call;
    if (call->account->status != store::FrontAccountStatus::Valid)
        return fail(FrontProblem(FrontError::Unauthorized, "this account was deactivated"));
    exchange.call.caller = TRY(identity_of(api, request, *call->account));
    api.context().committer.used(exchange.call.caller->credential.id, api.now());
    return call;
}

FrontProblem front_failure(Api& api, const net::Request& request, FrontProblem problem) {
    const auto wait = api.context().failures.failed(request.peer.unmapped(), api.loop().now());
    if (!wait) return problem;
    FrontProblem limited(FrontError::RateLimited,
                         "too many requests that prove nothing came from this address");
    limited.retry_after = wait;
    return limited;
}

Result<void, FrontProblem> front_rate(Api& api, const store::CredentialRow& credential) {
    const auto wait = over_rate(api.context(), credential);
    if (!wait) return {};
    FrontProblem problem(FrontError::RateLimited, "this server asks too often");
    problem.retry_after = wait;
    return fail(std::move(problem));
}

Result<void, FrontProblem> check_post_as_get(const FrontCall& call) {
    if (call.jws.payload.empty()) return {};
    return fail(FrontProblem(FrontError::Malformed,
                             "this is read with an empty payload (RFC 8555 section 6.3)"));
}

void answer_front(Api& api, Exchange& exchange, net::Response response, std::string_view detail) {
    ApiContext& context = api.context();
    const net::Request& request = exchange.call.request;
    context.doors.add(Door::Acme, outcome_of_status(response.status));
    if (exchange.call.route->pattern != "/acme/directory") {
        if (const auto base = front_base(context.options, request))
            response.headers.push_back({"link", "<" + *base + "/acme/directory>;rel=\"index\""});
        response.headers.push_back(
            {"replay-nonce", context.front_nonces.issue(context.clock.monotonic())});
    }
    std::erase_if(response.headers,
                  [](const net::Header& each) { return each.name == "cache-control"; });
    response.headers.push_back({"cache-control", "no-store"});
    api.respond(exchange, std::move(response), detail);
}

void answer_front(Api& api, Exchange& exchange, const FrontProblem& problem) {
    answer_front(api, exchange, to_response(problem),
                 std::string(to_string(problem.error)) + ": " + problem.detail);
}

void commit_front(Api& api, FrontExchange exchange, FrontWrite write) {
    const Call& call = exchange->call;
    auto problem = std::make_shared<std::optional<FrontProblem>>();
    store::Work work;
    work.change.actor = actor_of(*call.caller, call.request.peer, "acme");
    work.change.reason = write.audit.action;
    work.audit = std::move(write.audit);
    work.rows = [problem, rows = std::move(write.rows), credential = call.caller->credential.id](
                    store::Writer& writer, zones::Change&) -> Result<void> {
        problem->reset();
        const auto run = [&]() -> Result<void, FrontProblem> {
            const auto identity = TRY(writer.read().identity(credential));
            if (!identity)
                return fail(FrontProblem(FrontError::Unauthorized, "the credential is gone"));
            TRY(check_standing(*identity, writer.now()));
            return rows(writer);
        };
        auto done = run();
        if (done) return {};
        *problem = std::move(done).error();
        return fail(to_error(
            Problem((*problem)->status >= 500 ? ProblemType::Unavailable : ProblemType::Forbidden,
                    (*problem)->detail)));
    };
    api.context().committer.submit(
        std::move(work),
        [back = api.way_back(), exchange = std::move(exchange), problem,
         then = std::move(write.then)](Result<store::WorkReceipt, store::WorkRefusal> result) {
            back.post([exchange, problem, then, result = std::move(result)](Api& home) {
                if (result) return then(home, exchange);
                answer_front(home, *exchange,
                             *problem ? **problem : FrontProblem(Problem(result.error())));
            });
        });
}

}  // namespace hairpin::admin
