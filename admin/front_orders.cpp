// Orders at the ACME front: newOrder, the order, its authorizations and challenges, finalize.
//
// finalize hands the client's CSR to the certificate desk, as PUT /v1/self/certificate does; what
// becomes of it is front_order.hpp's rule. Whatever an order says is durable before it is said.

#include <algorithm>
#include <utility>

#include "acme/csr.hpp"
#include "acme/requests.hpp"
#include "admin/authentication.hpp"
#include "admin/front_json.hpp"
#include "admin/front_order.hpp"
#include "admin/front_request.hpp"
#include "admin/handlers.hpp"
#include "admin/names.hpp"

namespace hairpin::admin {
namespace {

using store::FrontOrderRow;
using store::FrontOrderState;

constexpr std::size_t kMostIdentifiers = 100;

FrontProblem malformed_order(std::string detail) {
    return {FrontError::Malformed, std::move(detail)};
}

std::string lower_name(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    return text;
}

/// The names that certificates of the caller may be for: public, internal, then its aliases.
Result<std::vector<std::string>, FrontProblem> names_of_caller(Api& api, const Exchange& exchange) {
    const store::Identity& caller = *exchange.call.caller;
    const auto licence = TRY(api.queries().licence(caller.server->licence));
    if (!licence) return fail(FrontProblem(FrontError::Unauthorized, "the licence is gone"));
    const auto names =
        twin_names(caller.server->label, licence->zone_apex, api.context().options.addresses);
    if (!names) return fail(FrontProblem(FrontError::ServerInternal, names.error()));
    std::vector own{shown(names->public_name.lower()), shown(names->internal_name.lower())};
    for (auto& alias : TRY(acme::alias_names(api.queries().database(), caller.server->id)))
        own.push_back(std::move(alias));
    return own;
}

std::string in_words(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& each : names)
        text += (text.empty() ? "" : " and ") + each;
    return text;
}

/// Whose certificate an order is for.
store::Subject subject_of(const FrontOrderRow& order) {
    return {order.server_id, order.names.size() == 1 ? order.names.front() : ""};
}

/// "identifiers", as names in lower case, each once. Errors: Malformed; RejectedIdentifier: not
/// DNS.
Result<std::vector<std::string>, FrontProblem> read_identifiers(const JsonValue& payload) {
    const JsonValue* value = member_of(payload, "identifiers");
    const auto* list = value == nullptr ? nullptr : std::get_if<JsonArray>(&value->is);
    if (list == nullptr || list->empty() || list->size() > kMostIdentifiers)
        return fail(malformed_order("\"identifiers\" must be a list of 1 to 100"));
    std::vector<std::string> names;
    for (const JsonValue& each : *list) {
        const std::string* type = text_of(each, "type");
        const std::string* name = text_of(each, "value");
        if (type == nullptr || name == nullptr)
            return fail(malformed_order("each identifier has a \"type\" and a \"value\""));
        if (*type != "dns")
            return fail(FrontProblem(FrontError::RejectedIdentifier,
                                     "only identifiers of the type \"dns\" are taken"));
        std::string lower = lower_name(*name);
        if (std::find(names.begin(), names.end(), lower) == names.end())
            names.push_back(std::move(lower));
    }
    return names;
}

/// Both twin names and any of the aliases, or one of them all alone. Errors: RejectedIdentifier,
/// with those that are not.
Result<void, FrontProblem> check_ordered(const std::vector<std::string>& wanted,
                                         const std::vector<std::string>& own) {
    FrontProblem problem(FrontError::RejectedIdentifier, "");
    for (const std::string& each : wanted)
        if (std::find(own.begin(), own.end(), each) == own.end()) problem.rejected.push_back(each);
    const auto is_wanted = [&](const std::string& name) {
        return std::find(wanted.begin(), wanted.end(), name) != wanted.end();
    };
    // Most clients order all at once. Some know only certificates for one name, and order each.
    const bool is_whole = is_wanted(own[0]) && is_wanted(own[1]);
    if (problem.rejected.empty() && (wanted.size() == 1 || is_whole)) return {};
    problem.detail =
        "this account is for one server, whose certificate is for " + own[0] + " and " + own[1];
    for (std::size_t at = 2; at < own.size(); ++at)
        problem.detail += (at == 2 ? ", and may name " : ", ") + own[at];
    return fail(std::move(problem));
}

/// What newOrder's payload asks for.
Result<std::vector<std::string>, FrontProblem> read_order_request(Api& api,
                                                                  const Exchange& exchange,
                                                                  const FrontCall& call) {
    const JsonValue payload = TRY(front_object(call.jws.payload));
    // RFC 8555 section 7.4: what cannot be honoured is an error.
    if (member_of(payload, "notBefore") != nullptr || member_of(payload, "notAfter") != nullptr)
        return fail(
            malformed_order("notBefore and notAfter are not for the client to choose here"));
    auto names = TRY(read_identifiers(payload));
    const auto own = TRY(names_of_caller(api, exchange));
    TRY(check_ordered(names, own));
    return names;
}

/// RateLimited where an order placed now could not be filled while a client waits. With `key`: the
/// same key is given the same certificate while that is young, so it costs nothing.
Result<void, FrontProblem> check_admission(Api& api, const store::Subject& subject,
                                           const std::optional<Sha256>& key) {
    const CertificateDesk* desk = api.context().certificates;
    if (desk == nullptr)
        return fail(FrontProblem(Problem(ProblemType::Unavailable, "no CA is configured here")));
    const auto postponed = TRY(desk->would_postpone(api.queries(), subject, api.now()));
    if (!postponed) return {};
    const bool may_be_free = !key ? postponed->young_key.has_value() : postponed->young_key == key;
    if (may_be_free) return {};
    FrontProblem problem(FrontError::RateLimited, postponed->why);
    const auto wait = std::chrono::ceil<Seconds>(postponed->until - api.now());
    problem.retry_after = std::max(wait, Seconds(1));
    return fail(std::move(problem));
}

FrontOrderRow new_order(const FrontCall& call, std::vector<std::string> names, WallTime now) {
    FrontOrderRow order;
    order.id = random_id();
    order.account_id = call.account->id;
    order.server_id = call.account->server_id;
    order.names = std::move(names);
    order.created_at = now;
    order.expires_at = now + kFrontOrderLife;
    return order;
}

/// The caller's order of that id. Errors: Malformed, 404: there is none, or it is another's.
Result<FrontOrderRow, FrontProblem> find_order(Api& api, const FrontCall& call,
                                               std::string_view id) {
    auto order = TRY(store::front_order(api.queries().database(), id));
    if (!order || order->account_id != call.account->id)
        return fail(FrontProblem(FrontError::Malformed, 404, "there is no such order"));
    return *std::move(order);
}

struct FoundAuthorization {
    FrontCall call;
    FrontOrderRow order;
    std::size_t place = 0;
};

/// The caller's authorization that the path names.
Result<FoundAuthorization, FrontProblem> find_authorization(Api& api, Exchange& exchange) {
    FrontCall call = TRY(admit_front(api, exchange, FrontSigner::Account));
    const auto wanted = parse_authorization_id(exchange.call.arguments[0]);
    if (!wanted)
        return fail(FrontProblem(FrontError::Malformed, 404, "there is no such authorization"));
    FrontOrderRow order = TRY(find_order(api, call, wanted->order_id));
    if (wanted->place >= order.names.size())
        return fail(FrontProblem(FrontError::Malformed, 404, "there is no such authorization"));
    return FoundAuthorization{std::move(call), std::move(order), wanted->place};
}

/// Stores what an order has become, then answers with it.
void store_order(Api& api, FrontExchange exchange, const FrontCall& call, FrontOrderRow order,
                 FrontOrderState was) {
    FrontWrite write;
    write.audit = {"acme-order." + std::string(to_string(order.state)), order.id};
    write.rows = [order, was](store::Writer& writer) -> Result<void, FrontProblem> {
        auto stored = store::update_front_order(writer, order, was);
        // Another poll of the same order was here first, with the same outcome.
        if (!stored && stored.error().code == ErrorCode::Conflict) return {};
        TRY(std::move(stored));
        return {};
    };
    write.then = [order, call](Api& home, const FrontExchange& made) {
        answer_front(home, *made, order_response(200, call, order, home.now()));
    };
    commit_front(api, std::move(exchange), std::move(write));
}

void request_of_order(Api& api, FrontExchange exchange, const FrontCall& call, FrontOrderRow order);

/// Answers with the order as it is now, after storing it where it has changed.
void tell_order(Api& api, FrontExchange exchange, const FrontCall& call, FrontOrderRow order,
                const acme::CertificateState& state, StateSource source) {
    const FrontOrderState was = order.state;
    FrontJudgement judgement = judge_order(std::move(order), state, source, api.now());
    if (judgement.order.state == FrontOrderState::Valid && judgement.has_changed) {
        const auto is_answer = is_front_answer(api, judgement.order);
        if (!is_answer) return answer_front(api, *exchange, is_answer.error());
        if (!*is_answer) judgement = superseded(std::move(judgement.order));
    }
    if (judgement.order.state == FrontOrderState::Valid && judgement.has_changed) {
        auto id = front_renewal_id(api, judgement.order);
        if (!id) return answer_front(api, *exchange, id.error());
        judgement.order.renewal_id = *std::move(id);
    }
    if (judgement.has_changed)
        return store_order(api, std::move(exchange), call, std::move(judgement.order), was);
    if (judgement.is_orphan && source == StateSource::Stored)
        return request_of_order(api, std::move(exchange), call, std::move(judgement.order));
    answer_front(api, *exchange, order_response(200, call, judgement.order, api.now()));
}

/// Asks the certificate desk for what the order is for. Asking twice is no harm.
void request_of_order(Api& api, FrontExchange exchange, const FrontCall& call,
                      FrontOrderRow order) {
    CertificateDesk* desk = api.context().certificates;
    if (desk == nullptr)
        return answer_front(api, *exchange,
                            Problem(ProblemType::Unavailable, "no CA is configured here"));
    const auto actor = actor_of(*exchange->call.caller, exchange->call.request.peer, "acme");
    acme::DeviceKey key{order.csr};
    const store::Subject subject = subject_of(order);
    desk->request(
        subject, std::move(key), actor,
        [back = api.way_back(), exchange = std::move(exchange), call,
         order = std::move(order)](Result<acme::CertificateState> state) {
            back.post([exchange, call, order, state = std::move(state)](Api& home) {
                if (state)
                    return tell_order(home, exchange, call, order, *state, StateSource::Request);
                if (state.error().code == ErrorCode::Unavailable)
                    return answer_front(home, *exchange, state.error());
                FrontOrderRow ended = order;
                ended.state = FrontOrderState::Invalid;
                const bool is_csr = state.error().code == ErrorCode::Invalid;
                ended.problem_type =
                    to_string(is_csr ? FrontError::BadCsr : FrontError::Unauthorized);
                ended.problem = state.error().text();
                store_order(home, exchange, call, std::move(ended), FrontOrderState::Processing);
            });
        });
}

/// The CSR of a finalize, judged. Errors: BadCsr, Malformed.
Result<acme::Csr, FrontProblem> read_finalize(const FrontCall& call, const FrontOrderRow& order) {
    const JsonValue payload = TRY(front_object(call.jws.payload));
    const std::string* text = text_of(payload, "csr");
    const auto der = text == nullptr ? std::nullopt : from_base64url(*text);
    if (!der)
        return fail(malformed_order("\"csr\" must be the DER of a PKCS#10 request, base64url"));
    auto csr = acme::read_csr(*der);
    if (!csr) return fail(FrontProblem(FrontError::BadCsr, csr.error().text()));
    std::vector<std::string> names = order.names;
    std::sort(names.begin(), names.end());
    const bool is_exact =
        csr->names == names && csr->other_names.empty() &&
        std::all_of(csr->common_names.begin(), csr->common_names.end(),
                    [&](const std::string& each) {
                        return std::find(names.begin(), names.end(), each) != names.end();
                    });
    if (!is_exact)
        return fail(
            FrontProblem(FrontError::BadCsr,
                         "the CSR must name exactly what was ordered: " + in_words(order.names)));
    // RFC 8555 section 11.1: an account's key must not be a certificate's.
    if (csr->key_sha256 == call.key().spki_sha256())
        return fail(FrontProblem(FrontError::BadCsr, "the CSR's key is the account's key"));
    return *std::move(csr);
}

/// An order that was finalized already is told as it is, for the same CSR; else OrderNotReady.
bool is_repeated(const FrontOrderRow& order, const acme::Csr& csr) {
    return (order.state == FrontOrderState::Processing || order.state == FrontOrderState::Valid) &&
           order.csr == csr.der;
}

}  // namespace

void post_front_order(Api& api, std::shared_ptr<Exchange> exchange) {
    auto call = admit_front(api, *exchange, FrontSigner::Account);
    if (!call) return answer_front(api, *exchange, call.error());
    auto names = read_order_request(api, *exchange, *call);
    if (!names) return answer_front(api, *exchange, names.error());
    if (auto rate = front_rate(api, exchange->call.caller->credential); !rate)
        return answer_front(api, *exchange, rate.error());
    const FrontOrderRow order = new_order(*call, *std::move(names), api.now());
    if (auto room = check_admission(api, subject_of(order), {}); !room)
        return answer_front(api, *exchange, room.error());
    store::FrontAccountRow account = *call->account;
    FrontWrite write;
    write.audit = {"acme-order.new", order.id};
    write.rows = [order, account](store::Writer& writer) -> Result<void, FrontProblem> {
        store::FrontAccountRow used = account;
        used.used_at = writer.now();
        TRY(store::update_front_account(writer, used));
        TRY(store::insert_front_order(writer, order));
        return {};
    };
    write.then = [order, call = *std::move(call)](Api& home, const FrontExchange& made) {
        answer_front(home, *made, order_response(201, call, order, home.now()));
    };
    commit_front(api, std::move(exchange), std::move(write));
}

void post_front_order_state(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto call = admit_front(api, *exchange, FrontSigner::Account);
    if (!call) return answer_front(api, *exchange, call.error());
    if (const auto empty = check_post_as_get(*call); !empty)
        return answer_front(api, *exchange, empty.error());
    auto order = find_order(api, *call, exchange->call.arguments[0]);
    if (!order) return answer_front(api, *exchange, order.error());
    const auto state = api.certificate_state(subject_of(*order));
    if (!state) return answer_front(api, *exchange, state.error());
    tell_order(api, std::move(exchange), *call, *std::move(order), *state, StateSource::Stored);
}

void post_front_authorization(Api& api, std::shared_ptr<Exchange> exchange) {
    auto found = find_authorization(api, *exchange);
    if (!found) return answer_front(api, *exchange, found.error());
    if (found->call.jws.payload.empty())
        return answer_front(api, *exchange,
                            authorization_response(found->call, found->order, found->place));
    const auto payload = front_object(found->call.jws.payload);
    const std::string* status = payload ? text_of(*payload, "status") : nullptr;
    if (status == nullptr || *status != "deactivated")
        return answer_front(api, *exchange,
                            malformed_order("an authorization can only be read, or deactivated"));
    // RFC 8555 section 7.1.6: an order whose authorization is given up while it waits is invalid.
    FrontOrderRow order = found->order;
    if (order.state != FrontOrderState::Ready)
        return answer_front(api, *exchange,
                            authorization_response(found->call, order, found->place));
    order.state = FrontOrderState::Invalid;
    order.problem_type = kDeactivated;
    order.problem = "an authorization was deactivated";
    FrontWrite write;
    write.audit = {"acme-order.deactivate", order.id};
    write.rows = [order](store::Writer& writer) -> Result<void, FrontProblem> {
        TRY(store::update_front_order(writer, order, FrontOrderState::Ready));
        return {};
    };
    write.then = [order, found = *std::move(found)](Api& home, const FrontExchange& made) {
        answer_front(home, *made, authorization_response(found.call, order, found.place));
    };
    commit_front(api, std::move(exchange), std::move(write));
}

void post_front_challenge(Api& api, std::shared_ptr<Exchange> exchange) {
    // Whether it is read or answered ("{}"): it has been valid from the start.
    const auto found = find_authorization(api, *exchange);
    if (!found) return answer_front(api, *exchange, found.error());
    answer_front(api, *exchange, challenge_response(found->call, found->order, found->place));
}

void post_front_finalize(Api& api, std::shared_ptr<Exchange> exchange) {
    auto call = admit_front(api, *exchange, FrontSigner::Account);
    if (!call) return answer_front(api, *exchange, call.error());
    auto order = find_order(api, *call, exchange->call.arguments[0]);
    if (!order) return answer_front(api, *exchange, order.error());
    const auto csr = read_finalize(*call, *order);
    if (!csr) return answer_front(api, *exchange, csr.error());
    const auto state = api.certificate_state(subject_of(*order));
    if (!state) return answer_front(api, *exchange, state.error());
    if (is_repeated(*order, *csr))
        return tell_order(api, std::move(exchange), *call, *std::move(order), *state,
                          StateSource::Stored);
    if (order->state != FrontOrderState::Ready || order->expires_at <= api.now())
        return answer_front(api, *exchange,
                            FrontProblem(FrontError::OrderNotReady,
                                         "the order is " + std::string(to_string(order->state)) +
                                             " or has expired: place another one"));
    if (auto rate = front_rate(api, exchange->call.caller->credential); !rate)
        return answer_front(api, *exchange, rate.error());
    if (auto room = check_admission(api, subject_of(*order), csr->key_sha256); !room)
        return answer_front(api, *exchange, room.error());

    FrontOrderRow begun = *std::move(order);
    begun.state = FrontOrderState::Processing;
    begun.csr = csr->der;
    begun.key_sha256 = csr->key_sha256;
    begun.before_sha256 = state->sha256;
    FrontWrite write;
    write.audit = {"acme-order.finalize", begun.id};
    write.rows = [begun](store::Writer& writer) -> Result<void, FrontProblem> {
        TRY(store::update_front_order(writer, begun, FrontOrderState::Ready));
        return {};
    };
    write.then = [begun, call = *std::move(call)](Api& home, FrontExchange made) {
        request_of_order(home, std::move(made), call, begun);
    };
    commit_front(api, std::move(exchange), std::move(write));
}

}  // namespace hairpin::admin
