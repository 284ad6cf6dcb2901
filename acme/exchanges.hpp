// acme/exchanges.hpp - one signed request at a time, until the CA has answered it for good.
//
// The transport of client.hpp: the directory and when to read it again, the pool of nonces, refused
// nonces, moved URLs. What is asked and what an answer means is client.cpp's. Inside of acme/ only.
//
// Standards RFC 8555 sections 6.2 to 6.6, 7.1.1 and 7.2.
// Threads   The loop's thread.

#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "acme/client.hpp"
#include "acme/jws.hpp"
#include "acme/messages.hpp"
#include "core/clock.hpp"
#include "net/http_client.hpp"
#include "net/loop.hpp"

namespace hairpin::acme {

/// A URL that the directory has.
using DirectoryUrl = std::string Directory::*;

/// By the account's URL, or by the key itself.
enum class SignWith : std::uint8_t { Account, Key };

using Answered = std::function<void(CaResult<net::ClientResponse>)>;

/// One request until it is answered for good.
struct Exchange {
    DirectoryUrl endpoint = nullptr;  // Else `url` is given.
    std::string url;
    std::string suffix;  // Behind the endpoint's URL.
    std::string payload;
    /// Instead of `payload`: made when the URL is known.
    std::function<std::string(const std::string& url)> make_payload;
    std::string accept = "application/json";
    SignWith sign_with = SignWith::Account;
    std::optional<SigningKey> key;  // Instead of the account's.
    bool is_get = false;            // Not signed at all.
    int nonce_retries = 0;
    bool directory_was_renewed = false;
    Answered answered;
};
using ExchangeRef = std::shared_ptr<Exchange>;

[[nodiscard]] CaFailure malformed_answer(int status, std::string cause);
/// Retry-After, if it is there and makes sense.
[[nodiscard]] std::optional<Milliseconds> retry_after_of(const net::ClientResponse& response,
                                                         WallTime now);

class Client::Exchanges : public std::enable_shared_from_this<Client::Exchanges> {
public:
    Exchanges(net::Loop& loop, net::HttpClient& http, const Clock& clock, Counters& counters,
              ClientSettings settings);

    void start(ExchangeRef exchange);
    /// For newOrder: the next one leaves when the one before was answered. A slow one is not waited
    /// for longer than a second. A CA looks for what it has of the account meanwhile; bursts are
    /// what it sheds, and Debian's pebble stands still for good where two of them meet.
    void start_in_turn(ExchangeRef exchange);
    /// Calls back with null when the directory is there and young enough.
    void with_directory(std::function<void(const CaFailure*)> then);
    /// Null before it was read for the first time.
    [[nodiscard]] const Directory* directory() const noexcept {
        return directory_ ? &*directory_ : nullptr;
    }
    [[nodiscard]] WallTime now() const { return clock_.now(); }
    [[nodiscard]] bool is_idle() const noexcept { return http_.pending() == 0; }
    /// It is read before the next request.
    void directory_is_old() noexcept { directory_moved_ = true; }
    void probe();

    std::optional<SigningKey> key_;
    std::string account_url_;

private:
    struct Nonce {
        std::string text;
        MonotonicTime at;
    };

    void send(net::ClientRequest request,
              std::function<void(Result<net::ClientResponse>)> answered);
    void observe(const Result<net::ClientResponse>& response, MonotonicTime sent_at) const;
    [[nodiscard]] std::optional<CaFailure> take_directory(
        const Result<net::ClientResponse>& response);
    void get(const ExchangeRef& exchange);
    void with_nonce(const ExchangeRef& exchange);
    void post(const ExchangeRef& exchange, const std::string& nonce);
    void take(const ExchangeRef& exchange, net::ClientResponse response);
    void take_turns();
    void keep_nonce(std::string nonce);

    net::Loop& loop_;
    net::HttpClient& http_;
    const Clock& clock_;
    Counters& counters_;
    const ClientSettings settings_;
    std::optional<Directory> directory_;  // Once there, it stays until there is another.
    bool directory_moved_ = false;        // A URL of it was not found: to be read again.
    MonotonicTime directory_read_{};
    std::vector<std::function<void(const CaFailure*)>> waiting_;
    std::deque<Nonce> nonces_;
    std::deque<ExchangeRef> queue_;  // Of those that start in turn.
    int in_turn_ = 0;                // Of them, not answered yet.
    MonotonicTime turn_began_{};     // The last one's.
    net::Timer turn_timer_;          // Empty before one had to wait.
};

}  // namespace hairpin::acme
