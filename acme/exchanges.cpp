#include "acme/exchanges.hpp"

#include <algorithm>
#include <utility>

#include "core/assert.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kNonceAge{20 * 60 * 1000};
constexpr Milliseconds kLongestTurn{1'000};

CaFailure unreachable(const Error& error) {
    // A larger answer than we take is the CA's fault, not the network's.
    if (error.code == ErrorCode::Limit)
        return {CaFailure::Kind::Malformed, 0, {}, "its answer is too large", {}, true};
    return {CaFailure::Kind::Unreachable, 0, {}, printable(error.text()), {}, true};
}

/// The request itself was not sent.
CaFailure before_sending(CaFailure failure) {
    failure.may_have_arrived = false;
    return failure;
}

CaFailure refused(const net::ClientResponse& response, WallTime now) {
    CaFailure failure{CaFailure::Kind::Refused, response.status, {}, {}, {}, true};
    failure.problem = read_problem(response.body).value_or(Problem());
    failure.retry_after = retry_after_of(response, now);
    return failure;
}

}  // namespace

CaFailure malformed_answer(int status, std::string cause) {
    return {CaFailure::Kind::Malformed, status, {}, std::move(cause), {}, true};
}

std::optional<Milliseconds> retry_after_of(const net::ClientResponse& response, WallTime now) {
    const auto value = response.header("retry-after");
    return value ? read_retry_after(*value, now) : std::nullopt;
}

Client::Exchanges::Exchanges(net::Loop& loop, net::HttpClient& http, const Clock& clock,
                             Counters& counters, ClientSettings settings)
    : loop_(loop),
      http_(http),
      clock_(clock),
      counters_(counters),
      settings_(std::move(settings)) {}

void Client::Exchanges::start(ExchangeRef exchange) {
    with_directory([this, exchange](const CaFailure* failure) {
        if (failure != nullptr) return exchange->answered(fail(before_sending(*failure)));
        if (exchange->endpoint != nullptr) {
            exchange->url = (*directory_).*(exchange->endpoint);
            if (exchange->url.empty())
                return exchange->answered(fail(before_sending(
                    malformed_answer(0, "its directory does not have what is asked for"))));
            exchange->url += exchange->suffix;
        }
        if (exchange->is_get) return get(exchange);
        if (exchange->make_payload) exchange->payload = exchange->make_payload(exchange->url);
        with_nonce(exchange);
    });
}

void Client::Exchanges::start_in_turn(ExchangeRef exchange) {
    exchange->answered = [weak = weak_from_this(), then = std::move(exchange->answered)](
                             CaResult<net::ClientResponse> response) {
        if (const auto alive = weak.lock()) {
            --alive->in_turn_;
            alive->take_turns();
        }
        then(std::move(response));
    };
    queue_.push_back(std::move(exchange));
    take_turns();
}

void Client::Exchanges::take_turns() {
    while (!queue_.empty() && (in_turn_ == 0 || clock_.monotonic() - turn_began_ >= kLongestTurn)) {
        const ExchangeRef next = std::move(queue_.front());
        queue_.pop_front();
        ++in_turn_;
        turn_began_ = clock_.monotonic();
        start(next);
    }
    if (queue_.empty()) return;
    const auto left =
        std::chrono::ceil<Milliseconds>(turn_began_ + kLongestTurn - clock_.monotonic());
    if (turn_timer_) return turn_timer_.again(std::max(left, Milliseconds(1)));
    turn_timer_ = loop_.add_timer(left, Milliseconds(0), [this] { take_turns(); });
}

void Client::Exchanges::with_directory(std::function<void(const CaFailure*)> then) {
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

/// HTTP with our counters; the callback is dropped when we are gone.
void Client::Exchanges::send(net::ClientRequest request,
                             std::function<void(Result<net::ClientResponse>)> answered) {
    counters_.requests.fetch_add(1, std::memory_order_relaxed);
    http_.request(std::move(request),
                  [weak = weak_from_this(), answered = std::move(answered),
                   sent_at = clock_.monotonic()](Result<net::ClientResponse> response) {
                      const auto alive = weak.lock();
                      if (!alive) return;
                      alive->observe(response, sent_at);
                      answered(std::move(response));
                  });
}

void Client::Exchanges::observe(const Result<net::ClientResponse>& response,
                                MonotonicTime sent_at) const {
    if (!settings_.observe) return;
    CaOutcome outcome{clock_.monotonic() - sent_at, {}};
    if (!response) {
        outcome.failure = "the CA is not reached: " + printable(response.error().text());
    } else if (response->status >= 500) {
        outcome.failure = "HTTP status " + std::to_string(response->status);
    }
    settings_.observe(outcome);
}

void Client::Exchanges::probe() {
    directory_is_old();
    with_directory([this](const CaFailure* failure) {
        if (failure != nullptr) return;
        net::ClientRequest request;
        request.method = "HEAD";
        request.url = directory_->new_nonce;
        send(std::move(request), [this](const Result<net::ClientResponse>& response) {
            const auto nonce = response ? response->header("replay-nonce") : std::nullopt;
            if (nonce && is_nonce(*nonce)) keep_nonce(std::string(*nonce));
        });
    });
}

std::optional<CaFailure> Client::Exchanges::take_directory(
    const Result<net::ClientResponse>& response) {
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
        failure = malformed_answer(response->status, directory.error().text());
    }
    // An old directory is better than none while the CA does not give a new one.
    if (directory_) return std::nullopt;
    return failure;
}

void Client::Exchanges::get(const ExchangeRef& exchange) {
    net::ClientRequest request;
    request.url = exchange->url;
    request.headers = {{"accept", exchange->accept}};
    send(std::move(request), [this, exchange](Result<net::ClientResponse> response) {
        if (!response) return exchange->answered(fail(unreachable(response.error())));
        take(exchange, std::move(*response));
    });
}

void Client::Exchanges::with_nonce(const ExchangeRef& exchange) {
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
                malformed_answer(response->status, "newNonce gave no usable Replay-Nonce"))));
        post(exchange, std::string(*nonce));
    });
}

void Client::Exchanges::post(const ExchangeRef& exchange, const std::string& nonce) {
    const std::optional<SigningKey>& key = exchange->key ? exchange->key : key_;
    HAIRPIN_ASSERT(key.has_value());
    Signer signer;
    if (exchange->sign_with == SignWith::Key) {
        signer.jwk = key->jwk();
    } else {
        signer.account_url = account_url_;
    }
    net::ClientRequest request;
    request.method = "POST";
    request.url = exchange->url;
    request.headers = {{"content-type", "application/jose+json"}, {"accept", exchange->accept}};
    request.body =
        sign_jws(*key, protected_header(signer, nonce, exchange->url), exchange->payload);
    send(std::move(request), [this, exchange](Result<net::ClientResponse> response) {
        if (!response) return exchange->answered(fail(unreachable(response.error())));
        take(exchange, std::move(*response));
    });
}

void Client::Exchanges::take(const ExchangeRef& exchange, net::ClientResponse response) {
    const auto header = response.header("replay-nonce");
    std::string nonce(header && is_nonce(*header) ? *header : std::string_view());
    if (response.status < 400) {
        keep_nonce(std::move(nonce));
        return exchange->answered(std::move(response));
    }
    CaFailure failure = refused(response, now());
    // RFC 8555 section 6.5: "An error response with the "badNonce" error type MUST include a
    // Replay-Nonce header field with a fresh nonce that the server will accept in a retry".
    if (failure.problem.type == "badNonce" && exchange->nonce_retries < kMaxNonceRetries &&
        !exchange->is_get) {
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

void Client::Exchanges::keep_nonce(std::string nonce) {
    if (nonce.empty()) return;
    nonces_.push_back({std::move(nonce), clock_.monotonic()});
    if (nonces_.size() > kMaxNonces) nonces_.pop_front();
}

}  // namespace hairpin::acme
