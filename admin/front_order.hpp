// admin/front_order.hpp - when an order of the ACME front is done: its one rule, apart from HTTP.
//
//   ready --finalize--> processing --certificate for its key--> valid
//     |                      |
//     +--- expired ----------+--- the attempt failed, or another key came between ---> invalid
//
// An order is born ready: its authorizations are valid from the start, because the external account
// binding and the licence are the proof. What is behind "processing" is acme/'s attempt for the
// server; it lives without the order, and the order only looks on.
//
// Standards RFC 8555 sections 7.1.3 and 7.1.6.
// Threads   Pure.

#pragma once

#include <optional>
#include <string>

#include "acme/certificates.hpp"
#include "core/clock.hpp"
#include "store/front_rows.hpp"

namespace hairpin::admin {

/// So long an order may be finalized, and fetched.
inline constexpr Milliseconds kFrontOrderLife{7LL * 24 * 3600 * 1000};

/// Where the state that an order is judged by comes from.
enum class StateSource : std::uint8_t {
    Stored,   // Read now.
    Request,  // The answer to this order's own request: a certificate without an attempt is meant.
};

struct FrontJudgement {
    store::FrontOrderRow order;  // As it is now.
    bool has_changed = false;    // To be stored.
    /// Nobody works on it: a process ended between the order's commit and the request's.
    bool is_orphan = false;
};

[[nodiscard]] FrontJudgement judge_order(store::FrontOrderRow order,
                                         const acme::CertificateState& state, StateSource source,
                                         WallTime now);

/// The order when another request has taken its place: invalid.
[[nodiscard]] FrontJudgement superseded(store::FrontOrderRow order);

/// So soon a client should look again at an order that is processing.
[[nodiscard]] Seconds front_retry_after(const store::FrontOrderRow& order, WallTime now) noexcept;

}  // namespace hairpin::admin
