// admin/verdict.hpp - one sentence per server: what is known, and what to do next.
//
// From what the server says and where its reports come from. Nothing has been probed from outside
// in this version, so nothing here says that a server can be reached: the best verdict is
// "unknown".
//
// Threads   Pure.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "acme/certificate_alarm.hpp"
#include "admin/names.hpp"
#include "admin/rival_watch.hpp"
#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "store/records.hpp"
#include "zones/address_rules.hpp"

namespace hairpin::admin {

struct Verdict {
    std::string code;       // Stable: "unknown", "conflict", "never-reported", "offline", ..
    std::string text;       // A sentence for a person.
    std::string next_step;  // What to do; empty: nothing.
    friend bool operator==(const Verdict&, const Verdict&) = default;
};

struct VerdictSituation {
    const store::ServerRow& server;
    const TwinNames& names;
    const zones::AddressRules& rules;
    const std::vector<IpAddress>& published_public;
    const std::vector<IpAddress>& published_internal;
    store::Online online;
    std::optional<Rival> rival;
    std::optional<acme::CertificateAlarm> alarm = {};
    /// The report being answered was held back or ignored: it came from another machine.
    bool is_held = false;
};

/// The most important of what is known, in this order: suspended, conflict, never-reported,
/// second-machine, offline, private-source or no-public-address, no-internal-address,
/// address-differs, certificate-expired or -blocked, internal-name-filtered, -fails or -wrong,
/// certificate-overdue, -old-served or -not-deployed, unknown.
[[nodiscard]] Verdict verdict_of(const VerdictSituation& situation);

}  // namespace hairpin::admin
