// The directory and nonces of the ACME front, and certificates: download, when to renew,
// revocation.

#include <algorithm>
#include <utility>

#include "acme/csr.hpp"
#include "acme/renewal_window.hpp"
#include "admin/authentication.hpp"
#include "admin/front_json.hpp"
#include "admin/front_request.hpp"
#include "admin/handlers.hpp"
#include "store/acme_rows.hpp"
#include "store/revocation_rows.hpp"

namespace hairpin::admin {
namespace {

// RFC 9773 section 4.3: "Servers SHOULD set the Retry-After header to six hours".
constexpr Seconds kAskAgain{6 * 3600};
constexpr int kWindowParts = 50;  // Of the certificate's life, before its renewal time.

/// The certificate of an order that is valid. Errors: Malformed, 404.
Result<store::CertificateRow, FrontProblem> certificate_of(Api& api,
                                                           const store::FrontOrderRow& order) {
    const FrontProblem none(FrontError::Malformed, 404, "there is no such certificate");
    if (!order.certificate_sha256) return fail(none);
    auto row = TRY(store::AcmeQueries(api.queries().database())
                       .certificate(order.server_id, *order.certificate_sha256));
    if (!row) return fail(none);
    return *std::move(row);
}

struct WantedRevocation {
    Sha256 sha256{};
    acme::RevocationReason reason = acme::RevocationReason::Unspecified;
};

/// RFC 8555 section 7.6. Errors: Malformed; BadRevocationReason.
Result<WantedRevocation, FrontProblem> read_revocation_request(const FrontCall& call) {
    const JsonValue payload = TRY(front_object(call.jws.payload));
    const std::string* text = text_of(payload, "certificate");
    const auto der = text == nullptr ? std::nullopt : from_base64url(*text);
    if (!der)
        return fail(FrontProblem(FrontError::Malformed,
                                 "\"certificate\" must be the certificate's DER, base64url"));
    WantedRevocation wanted;
    wanted.sha256 = sha256(*der);
    const JsonValue* number = member_of(payload, "reason");
    if (number == nullptr) return wanted;
    const auto* value = std::get_if<std::int64_t>(&number->is);
    const auto reason = value == nullptr ? std::nullopt : acme::revocation_reason(*value);
    if (!reason)
        return fail(FrontProblem(FrontError::BadRevocationReason,
                                 "the reason must be 0 (unspecified), 1 (keyCompromise), 4 "
                                 "(superseded) or 5 (cessationOfOperation)"));
    wanted.reason = *reason;
    return wanted;
}

/// Whose certificate the caller may revoke: an account those of its server, a certificate's key its
/// own.
Result<std::int64_t, FrontProblem> server_to_revoke(Api& api, const FrontCall& call,
                                                    const WantedRevocation& wanted) {
    const FrontProblem denied(FrontError::Unauthorized,
                              "this is no certificate of the account's server, nor the key of it");
    store::Database& database = api.queries().database();
    const auto server = TRY(store::server_of_certificate(database, wanted.sha256));
    if (!server) return fail(denied);
    if (call.account) {
        if (call.account->server_id != *server) return fail(denied);
        return *server;
    }
    const auto row = TRY(store::AcmeQueries(database).certificate(*server, wanted.sha256));
    if (!row || row->key_sha256 != call.key().spki_sha256()) return fail(denied);
    return *server;
}

}  // namespace

Result<bool, FrontProblem> is_front_answer(Api& api, const store::FrontOrderRow& order) {
    const auto row = TRY(certificate_of(api, order));
    if (row.csr == order.csr) return true;
    // The same key with other names, ordered since; a certificate names what its CSR names.
    const auto ordered = acme::read_csr(order.csr);
    const auto given = acme::read_csr(row.csr);
    return ordered && given && ordered->names == given->names;
}

Result<std::string, FrontProblem> front_renewal_id(Api& api, const store::FrontOrderRow& order) {
    const auto row = TRY(certificate_of(api, order));
    // One that does not say which key its issuer has cannot be asked about, and is good all the
    // same.
    return acme::cert_id(row.chain).value_or("");
}

void get_front_directory(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto base = front_base(api.context().options, exchange->call.request);
    if (!base)
        return answer_front(api, *exchange,
                            FrontProblem(FrontError::Malformed, 421,
                                         "this server has no such name: use the one that is "
                                         "configured as [http] server_name"));
    answer_front(api, *exchange, directory_response(*base));
}

void get_front_nonce(Api& api, std::shared_ptr<Exchange> exchange) {
    // RFC 8555 section 7.2: 200 for HEAD, 204 for GET.
    const bool is_head = exchange->call.request.method == net::Method::Head;
    answer_front(api, *exchange, net::Response{is_head ? 200 : 204, {}, {}});
}

void post_front_certificate(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto call = admit_front(api, *exchange, FrontSigner::Account);
    if (!call) return answer_front(api, *exchange, call.error());
    if (const auto empty = check_post_as_get(*call); !empty)
        return answer_front(api, *exchange, empty.error());
    const auto order = store::front_order(api.queries().database(), exchange->call.arguments[0]);
    if (!order) return answer_front(api, *exchange, order.error());
    if (!*order || (*order)->account_id != call->account->id)
        return answer_front(
            api, *exchange,
            FrontProblem(FrontError::Malformed, 404, "there is no such certificate"));
    const auto row = certificate_of(api, **order);
    if (!row) return answer_front(api, *exchange, row.error());
    answer_front(
        api, *exchange,
        net::Response{200, {{"content-type", "application/pem-certificate-chain"}}, row->chain});
}

void post_front_revocation(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto call = admit_front(api, *exchange, FrontSigner::Either);
    if (!call) return answer_front(api, *exchange, call.error());
    const auto wanted = read_revocation_request(*call);
    if (!wanted) return answer_front(api, *exchange, wanted.error());
    const auto server = server_to_revoke(api, *call, *wanted);
    if (!server)
        return answer_front(api, *exchange,
                            front_failure(api, exchange->call.request, server.error()));
    CertificateDesk* desk = api.context().certificates;
    if (desk == nullptr)
        return answer_front(api, *exchange,
                            Problem(ProblemType::Unavailable, "no CA is configured here"));
    const IpAddress& peer = exchange->call.request.peer;
    // Who signs with the certificate's key has no credential, and needs none.
    const zones::Actor actor = exchange->call.caller
                                   ? actor_of(*exchange->call.caller, peer, "acme")
                                   : zones::Actor{"certificate-key", to_hex(wanted->sha256),
                                                  peer.unmapped().text(), "acme"};
    desk->revoke(*server, wanted->sha256, wanted->reason, actor,
                 [back = api.way_back(), exchange](Result<void> done) {
                     back.post([exchange, done = std::move(done)](Api& home) {
                         if (done) return answer_front(home, *exchange, net::Response{200, {}, {}});
                         if (done.error().code == ErrorCode::Conflict)
                             return answer_front(
                                 home, *exchange,
                                 FrontProblem(FrontError::AlreadyRevoked, "it is revoked already"));
                         answer_front(home, *exchange, done.error());
                     });
                 });
}

void get_front_renewal_info(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto order =
        store::front_order_by_renewal_id(api.queries().database(), exchange->call.arguments[0]);
    if (!order) return answer_front(api, *exchange, order.error());
    const auto row = *order ? certificate_of(api, **order)
                            : Result<store::CertificateRow, FrontProblem>(fail(FrontProblem(
                                  FrontError::Malformed, 404, "there is no such certificate")));
    if (!row) return answer_front(api, *exchange, row.error());
    // It ends when we would have renewed it ourselves: a client that looks every few hours is in
    // time.
    JsonWriter json;
    json.begin_object().key("suggestedWindow").begin_object();
    json.member("start", row->renew_at - (row->not_after - row->not_before) / kWindowParts);
    json.member("end", row->renew_at);
    json.end_object().end_object();
    net::Response response = json_response(200, json);
    response.headers.push_back({"retry-after", std::to_string(kAskAgain.count())});
    answer_front(api, *exchange, std::move(response));
}

}  // namespace hairpin::admin
