// acme/certificate_alarm.hpp - what is wrong with a server's certificate, in one sentence.
//
// That a certificate was issued helps nobody until it is served, and the usual outage is the one
// between the two: issued and never fetched, or fetched and the old one still served. So what the
// server says that it serves is compared with what it was given.
//
// Not here: why an order failed (verdict.hpp), and whether the server is there at all
// (admin/verdict.hpp).
//
// Threads   Pure functions.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "acme/certificates.hpp"
#include "core/clock.hpp"
#include "core/crypto.hpp"

namespace hairpin::acme {

/// From the worst on.
enum class AlarmKind : std::uint8_t {
    Expired,      // Its last certificate is over, and there is no other.
    Blocked,      // It has none, and a person must act.
    Overdue,      // Half of the time for its renewal is gone.
    OldServed,    // It was given a newer one than it serves.
    NotDeployed,  // It was given one, and has not said that it serves it.
};
inline constexpr std::size_t kAlarmKinds = 5;
inline constexpr std::array<std::string_view, kAlarmKinds> kAlarmWords = {
    "expired", "blocked", "overdue", "old-served", "not-deployed"};

[[nodiscard]] constexpr std::string_view to_string(AlarmKind kind) noexcept {
    return kAlarmWords[static_cast<std::size_t>(kind)];
}

/// So long a server has to fetch and serve what was issued: agents ask every few minutes, and
/// `cron` once an hour.
inline constexpr Milliseconds kDeployGrace{2LL * 3600 * 1000};

struct CertificateAlarm {
    AlarmKind kind{};
    std::string text;       // A sentence for a person.
    std::string next_step;  // What to do.
    friend bool operator==(const CertificateAlarm&, const CertificateAlarm&) = default;
};

/// @param served  What the server said last that it serves; empty: it has not said.
/// Empty: nothing is wrong, as far as is known.
[[nodiscard]] std::optional<CertificateAlarm> alarm_of(const CertificateState& state,
                                                       const std::optional<Sha256>& served,
                                                       WallTime now);
/// The worst of a server's. Certificates for a name alone count while there is no twin certificate,
/// which would do in their place; whether they are served nobody says.
[[nodiscard]] std::optional<CertificateAlarm> alarm_of(const ServerCertificates& certificates,
                                                       const std::optional<Sha256>& served,
                                                       WallTime now);

}  // namespace hairpin::acme
