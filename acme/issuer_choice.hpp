// acme/issuer_choice.hpp - at which of several CAs an order is placed, and why.
//
// The rule, for CAs in the order of the configuration: the first one, unless
//
//   - it is in trouble for this order: its breaker is not closed, or has not been closed again for
//     long (hysteresis: who moves back too soon moves twice); the order has failed there several
//     times; its limits do not let the order out for long; it has no account there; and
//   - the order cannot wait: there is no valid certificate and it has waited for some minutes, or
//     half of the time between renewal and expiry is gone.
//
// Then it is the next one that is not in trouble. Where all are, it is one at which nothing is
// wrong but that the order has failed there, or one that at least works, or the first stays. Whose
// certificate is replaced does not matter: what a later CA issued is renewed at the first one.
//
// Pure: the engine asks with the time that is, a simulation with the times that will be. What a
// breaker, a budget or an account is like is asked of them by whoever calls (engine.hpp).
//
// Threads   Pure functions.

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "acme/breaker.hpp"
#include "core/clock.hpp"

namespace hairpin::acme {

struct ChoiceRules {
    Milliseconds first_patience{5 * 60'000};   // So long a first issue waits for the first CA.
    Milliseconds steady{30 * 60'000};          // So long a breaker has been closed again to count.
    Milliseconds limit_patience{15 * 60'000};  // So long an urgent order waits for limits.
    int failures = 2;                          // Of this order at one CA, in a row.
    Milliseconds look_again{60'000};           // Where every CA is in trouble.
    Milliseconds order_patience{30 * 60'000};  // So long an order may stand still at a CA.
};

/// A CA as it is now for one order.
struct IssuerFacts {
    std::string_view name;
    Breaker::State breaker = Breaker::State::Closed;
    std::optional<Milliseconds> closed_for;  // As Breaker::closed_for().
    std::optional<WallTime> parked_until;    // Its limits hold this order so long; empty: not.
    int failures = 0;                        // Of this order there, in a row.
    bool has_account = true;
};

/// The order that is to be placed.
struct OrderFacts {
    WallTime wanted_since{};
    /// The valid certificate that it replaces; empty: there is none, or it was revoked.
    struct Valid {
        WallTime renew_at{};  // When its renewal is due by its lifetime alone.
        WallTime not_after{};
    };
    std::optional<Valid> valid;
};

struct IssuerChoice {
    std::size_t issuer = 0;
    std::string why;                        // One sentence, for a person.
    std::optional<WallTime> look_again_at;  // By then the choice may be another one.
    friend bool operator==(const IssuerChoice&, const IssuerChoice&) = default;
};

/// From when on the order cannot wait for a CA in trouble.
[[nodiscard]] WallTime urgent_from(const OrderFacts& order, const ChoiceRules& rules);
/// Why the CA does not get this order when it is urgent; empty: it is well.
[[nodiscard]] std::string trouble_of(const IssuerFacts& issuer, WallTime now,
                                     const ChoiceRules& rules);
/// When an order that failed at a CA is looked at again because another one may take it; empty:
/// when its pause is over.
/// @param choice  After the failure.
/// @param here    Where it failed.
/// @param pause   Of an order that failed so often: who goes round once more takes one.
[[nodiscard]] std::optional<WallTime> elsewhere_at(const IssuerChoice& choice, std::size_t here,
                                                   Milliseconds pause, WallTime now);
/// @param issuers  In the order of the configuration; at least one.
[[nodiscard]] IssuerChoice choose_issuer(std::span<const IssuerFacts> issuers,
                                         const OrderFacts& order, WallTime now,
                                         const ChoiceRules& rules = {});

}  // namespace hairpin::acme
