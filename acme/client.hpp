// acme/client.hpp - RFC 8555 as its client sees it: signed requests, nonces, the directory.
//
// One Client speaks to one CA for one account. It signs, keeps nonces, repeats a request whose
// nonce was refused (with the nonce of that refusal, at most kMaxNonceRetries times), looks for
// moved URLs, and turns each answer into a message or a CaFailure. Whether and when to try again
// after a failure is the caller's (verdict.hpp, attempt.hpp).
//
// Standards RFC 8555 sections 6.2 to 6.7 and 7.1 to 7.5, RFC 9773 section 4.
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

#include "acme/account_messages.hpp"
#include "acme/breaker.hpp"
#include "acme/certificates.hpp"
#include "acme/jws.hpp"
#include "acme/messages.hpp"
#include "acme/poll_pace.hpp"
#include "acme/renewal_window.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "net/http_client.hpp"

namespace hairpin::acme {

inline constexpr int kMaxNonceRetries = 5;
inline constexpr std::size_t kMaxNonces = 64;          // Kept; a nonce is 20 minutes old at most.
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
    Milliseconds poll{2'000};                      // The longest first pause; see poll_pace.hpp.
    /// What became of each request; empty: nobody wants to know.
    std::function<void(const CaOutcome& outcome)> observe = {};
};

/// How fast a CA is.
struct CaPace {
    PollPace authorizing;  // From the last challenge told to the order ready.
    PollPace issuing;      // From the CSR sent to the certificate.
};

/// An order with the Retry-After that came with it.
struct SeenOrder {
    std::string url;  // Set by place_order().
    Order order;
    std::optional<Milliseconds> retry_after;
};

/// A certificate's chain as the CA prefers it, and where it has others.
struct Downloaded {
    std::string pem;
    std::vector<std::string> alternates;  // URLs (RFC 8555 section 7.4.2).
};

struct SeenSuggestion {
    RenewalSuggestion info;
    std::optional<Milliseconds> retry_after;
};

class Client {
public:
    template <typename T>
    using Then = std::function<void(CaResult<T>)>;

    /// All references outlive this.
    Client(net::Loop& loop, net::HttpClient& http, const Clock& clock, Counters& counters,
           ClientSettings settings);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// What requests are signed with from now on; an empty URL: only register_account() works.
    void use_account(SigningKey key, std::string account_url);
    [[nodiscard]] bool has_account() const noexcept;
    /// Whether nothing is in flight or waits to be sent.
    [[nodiscard]] bool is_idle() const noexcept;
    /// What its user learns about the CA.
    [[nodiscard]] CaPace& pace() noexcept { return pace_; }
    /// Empty: none.
    [[nodiscard]] const std::string& account_url() const noexcept;
    /// Null before the first request. What is in it may change with each request.
    [[nodiscard]] const Directory* directory() const noexcept;
    /// Reads it, if it is not there or old.
    void ensure_directory(Then<void> then);
    /// It is read again before the next request.
    void directory_is_old() noexcept;
    /// Asks for the directory and a nonce, whether or not they are needed: does the CA answer?
    /// ClientSettings::observe hears it.
    void probe();
    /// The thumbprint of the account's key, for dns01_value().
    [[nodiscard]] std::string thumbprint() const;

    /// newAccount: the account's URL, the same one when the key is registered already. Agrees to
    /// the terms of service: to do so is what configuring the CA means. Fails with the problem
    /// externalAccountRequired, without asking, where the CA's directory says so and `binding` is
    /// none.
    void register_account(const std::vector<std::string>& contacts, const AccountBinding& binding,
                          Then<std::string> then);
    /// The URL of the account that has `key`; accountDoesNotExist where there is none, unauthorized
    /// where it was deactivated or revoked. Makes none.
    void find_account(const SigningKey& key, Then<std::string> then);
    /// keyChange: the account has `new_key` from then on. use_account() is the caller's.
    void change_key(const SigningKey& new_key, Then<void> then);

    void place_order(const std::vector<std::string>& names, const OrderWishes& wishes,
                     Then<SeenOrder> then);
    void read_order(const std::string& url, Then<SeenOrder> then);
    void read_authorization(const std::string& url, Then<Authorization> then);
    /// Tells the CA that the TXT record is there.
    void answer_challenge(const std::string& url, Then<void> then);
    void deactivate_authorization(const std::string& url, Then<void> then);
    void finalize(const std::string& url, OctetView csr_der, Then<SeenOrder> then);
    void download(const std::string& url, Then<Downloaded> then);
    /// Not signed. Fails as Malformed, without asking, where the CA's directory has no renewalInfo.
    void read_renewal_info(const std::string& cert_id, Then<SeenSuggestion> then);

    /// revokeCert, in the name of the account that ordered it, or (`key`) of the certificate's own
    /// key. Fails as Malformed where the CA's directory has no such URL.
    void revoke(OctetView certificate_der, int reason, const std::optional<SigningKey>& key,
                Then<void> then);

private:
    class Exchanges;
    CaPace pace_;
    std::shared_ptr<Exchanges> exchanges_;
};

}  // namespace hairpin::acme
