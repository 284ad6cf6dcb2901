#include "acme/client.hpp"

#include <utility>

#include "core/assert.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kNonceAge{20 * 60 * 1000};

/// A URL that is given, or one that the directory has.
using DirectoryUrl = std::string Directory::*;

enum class SignWith : std::uint8_t { Account, Key };

using Answered = std::function<void(CaResult<net::ClientResponse>)>;

/// One POST until it is answered for good.
struct Exchange {
    DirectoryUrl endpoint = nullptr;  // Else `url` is given.
    std::string url;
    std::string payload;
    std::string accept = "application/json";
    SignWith sign_with = SignWith::Account;
    int nonce_retries = 0;
    bool directory_was_renewed = false;
    Answered answered;
};
using ExchangeRef = std::shared_ptr<Exchange>;

CaFailure unreachable(const Error& error) {
    // A larger answer than we take is the CA's fault, not the network's.
    if (error.code == ErrorCode::Limit)
        return {CaFailure::Kind::Malformed, 0, {}, "its answer is too large", {}, true};
    return {CaFailure::Kind::Unreachable, 0, {}, printable(error.text()), {}, true};
}

CaFailure malformed(int status, std::string cause) {
    return {CaFailure::Kind::Malformed, status, {}, std::move(cause), {}, true};
}

std::optional<Milliseconds> retry_after(const net::ClientResponse& response, WallTime now) {
    const auto value = response.header("retry-after");
    return value ? read_retry_after(*value, now) : std::nullopt;
}

CaFailure refused(const net::ClientResponse& response, WallTime now) {
    CaFailure failure{CaFailure::Kind::Refused, response.status, {}, {}, {}, true};
    failure.problem = read_problem(response.body).value_or(Problem());
    failure.retry_after = retry_after(response, now);
    return failure;
}

/// The request itself was not sent.
CaFailure before_sending(CaFailure failure) {
    failure.may_have_arrived = false;
    return failure;
}

}  // namespace

class Client::Exchanges : public std::enable_shared_from_this<Client::Exchanges> {
public:
    Exchanges(net::HttpClient& http, const Clock& clock, Counters& counters,
              ClientSettings settings)
        : http_(http), clock_(clock), counters_(counters), settings_(std::move(settings)) {}

    void start(ExchangeRef exchange) {
        with_directory([this, exchange](const CaFailure* failure) {
            if (failure != nullptr) return exchange->answered(fail(before_sending(*failure)));
            if (exchange->endpoint != nullptr) exchange->url = (*directory_).*(exchange->endpoint);
            with_nonce(exchange);
        });
    }

    [[nodiscard]] const Directory& directory() const { return *directory_; }
    [[nodiscard]] WallTime now() const { return clock_.now(); }

    /// Calls back with null when the directory is there and young enough.
    void with_directory(std::function<void(const CaFailure*)> then) {
        if (directory_ && !directory_moved_ &&
            clock_.monotonic() - directory_read_ < settings_.directory_age)
            return then(nullptr);
        waiting_.push_back(std::move(then));
        if (waiting_.size() > 1) return;  // It is being read.
        net::ClientRequest request;
        request.url = settings_.directory;
        send(std::move(request), [this](Result<net::ClientResponse> response) {
            const std::optional<CaFailure> failure = take_directory(response);
            for (auto& each : std::exchange(waiting_, {}))
                each(failure ? &*failure : nullptr);
        });
    }

    std::optional<SigningKey> key_;
    std::string account_url_;

private:
    /// HTTP with our counters; the callback is dropped when we are gone.
    void send(net::ClientRequest request,
              std::function<void(Result<net::ClientResponse>)> answered) {
        counters_.requests.fetch_add(1, std::memory_order_relaxed);
        http_.request(std::move(request), [weak = weak_from_this(), answered = std::move(answered)](
                                              Result<net::ClientResponse> response) {
            if (const auto alive = weak.lock()) answered(std::move(response));
        });
    }

    std::optional<CaFailure> take_directory(const Result<net::ClientResponse>& response) {
        std::optional<CaFailure> failure;
        if (!response) {
            failure = unreachable(response.error());
        } else if (response->status >= 400) {
            failure = refused(*response, now());
        } else if (auto directory = read_directory(response->body)) {
            directory_ = std::move(*directory);
            directory_read_ = clock_.monotonic();
            directory_moved_ = false;
            return std::nullopt;
        } else {
            failure = malformed(response->status, directory.error().text());
        }
        // An old directory is better than none while the CA does not give a new one.
        if (directory_) return std::nullopt;
        return failure;
    }

    void with_nonce(const ExchangeRef& exchange) {
        while (!nonces_.empty()) {
            const Nonce nonce = std::move(nonces_.back());
            nonces_.pop_back();
            if (clock_.monotonic() - nonce.at < kNonceAge) return post(exchange, nonce.text);
        }
        net::ClientRequest request;  // RFC 8555 section 7.2.
        request.method = "HEAD";
        request.url = directory_->new_nonce;
        send(std::move(request), [this, exchange](Result<net::ClientResponse> response) {
            if (!response)
                return exchange->answered(fail(before_sending(unreachable(response.error()))));
            if (response->status >= 400)
                return exchange->answered(fail(before_sending(refused(*response, now()))));
            const auto nonce = response->header("replay-nonce");
            if (!nonce || !is_nonce(*nonce))
                return exchange->answered(fail(before_sending(
                    malformed(response->status, "newNonce gave no usable Replay-Nonce"))));
            post(exchange, std::string(*nonce));
        });
    }

    void post(const ExchangeRef& exchange, const std::string& nonce) {
        HAIRPIN_ASSERT(key_.has_value());
        Signer signer;
        if (exchange->sign_with == SignWith::Key) {
            signer.jwk = key_->jwk();
        } else {
            signer.account_url = account_url_;
        }
        net::ClientRequest request;
        request.method = "POST";
        request.url = exchange->url;
        request.headers = {{"content-type", "application/jose+json"}, {"accept", exchange->accept}};
        request.body =
            sign_jws(*key_, protected_header(signer, nonce, exchange->url), exchange->payload);
        send(std::move(request), [this, exchange](Result<net::ClientResponse> response) {
            if (!response) return exchange->answered(fail(unreachable(response.error())));
            take(exchange, std::move(*response));
        });
    }

    void take(const ExchangeRef& exchange, net::ClientResponse response) {
        const auto header = response.header("replay-nonce");
        std::string nonce(header && is_nonce(*header) ? *header : std::string_view());
        if (response.status < 400) {
            keep_nonce(std::move(nonce));
            return exchange->answered(std::move(response));
        }
        CaFailure failure = refused(response, now());
        // RFC 8555 section 6.5: "An error response with the "badNonce" error type MUST include a
        // Replay-Nonce header field with a fresh nonce that the server will accept in a retry".
        if (failure.problem.type == "badNonce" && exchange->nonce_retries < kMaxNonceRetries) {
            ++exchange->nonce_retries;
            counters_.nonces_rejected.fetch_add(1, std::memory_order_relaxed);
            nonces_.clear();  // What was given together with the refused one is of no use either.
            return nonce.empty() ? start(exchange) : post(exchange, nonce);
        }
        keep_nonce(std::move(nonce));
        // URLs of the directory move (a CA's maintenance): look once whether this one has.
        if (response.status == 404 && exchange->endpoint != nullptr &&
            !exchange->directory_was_renewed) {
            exchange->directory_was_renewed = true;
            directory_moved_ = true;
            return start(exchange);
        }
        exchange->answered(fail(std::move(failure)));
    }

    void keep_nonce(std::string nonce) {
        if (nonce.empty()) return;
        nonces_.push_back({std::move(nonce), clock_.monotonic()});
        if (nonces_.size() > kMaxNonces) nonces_.pop_front();
    }

    struct Nonce {
        std::string text;
        MonotonicTime at;
    };

    net::HttpClient& http_;
    const Clock& clock_;
    Counters& counters_;
    const ClientSettings settings_;
    std::optional<Directory> directory_;  // Once there, it stays until there is another.
    bool directory_moved_ = false;        // A URL of it was not found: to be read again.
    MonotonicTime directory_read_{};
    std::vector<std::function<void(const CaFailure*)>> waiting_;
    std::deque<Nonce> nonces_;
};

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
    if (!order) return fail(malformed(response->status, order.error().text()));
    return SeenOrder{"", std::move(*order), retry_after(*response, now)};
}

CaResult<void> nothing(const CaResult<net::ClientResponse>& response) {
    if (!response) return fail(response.error());
    return {};
}

}  // namespace

Client::Client(net::HttpClient& http, const Clock& clock, Counters& counters,
               ClientSettings settings)
    : exchanges_(std::make_shared<Exchanges>(http, clock, counters, std::move(settings))) {}
Client::~Client() = default;

void Client::use_account(SigningKey key, std::string account_url) {
    exchanges_->key_ = std::move(key);
    exchanges_->account_url_ = std::move(account_url);
}

bool Client::has_account() const noexcept {
    return exchanges_->key_.has_value() && !exchanges_->account_url_.empty();
}

std::string Client::thumbprint() const {
    HAIRPIN_ASSERT(exchanges_->key_.has_value());
    return exchanges_->key_->thumbprint();
}

void Client::register_account(const std::vector<std::string>& contacts, Then<std::string> then) {
    auto exchange = exchange_to(
        "", new_account_payload(contacts), [then](CaResult<net::ClientResponse> response) {
            if (!response) return then(fail(response.error()));
            const auto where = response->header("location");
            if (!where || !is_usable_url(*where))
                return then(fail(malformed(response->status, "newAccount gave no account URL")));
            then(std::string(*where));
        });
    exchange->endpoint = &Directory::new_account;
    exchange->sign_with = SignWith::Key;
    exchanges_->with_directory([exchanges = exchanges_.get(), exchange](const CaFailure* failure) {
        if (failure != nullptr) return exchange->answered(fail(*failure));
        if (exchanges->directory().external_account_required) {
            CaFailure required{CaFailure::Kind::Refused, 403, {}, {}, {}, false};
            required.problem.type = "externalAccountRequired";
            return exchange->answered(fail(std::move(required)));
        }
        exchanges->start(exchange);
    });
}

void Client::place_order(const std::vector<std::string>& names, Then<SeenOrder> then) {
    auto exchange = exchange_to(
        "", new_order_payload(names),
        [exchanges = exchanges_.get(), then](CaResult<net::ClientResponse> response) {
            auto order = seen_order(response, exchanges->now());
            if (!order) return then(std::move(order));
            const auto where = response->header("location");
            if (!where || !is_usable_url(*where))
                return then(fail(malformed(response->status, "newOrder gave no order URL")));
            order->url = *where;
            then(std::move(order));
        });
    exchange->endpoint = &Directory::new_order;
    exchanges_->start(exchange);
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
            return then(fail(malformed(response->status, authorization.error().text())));
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

void Client::download(const std::string& url, Then<std::string> then) {
    auto exchange = exchange_to(url, "", [then](CaResult<net::ClientResponse> response) {
        if (!response) return then(fail(response.error()));
        then(std::move(response->body));
    });
    exchange->accept = "application/pem-certificate-chain";
    exchanges_->start(exchange);
}

}  // namespace hairpin::acme
