// acme/renewal_window.hpp - when a certificate is to be renewed, by its CA's wish or by its
// lifetime.
//
// A CA that offers renewal information suggests a window for each certificate. We choose an instant
// in it, once, at random, and keep it until the window changes: not later than 70 % of the window,
// so that what fails is tried again while the CA still exempts the order from its limits. Window,
// instant and certificate are stored together: a window never speaks for another certificate.
// Without a window it is 2/3 of the lifetime, or 1/2 of one under ten days, with a jitter.
//
// Nothing here asks anybody (client.hpp) or knows what time it is.
//
// Standards RFC 9773: identifier (section 4.1), window (4.2), when to ask again (4.3).
// Threads   Pure functions.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "acme/chain.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/renewal_rows.hpp"

namespace hairpin::acme {

/// Shortest and longest pause before the CA is asked again, whatever it says (section 4.3.2).
inline constexpr Milliseconds kShortestRenewalCheck{60'000};
inline constexpr Milliseconds kLongestRenewalCheck{24 * 3600 * 1000};
/// The pause after an answer without Retry-After, and after failures that last (section 4.3.3).
inline constexpr Milliseconds kUsualRenewalCheck{6 * 3600 * 1000};

/// Half open: `start` is in it, `end` is not. Never empty.
struct RenewalWindow {
    WallTime start{};
    WallTime end{};
    [[nodiscard]] bool contains(WallTime at) const noexcept { return start <= at && at < end; }
    friend bool operator==(const RenewalWindow&, const RenewalWindow&) = default;
};

struct RenewalSuggestion {
    RenewalWindow window;
    std::string explanation_url;  // A page for people: why the window is what it is; or empty.
};

/// base64url(AKI keyIdentifier) "." base64url(serial), of the first certificate of a PEM chain
/// (RFC 9773 section 4.1: without padding; the serial as in DER, with its leading zero octet).
/// Errors: Protocol it is no certificate, or names no key of its issuer.
[[nodiscard]] Result<std::string> cert_id(std::string_view pem);
/// Errors: Protocol, also where the window is empty or ends before it begins (section 4.2).
[[nodiscard]] Result<RenewalSuggestion> read_renewal_info(std::string_view json);

struct RenewalFacts {
    WallTime not_before{};
    WallTime not_after{};
    WallTime issued_at{};  // By our clock.
    std::int64_t server_id = 0;
};

/// What is done without a window: renewal_time(), but not in the first tenth of what was left when
/// it was issued, whatever the CA's clock says.
[[nodiscard]] WallTime usual_renewal(const RenewalFacts& facts);

struct RenewalPlan {
    WallTime renew_at{};
    WallTime check_at{};
    /// The window is over: the CA wants it renewed now, and there may be many of its kind.
    bool is_overdue = false;
};

/// @param before  The window that `renew_at` was chosen in; empty: none.
/// @param draw    Uniform over all values: chooses the instant, and up to 5 % of the pause.
/// The instant stays while the window does. It is never
///  - in the first tenth of the lifetime after the issue, unless the window is over or explained;
///  - in the last tenth before the expiry: a window that begins there is not followed.
[[nodiscard]] RenewalPlan plan_renewal(const RenewalFacts& facts, const RenewalSuggestion& info,
                                       const std::optional<RenewalWindow>& before,
                                       WallTime renew_at, std::optional<Milliseconds> retry_after,
                                       WallTime now, std::uint32_t draw);

/// Whether the CA wants it renewed before its time, because it will be revoked: its window is over,
/// and either it is explained or it lies before the usual renewal, so that it is none that we
/// missed.
[[nodiscard]] bool is_called_back(const RenewalFacts& facts, const store::RenewalRow& row,
                                  WallTime now);

/// How long to wait after that many failures in a row (1 and up): 1, 10, 100 minutes, then six
/// hours. `is_passing`: no answer, or a status of 500 or more; else six hours at once.
[[nodiscard]] Milliseconds renewal_check_pause(std::int64_t failures, bool is_passing,
                                               std::optional<Milliseconds> retry_after);

[[nodiscard]] std::optional<RenewalWindow> window_of(const store::RenewalRow& row);
/// When something is to be done about a settled certificate: the earlier of renewal and check.
[[nodiscard]] WallTime next_look(WallTime renew_at, const std::optional<store::RenewalRow>& row);

}  // namespace hairpin::acme
