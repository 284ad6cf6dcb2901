// acme/messages.hpp - the JSON of RFC 8555 as values, in and out.
//
// Reading is by tolerance: members we do not know, challenge types we do not know and challenges
// without a token (dns-persist-01 has none) are passed over; what we need must be there and have
// its type. Every text is bounded, every URL is https. Nothing here talks to anyone (client.hpp).
//
// Standards RFC 8555 sections 7.1.1 to 7.1.6 (objects), 6.7 (problem documents), RFC 7807;
//           RFC 3339 (times, by core/clock.hpp).
// Threads   Pure functions; nlohmann's JSON with exceptions off stays in messages.cpp.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"

namespace hairpin::acme {

inline constexpr std::size_t kMaxUrl = 2048;
inline constexpr std::size_t kMaxDetail = 500;  // Octets of a CA's words that we keep.
inline constexpr std::size_t kMaxAuthorizations = 100;
inline constexpr std::size_t kMaxProfiles = 50;
inline constexpr std::size_t kMaxCaaIdentities = 10;
inline constexpr std::size_t kMaxIssuerNames = 10;  // draft-ietf-acme-dns-persist section 3.

/// RFC 8555 section 7.1.1.
struct Directory {
    std::string new_nonce;
    std::string new_account;
    std::string new_order;
    std::string key_change;                   // Empty: not offered.
    std::string revoke_cert;                  // Empty: not offered.
    std::string renewal_info;                 // Empty: not offered (RFC 9773 section 4.1).
    std::string terms_of_service;             // Empty: none.
    std::vector<std::string> profiles;        // meta.profiles, names only.
    std::vector<std::string> caa_identities;  // meta.caaIdentities (RFC 8555 section 9.7.6).
    std::string account_hash_prefix;  // meta.accountHashPrefix (draft-ietf-acme-dns-persist-02).
    bool external_account_required = false;
};

/// RFC 8555 section 6.7.1.
struct Subproblem {
    std::string type;
    std::string detail;
    std::string name;  // The identifier it is about.
    friend bool operator==(const Subproblem&, const Subproblem&) = default;
};

/// A problem document (RFC 8555 section 6.7). Texts are printable and cut to kMaxDetail.
struct Problem {
    std::string type;  // "badNonce": without "urn:ietf:params:acme:error:"; any other type whole.
    std::string detail;
    std::string instance;  // A page for a person: `instance`, or a link in the detail; or empty.
    std::vector<Subproblem> subproblems;
    friend bool operator==(const Problem&, const Problem&) = default;
};

enum class OrderStatus : std::uint8_t { Pending, Ready, Processing, Valid, Invalid };

/// RFC 8555 section 7.1.3.
struct Order {
    OrderStatus status = OrderStatus::Pending;
    std::optional<WallTime> expires;
    std::vector<std::string> authorizations;
    std::string finalize;
    std::string certificate;  // There when Valid.
    std::optional<Problem> error;
};

enum class AuthorizationStatus : std::uint8_t {
    Pending,
    Valid,
    Invalid,
    Deactivated,
    Expired,
    Revoked,
};

enum class ChallengeStatus : std::uint8_t { Pending, Processing, Valid, Invalid };

/// A dns-01 challenge (RFC 8555 sections 7.1.5 and 8.4).
struct Challenge {
    ChallengeStatus status = ChallengeStatus::Pending;
    std::string url;
    std::string token;
    std::optional<Problem> error;
};

/// A dns-persist-01 challenge (draft-ietf-acme-dns-persist section 3).
struct PersistChallenge {
    ChallengeStatus status = ChallengeStatus::Pending;
    std::string url;
    std::vector<std::string> issuers;  // Names of the CA, one of which the record holds.
};

/// RFC 8555 section 7.1.4.
struct Authorization {
    AuthorizationStatus status = AuthorizationStatus::Pending;
    std::string name;  // The identifier's value, in lower case.
    std::optional<Challenge> dns01;
    std::optional<PersistChallenge> persist;
    std::optional<Problem> error;  // Of whichever challenge failed.

    /// Of the challenge with that URL; nullopt: there is none that we know.
    [[nodiscard]] std::optional<ChallengeStatus> status_of(std::string_view challenge_url) const {
        if (dns01 && dns01->url == challenge_url) return dns01->status;
        if (persist && persist->url == challenge_url) return persist->status;
        return std::nullopt;
    }
};

/// Errors of all readers: Protocol, naming the member that is missing or wrong.
[[nodiscard]] Result<Directory> read_directory(std::string_view json);
[[nodiscard]] Result<Order> read_order(std::string_view json);
[[nodiscard]] Result<Authorization> read_authorization(std::string_view json);
/// Whether an account object (RFC 8555 section 7.1.2) does not say that the account was deactivated
/// or revoked.
[[nodiscard]] bool is_valid_account(std::string_view json);
/// Empty where the text is not a problem document.
[[nodiscard]] std::optional<Problem> read_problem(std::string_view json);

/// How a request says who signs it (RFC 8555 section 6.2): with the key itself, or with the
/// account's URL.
struct Signer {
    std::string jwk;          // For newAccount; else empty.
    std::string account_url;  // Else.
};
[[nodiscard]] std::string protected_header(const Signer& signer, std::string_view nonce,
                                           std::string_view url);
/// What an order asks for besides names.
struct OrderWishes {
    std::string replaces;  // cert_id of the predecessor (RFC 9773 section 5); empty: none.
    std::string profile;   // Empty: the CA chooses.
};
[[nodiscard]] std::string new_order_payload(const std::vector<std::string>& names,
                                            const OrderWishes& wishes = {});
[[nodiscard]] std::string finalize_payload(OctetView csr_der);
[[nodiscard]] std::string deactivate_payload();
/// RFC 8555 section 7.6.
[[nodiscard]] std::string revoke_payload(OctetView certificate_der, int reason);

/// An https URL of printable ASCII, at most kMaxUrl octets.
[[nodiscard]] bool is_usable_url(std::string_view text) noexcept;
/// base64url characters only, 1..256 (RFC 8555 section 6.5.1: others MUST be refused).
[[nodiscard]] bool is_nonce(std::string_view text) noexcept;
/// A CA's words for a person: control characters and what is not ASCII as "?", at most `limit`.
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit = kMaxDetail);
/// Retry-After (RFC 9110 section 10.2.3): seconds, or an HTTP date in any of its three forms.
/// Never negative; nullopt where it is neither.
[[nodiscard]] std::optional<Milliseconds> read_retry_after(std::string_view text, WallTime now);

}  // namespace hairpin::acme
