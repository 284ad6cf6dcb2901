// acme/caa_plan.hpp - which CAA records an apex should have, given our accounts: a plan, no deed.
//
//   0 issue "<ca>; accounturi=<account>; validationmethods=dns-01"   for each account that may
//   order
//                                         (and dns-persist-01, where that is switched on)
//   0 issuewild ";"                                                  no order of ours has a
//   wildcard 0 iodef "<url>"                                                  where one is
//   configured
//
// The safe order: a value is published, and its account orders only once no CA can have an older
// answer (max(TTL, the wait)); the value of an account that is no more goes when all others may be
// used. Where what stood there before did not forbid it (there was no such record, say), no older
// answer does, so there is nothing to wait for. What an operator wrote is never touched; where he
// had records of issue or issuewild before us, nothing is written, and it is said what he has to
// add.
//
// Standards RFC 8659 section 4, RFC 8657; CA/B Baseline Requirements 3.2.2.8 (8 hours).
// Threads   Pure.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "acme/caa.hpp"
#include "core/clock.hpp"
#include "store/caa_rows.hpp"
#include "zones/change.hpp"
#include "zones/zone.hpp"

namespace hairpin::acme {

inline constexpr zones::Ttl kCaaTtl = 3600;

/// An account that may order, and what CAA records call its CA.
struct CaaAccount {
    std::string identity;
    std::string url;
    friend bool operator==(const CaaAccount&, const CaaAccount&) = default;
};

struct CaaPlan {
    /// Empty: nothing is to be changed. Holds only while the zone's CAA are as they were.
    std::optional<zones::ZoneChange> change;
    std::vector<store::CaaRow> puts;
    std::vector<std::string> erases;  // Accounts.
    /// What the operator has to do himself; empty: nothing.
    std::string advice;
};

struct CaaPolicy {
    Milliseconds wait{8LL * 3600 * 1000};
    std::string iodef;
    std::string methods = "dns-01";  // "dns-01,dns-persist-01"
};

/// @param rows  Of the zone: the values that are ours.
[[nodiscard]] CaaPlan plan_caa(const zones::Zone& zone, const std::vector<store::CaaRow>& rows,
                               const std::vector<CaaAccount>& accounts, const CaaPolicy& policy,
                               WallTime now);

}  // namespace hairpin::acme
