// Accounts at the ACME front: newAccount with its binding, the account itself, its key, its orders.
//
// An account is a client's key that a server's credential has vouched for (eab_keys.hpp). It may do
// what that credential may, and only as long: it ends with it, and may be bound to the next one by
// registering the same key again.

#include <utility>

#include "admin/authentication.hpp"
#include "admin/credential_check.hpp"
#include "admin/eab_keys.hpp"
#include "admin/front_json.hpp"
#include "admin/front_request.hpp"
#include "admin/handlers.hpp"

namespace hairpin::admin {
namespace {

using store::FrontAccountRow;
using store::FrontAccountStatus;

FrontProblem binding_problem(std::string detail) {
    return {FrontError::Unauthorized, std::move(detail)};
}

/// RFC 8555 section 7.3.4: the three checks of the inner JWS.
Result<store::Identity, FrontProblem> check_binding(Api& api, const net::Request& request,
                                                    const FrontCall& call,
                                                    const JsonValue& binding) {
    const FrontJws jws = TRY(read_front_jws(binding, FrontJwsPlace::Binding));
    if (jws.algorithm != "HS256")
        return fail(FrontProblem(FrontError::BadSignatureAlgorithm,
                                 "the external account binding must be signed with HS256"));
    if (jws.url != call.jws.url)
        return fail(FrontProblem(FrontError::Malformed,
                                 "the external account binding was made for another URL"));
    const auto bound = TRY(read_jwk(jws.payload));
    if (bound.jwk() != call.key().jwk())
        return fail(
            FrontProblem(FrontError::Malformed, "the external account binding is for another key"));
    // No difference is told between a kid that nobody has and a MAC that does not hold.
    const FrontProblem wrong = binding_problem(
        "the external account binding does not hold: its key id or its MAC key is "
        "wrong, or the credential was replaced");
    const auto name = tsig_name_of_kid(jws.kid);
    if (!name) return fail(front_failure(api, request, wrong));
    const auto row = TRY(api.queries().credential_by_tsig_name(*name));
    if (!row || row->kind != store::CredentialKind::Server)
        return fail(front_failure(api, request, wrong));
    const EabKey key = TRY(eab_key_of(*row, api.context().sealer));
    const Sha256 mac = hmac_sha256(key.mac_key, as_octets(jws.signed_text));
    if (!equal_in_constant_time(mac, jws.signature))
        return fail(front_failure(api, request, wrong));
    auto identity = TRY(api.queries().identity(row->id));
    if (!identity || !identity->server) return fail(front_failure(api, request, wrong));
    if (const auto standing = check_standing(*identity, api.now()); !standing) {
        if (standing.error().type == ProblemType::Unauthorized)
            return fail(front_failure(api, request, wrong));
        return fail(binding_problem(standing.error().detail));
    }
    TRY(check_source(identity->credential, request.peer));
    return *std::move(identity);
}

/// newAccount of a key that has an account, without a new binding (RFC 8555 section 7.3.1).
Result<net::Response, FrontProblem> known_account(Api& api, Exchange& exchange,
                                                  const FrontCall& call, bool only_existing) {
    const auto account = TRY(store::front_account_by_key(api.queries().database(),
                                                         call.key().thumbprint(), std::nullopt));
    if (!account && only_existing)
        return fail(front_failure(
            api, exchange.call.request,
            FrontProblem(FrontError::AccountDoesNotExist, "no account has this key")));
    if (!account)
        return fail(front_failure(
            api, exchange.call.request,
            FrontProblem(FrontError::ExternalAccountRequired,
                         "an account needs an external account binding: its key id and HMAC key "
                         "are shown when the server's credential is made")));
    if (account->status != FrontAccountStatus::Valid)
        return fail(FrontProblem(FrontError::Unauthorized, "this account was deactivated"));
    auto identity = TRY(api.queries().identity(account->credential_id));
    if (!identity) return fail(FrontProblem(FrontError::Unauthorized, "its credential is gone"));
    TRY(check_standing(*identity, api.now()));
    exchange.call.caller = *std::move(identity);
    return account_response(200, call, *account);
}

struct Registration {
    FrontAccountRow account;
    bool is_new = false;
};

Result<void, FrontProblem> register_account(store::Writer& writer, Registration& registration) {
    FrontAccountRow& wanted = registration.account;
    auto there =
        TRY(store::front_account_by_key(writer.database(), wanted.thumbprint, wanted.server_id));
    wanted.used_at = writer.now();
    registration.is_new = !there || there->status != FrontAccountStatus::Valid;
    if (registration.is_new) {
        // RFC 8555 section 7.3.6: an account that was deactivated does not come back; its key may.
        if (there) TRY(store::erase_front_account(writer, there->id));
        wanted.created_at = writer.now();
        TRY(store::insert_front_account(writer, wanted));
        return {};
    }
    wanted.id = there->id;
    wanted.created_at = there->created_at;
    TRY(store::update_front_account(writer, wanted));
    return {};
}

/// The caller's account, where the path names it.
Result<FrontCall, FrontProblem> own_account(Api& api, Exchange& exchange) {
    FrontCall call = TRY(admit_front(api, exchange, FrontSigner::Account));
    if (call.account->id != exchange.call.arguments[0])
        return fail(FrontProblem(FrontError::Unauthorized, "this is another account's"));
    return call;
}

struct KeyChange {
    acme::PublicKey key;
};

/// RFC 8555 section 7.3.5: what the inner JWS must be.
Result<KeyChange, FrontProblem> check_key_change(const FrontCall& call) {
    const auto wrong = [](std::string detail) {
        return fail(FrontProblem(FrontError::Malformed, std::move(detail)));
    };
    const FrontJws inner = TRY(read_front_jws(call.jws.payload, FrontJwsPlace::KeyChange));
    const auto algorithm = acme::signature_algorithm(inner.algorithm);
    if (!algorithm || !inner.jwk->verify(*algorithm, as_octets(inner.signed_text), inner.signature))
        return wrong("the inner JWS is not signed with the new key");
    if (inner.url != call.jws.url) return wrong("the inner JWS was made for another URL");
    const JsonValue payload = TRY(front_object(inner.payload));
    const std::string* account = text_of(payload, "account");
    if (account == nullptr || *account != call.jws.kid)
        return wrong("the inner JWS is about another account");
    const JsonValue* old_key = member_of(payload, "oldKey");
    if (old_key == nullptr) return wrong("the inner JWS has no \"oldKey\"");
    const auto old = TRY(read_jwk(*old_key));
    if (old.jwk() != call.key().jwk()) return wrong("\"oldKey\" is not the account's key");
    return KeyChange{*inner.jwk};
}

}  // namespace

void post_front_account(Api& api, std::shared_ptr<Exchange> exchange) {
    auto call = admit_front(api, *exchange, FrontSigner::Key);
    if (!call) return answer_front(api, *exchange, call.error());
    const auto payload = front_object(call->jws.payload);
    if (!payload) return answer_front(api, *exchange, payload.error());
    const JsonValue* existing = member_of(*payload, "onlyReturnExisting");
    const bool* existing_truth = existing == nullptr ? nullptr : std::get_if<bool>(&existing->is);
    const bool only_existing = existing_truth != nullptr && *existing_truth;
    const JsonValue* binding = member_of(*payload, "externalAccountBinding");
    if (binding == nullptr || only_existing) {
        auto known = known_account(api, *exchange, *call, only_existing);
        if (!known) return answer_front(api, *exchange, known.error());
        return answer_front(api, *exchange, *std::move(known));
    }
    auto identity = check_binding(api, exchange->call.request, *call, *binding);
    if (!identity) return answer_front(api, *exchange, identity.error());
    if (auto rate = front_rate(api, identity->credential); !rate)
        return answer_front(api, *exchange, rate.error());

    auto registration = std::make_shared<Registration>();
    registration->account.id = random_id();
    registration->account.server_id = identity->server->id;
    registration->account.credential_id = identity->credential.id;
    registration->account.jwk = call->key().jwk();
    registration->account.thumbprint = call->key().thumbprint();
    FrontWrite write;
    write.audit = {"acme-account.register",
                   identity->server->licence + "/" + identity->server->label};
    exchange->call.caller = *std::move(identity);
    write.rows = [registration](store::Writer& writer) {
        return register_account(writer, *registration);
    };
    write.then = [registration, call = *std::move(call)](Api& home, const FrontExchange& made) {
        answer_front(
            home, *made,
            account_response(registration->is_new ? 201 : 200, call, registration->account));
    };
    commit_front(api, std::move(exchange), std::move(write));
}

void post_front_account_change(Api& api, std::shared_ptr<Exchange> exchange) {
    auto call = own_account(api, *exchange);
    if (!call) return answer_front(api, *exchange, call.error());
    if (call->jws.payload.empty())
        return answer_front(api, *exchange, account_response(200, *call, *call->account));
    const auto payload = front_object(call->jws.payload);
    if (!payload) return answer_front(api, *exchange, payload.error());
    const std::string* status = text_of(*payload, "status");
    // RFC 8555 section 7.3.2: what cannot be changed is ignored. Contacts are not kept: nobody here
    // would write to them.
    if (status == nullptr || *status != "deactivated")
        return answer_front(api, *exchange, account_response(200, *call, *call->account));
    FrontAccountRow row = *call->account;
    row.status = FrontAccountStatus::Deactivated;
    FrontWrite write;
    write.audit = {"acme-account.deactivate", row.id};
    write.rows = [row](store::Writer& writer) -> Result<void, FrontProblem> {
        TRY(store::update_front_account(writer, row));
        return {};
    };
    write.then = [row, call = *std::move(call)](Api& home, const FrontExchange& made) {
        answer_front(home, *made, account_response(200, call, row));
    };
    commit_front(api, std::move(exchange), std::move(write));
}

void post_front_account_orders(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto call = own_account(api, *exchange);
    if (!call) return answer_front(api, *exchange, call.error());
    if (const auto empty = check_post_as_get(*call); !empty)
        return answer_front(api, *exchange, empty.error());
    const auto orders = store::front_orders_of(api.queries().database(), call->account->id);
    if (!orders) return answer_front(api, *exchange, orders.error());
    JsonWriter json;
    json.begin_object().key("orders").begin_array();
    for (const store::FrontOrderRow& each : *orders)
        if (each.state != store::FrontOrderState::Invalid) json.value(call->order_url(each.id));
    json.end_array().end_object();
    answer_front(api, *exchange, json_response(200, json));
}

void post_front_key_change(Api& api, std::shared_ptr<Exchange> exchange) {
    auto call = admit_front(api, *exchange, FrontSigner::Account);
    if (!call) return answer_front(api, *exchange, call.error());
    const auto change = check_key_change(*call);
    if (!change) return answer_front(api, *exchange, change.error());
    if (auto rate = front_rate(api, exchange->call.caller->credential); !rate)
        return answer_front(api, *exchange, rate.error());
    FrontAccountRow row = *call->account;
    row.jwk = change->key.jwk();
    row.thumbprint = change->key.thumbprint();
    FrontWrite write;
    write.audit = {"acme-account.key-change", row.id};
    write.rows = [row, base = *call](store::Writer& writer) -> Result<void, FrontProblem> {
        const auto other =
            TRY(store::front_account_by_key(writer.database(), row.thumbprint, row.server_id));
        if (other) {
            FrontProblem taken(FrontError::Malformed, 409, "an account has the new key already");
            taken.location = base.account_url(other->id);
            return fail(std::move(taken));
        }
        TRY(store::update_front_account(writer, row));
        return {};
    };
    write.then = [row, call = *std::move(call)](Api& home, const FrontExchange& made) {
        answer_front(home, *made, account_response(200, call, row));
    };
    commit_front(api, std::move(exchange), std::move(write));
}

}  // namespace hairpin::admin
