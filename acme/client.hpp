// acme/client.hpp - RFC 8555 as its client sees it: signed requests, nonces, the directory.
//
// One Client speaks to one CA for one account. It signs, keeps nonces, repeats a request whose
// nonce was refused (with the nonce of that refusal, at most kMaxNonceRetries times), looks for
// moved URLs, and turns each answer into a message or a CaFailure. Whether and when to try again
// after a failure is the caller's (verdict.hpp, attempt.hpp).
//
// Standards RFC 8555 sections 6.2 to 6.7 and 7.1 to 7.5.
// Threads   The loop's thread. Callbacks come on the loop, never inside the call (but for what
//           register_account() knows without asking); when the Client is gone they are dropped.

#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acme/certificates.hpp"
#include "acme/jws.hpp"
#include "acme/messages.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "net/http_client.hpp"

namespace hairpin::acme {

inline constexpr int kMaxNonceRetries = 5;
inline constexpr std::size_t kMaxNonces = 8;           // Kept; a nonce is 20 minutes old at most.
inline constexpr std::size_t kMaxAnswer = 256 * 1024;  // Octets of an answer's body.

/// Why the CA did not do what it was asked.
struct CaFailure {
    enum class Kind : std::uint8_t {
        Unreachable,  // No answer at all: network, TLS, time.
        Refused,      // A status of 400 or more, usually with a problem document.
        Malformed,    // An answer that is not what RFC 8555 says.
    };
    Kind kind = Kind::Unreachable;
    int status = 0;     // Of HTTP; 0: no answer.
    Problem problem;    // Empty type: no problem document (a load balancer's 503).
    std::string cause;  // For Unreachable and Malformed: in words.
    std::optional<Milliseconds> retry_after;
    /// Whether the request itself may have reached the CA: not where it had no directory or nonce.
    bool may_have_arrived = true;
};

template <typename T>
using CaResult = Result<T, CaFailure>;

struct ClientSettings {
    std::string directory;
    Milliseconds directory_age{24 * 3600 * 1000};  // Then it is read again.
};

/// An order with the Retry-After that came with it.
struct SeenOrder {
    std::string url;  // Set by place_order().
    Order order;
    std::optional<Milliseconds> retry_after;
};

class Client {
public:
    template <typename T>
    using Then = std::function<void(CaResult<T>)>;

    /// All references outlive this.
    Client(net::HttpClient& http, const Clock& clock, Counters& counters, ClientSettings settings);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// What requests are signed with from now on; an empty URL: only register_account() works.
    void use_account(SigningKey key, std::string account_url);
    [[nodiscard]] bool has_account() const noexcept;
    /// The thumbprint of the account's key, for dns01_value().
    [[nodiscard]] std::string thumbprint() const;

    /// newAccount: the account's URL, the same one when the key is registered already. Agrees to
    /// the terms of service: to do so is what configuring the CA means. Fails with the problem
    /// externalAccountRequired, without asking, where the CA's directory says so.
    void register_account(const std::vector<std::string>& contacts, Then<std::string> then);

    void place_order(const std::vector<std::string>& names, Then<SeenOrder> then);
    void read_order(const std::string& url, Then<SeenOrder> then);
    void read_authorization(const std::string& url, Then<Authorization> then);
    /// Tells the CA that the TXT record is there.
    void answer_challenge(const std::string& url, Then<void> then);
    void deactivate_authorization(const std::string& url, Then<void> then);
    void finalize(const std::string& url, OctetView csr_der, Then<SeenOrder> then);
    /// The PEM chain.
    void download(const std::string& url, Then<std::string> then);

private:
    class Exchanges;
    std::shared_ptr<Exchanges> exchanges_;
};

}  // namespace hairpin::acme
