#include "acme/client.hpp"

#include <utility>

#include "acme/chain_choice.hpp"
#include "acme/exchanges.hpp"
#include "core/assert.hpp"

namespace hairpin::acme {
namespace {

ExchangeRef exchange_to(std::string url, std::string payload, Answered answered) {
    auto exchange = std::make_shared<Exchange>();
    exchange->url = std::move(url);
    exchange->payload = std::move(payload);
    exchange->answered = std::move(answered);
    return exchange;
}

CaResult<SeenOrder> seen_order(const CaResult<net::ClientResponse>& response, WallTime now) {
    if (!response) return fail(response.error());
    auto order = read_order(response->body);
    if (!order) return fail(malformed_answer(response->status, order.error().text()));
    return SeenOrder{"", std::move(*order), retry_after_of(*response, now)};
}

CaResult<void> nothing(const CaResult<net::ClientResponse>& response) {
    if (!response) return fail(response.error());
    return {};
}

/// What newAccount says, whether it made an account or found one.
Answered account_answered(Client::Then<std::string> then) {
    return [then = std::move(then)](const CaResult<net::ClientResponse>& response) {
        if (!response) return then(fail(response.error()));
        const auto where = response->header("location");
        if (!where || !is_usable_url(*where))
            return then(fail(malformed_answer(response->status, "newAccount gave no account URL")));
        if (!is_valid_account(response->body)) {
            CaFailure over{CaFailure::Kind::Refused, response->status, {}, {}, {}, true};
            over.problem.type = "unauthorized";
            over.problem.detail = "the account is not valid any more";
            return then(fail(std::move(over)));
        }
        then(std::string(*where));
    };
}

}  // namespace

Client::Client(net::Loop& loop, net::HttpClient& http, const Clock& clock, Counters& counters,
               ClientSettings settings)
    : pace_{PollPace(settings.poll), PollPace(settings.poll)},
      exchanges_(std::make_shared<Exchanges>(loop, http, clock, counters, std::move(settings))) {}
Client::~Client() = default;

void Client::use_account(SigningKey key, std::string account_url) {
    exchanges_->key_ = std::move(key);
    exchanges_->account_url_ = std::move(account_url);
}

bool Client::has_account() const noexcept {
    return exchanges_->key_.has_value() && !exchanges_->account_url_.empty();
}

bool Client::is_idle() const noexcept {
    return exchanges_->is_idle();
}

std::string Client::thumbprint() const {
    HAIRPIN_ASSERT(exchanges_->key_.has_value());
    return exchanges_->key_->thumbprint();
}

const std::string& Client::account_url() const noexcept {
    return exchanges_->account_url_;
}
const Directory* Client::directory() const noexcept {
    return exchanges_->directory();
}
void Client::ensure_directory(Then<void> then) {
    exchanges_->with_directory([then = std::move(then)](const CaFailure* failure) {
        then(failure == nullptr ? CaResult<void>() : CaResult<void>(fail(*failure)));
    });
}
void Client::directory_is_old() noexcept {
    exchanges_->directory_is_old();
}

void Client::probe() {
    exchanges_->probe();
}

void Client::register_account(const std::vector<std::string>& contacts,
                              const AccountBinding& binding, Then<std::string> then) {
    auto exchange = exchange_to("", "", account_answered(std::move(then)));
    exchange->endpoint = &Directory::new_account;
    exchange->sign_with = SignWith::Key;
    exchange->make_payload = [contacts, binding, key = *exchanges_->key_](const std::string& url) {
        return new_account_payload(contacts, binding, key, url);
    };
    exchanges_->with_directory([exchanges = exchanges_.get(), exchange,
                                is_bound = !binding.kid.empty()](const CaFailure* failure) {
        if (failure != nullptr) return exchange->answered(fail(*failure));
        if (exchanges->directory()->external_account_required && !is_bound) {
            CaFailure required{CaFailure::Kind::Refused, 403, {}, {}, {}, false};
            required.problem.type = "externalAccountRequired";
            return exchange->answered(fail(std::move(required)));
        }
        exchanges->start(exchange);
    });
}

void Client::find_account(const SigningKey& key, Then<std::string> then) {
    auto exchange = exchange_to("", find_account_payload(), account_answered(std::move(then)));
    exchange->endpoint = &Directory::new_account;
    exchange->sign_with = SignWith::Key;
    exchange->key = key;
    exchanges_->start(exchange);
}

void Client::change_key(const SigningKey& new_key, Then<void> then) {
    auto exchange = exchange_to(
        "", "", [then](const CaResult<net::ClientResponse>& response) { then(nothing(response)); });
    exchange->endpoint = &Directory::key_change;
    exchange->make_payload = [new_key, old_key = *exchanges_->key_,
                              account = exchanges_->account_url_](const std::string& url) {
        return key_change_payload(new_key, old_key, account, url);
    };
    exchanges_->start(exchange);
}

void Client::place_order(const std::vector<std::string>& names, const OrderWishes& wishes,
                         Then<SeenOrder> then) {
    auto exchange = exchange_to(
        "", new_order_payload(names, wishes),
        [exchanges = exchanges_.get(), then](CaResult<net::ClientResponse> response) {
            auto order = seen_order(response, exchanges->now());
            if (!order) return then(std::move(order));
            const auto where = response->header("location");
            if (!where || !is_usable_url(*where))
                return then(fail(malformed_answer(response->status, "newOrder gave no order URL")));
            order->url = *where;
            then(std::move(order));
        });
    exchange->endpoint = &Directory::new_order;
    exchanges_->start_in_turn(std::move(exchange));
}

void Client::read_order(const std::string& url, Then<SeenOrder> then) {
    exchanges_->start(exchange_to(
        url, "", [exchanges = exchanges_.get(), then](CaResult<net::ClientResponse> response) {
            then(seen_order(response, exchanges->now()));
        }));
}

void Client::read_authorization(const std::string& url, Then<Authorization> then) {
    exchanges_->start(exchange_to(url, "", [then](CaResult<net::ClientResponse> response) {
        if (!response) return then(fail(response.error()));
        auto authorization = acme::read_authorization(response->body);
        if (!authorization)
            return then(fail(malformed_answer(response->status, authorization.error().text())));
        then(std::move(*authorization));
    }));
}

void Client::answer_challenge(const std::string& url, Then<void> then) {
    // RFC 8555 section 7.5.1: the empty JSON object, "{}", and not the empty payload.
    exchanges_->start(exchange_to(
        url, "{}", [then](CaResult<net::ClientResponse> response) { then(nothing(response)); }));
}

void Client::deactivate_authorization(const std::string& url, Then<void> then) {
    exchanges_->start(
        exchange_to(url, deactivate_payload(),
                    [then](CaResult<net::ClientResponse> response) { then(nothing(response)); }));
}

void Client::finalize(const std::string& url, OctetView csr_der, Then<SeenOrder> then) {
    exchanges_->start(
        exchange_to(url, finalize_payload(csr_der),
                    [exchanges = exchanges_.get(), then](CaResult<net::ClientResponse> response) {
                        then(seen_order(response, exchanges->now()));
                    }));
}

void Client::download(const std::string& url, Then<Downloaded> then) {
    auto exchange = exchange_to(url, "", [then](CaResult<net::ClientResponse> response) {
        if (!response) return then(fail(response.error()));
        auto alternates = alternate_links(response->headers);
        then(Downloaded{std::move(response->body), std::move(alternates)});
    });
    exchange->accept = "application/pem-certificate-chain";
    exchanges_->start(exchange);
}

void Client::revoke(OctetView certificate_der, int reason, const std::optional<SigningKey>& key,
                    Then<void> then) {
    auto exchange =
        exchange_to("", revoke_payload(certificate_der, reason),
                    [then](CaResult<net::ClientResponse> response) { then(nothing(response)); });
    exchange->endpoint = &Directory::revoke_cert;
    exchange->key = key;
    if (key) exchange->sign_with = SignWith::Key;
    exchanges_->with_directory([exchanges = exchanges_.get(), exchange](const CaFailure* failure) {
        if (failure != nullptr) return exchange->answered(fail(*failure));
        if (exchanges->directory()->revoke_cert.empty())
            return exchange->answered(
                fail(malformed_answer(200, "the CA's directory has no revokeCert")));
        exchanges->start(exchange);
    });
}

void Client::read_renewal_info(const std::string& cert_id, Then<SeenSuggestion> then) {
    auto exchange = exchange_to(
        "", "", [exchanges = exchanges_.get(), then](CaResult<net::ClientResponse> response) {
            if (!response) return then(fail(response.error()));
            auto info = acme::read_renewal_info(response->body);
            if (!info) return then(fail(malformed_answer(response->status, info.error().text())));
            then(SeenSuggestion{std::move(*info), retry_after_of(*response, exchanges->now())});
        });
    exchange->endpoint = &Directory::renewal_info;
    exchange->suffix = "/" + cert_id;
    exchange->is_get = true;
    exchanges_->start(exchange);
}

}  // namespace hairpin::acme
