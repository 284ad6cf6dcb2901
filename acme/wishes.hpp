// acme/wishes.hpp - what is left out of an order that the CA refused for more than its names.
//
// An order may name its predecessor and a profile. A CA that does not take one of them refuses the
// whole order; a certificate without it is better than none, so the order is placed again, once,
// without it. Clients that insist have let certificates expire.
//
// Standards RFC 9773 section 5 (replaces, alreadyReplaced), draft-ietf-acme-profiles
//           (invalidProfile).
// Threads   Pure functions.

#pragma once

#include <optional>

#include "acme/attempt.hpp"
#include "acme/client.hpp"
#include "acme/messages.hpp"

namespace hairpin::acme {

/// Empty: the refusal is about something else, or nothing can be left out.
/// A CA is not held to one error type: 409, 403, 404 and "malformed" are all seen for a predecessor
/// (already replaced, another account's, unknown, other names), "malformed" and "unauthorized" for
/// a profile.
[[nodiscard]] std::optional<AskedForLess> less_after(const CaFailure& failure,
                                                     const OrderWishes& wishes);

}  // namespace hairpin::acme
