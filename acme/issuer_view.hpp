// acme/issuer_view.hpp - our CAs as others see them: do they work, which accounts have we there,
// when were they tried last.
//
// Made by the engine a moment after something moved, then published.
//
// Threads   Immutable once published.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "acme/breaker.hpp"
#include "core/clock.hpp"
#include "store/issuer_rows.hpp"

namespace hairpin::acme {

struct AccountView {
    std::string url;  // Empty: it is not registered yet.
    store::AccountRole role = store::AccountRole::Active;
    std::string problem;  // Why it cannot be used; empty: it can.
};

struct IssuerView {
    std::string name;
    std::string directory;
    std::string staging;  // Its directory for trials; empty: none.
    Breaker::State breaker = Breaker::State::Closed;
    std::optional<WallTime> breaker_since;  // Empty: it was never open.
    std::string breaker_why;                // Empty while it is closed.
    std::uint64_t openings = 0;
    std::uint64_t orders = 0;  // Placed since the start; of its staging directory not.
    std::uint64_t issued = 0;  // Certificates since the start.
    std::uint64_t failed = 0;  // Orders that failed since the start.
    std::size_t waiting = 0;   // For its limits, or for it to work again.
    std::vector<AccountView> accounts;
    /// Empty: a certificate is not tried there: it is the first CA, which is in use.
    std::optional<store::CanaryRow> certificate_canary;
    /// Empty: there is no account in reserve, or it was not looked up yet.
    std::optional<store::CanaryRow> standby_canary;
};

struct IssuersView {
    std::vector<IssuerView> issuers;  // In the order of the configuration.
};

}  // namespace hairpin::acme
