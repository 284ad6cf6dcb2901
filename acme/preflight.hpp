// acme/preflight.hpp - would a CA find what it needs? Findings about a zone, and what they mean.
//
// Judges, and asks nobody: what our servers and resolvers said is given (preflight_asker.hpp). Each
// judgement is one check with one sentence, which for a problem says what to do. A problem is what
// is certainly wrong; what could not be found out is Unknown and holds no order.
//
//   zone        we serve it
//   server      each listener and secondary answers its SOA with authority, and is not behind
//   delegation  the parent leads to us
//   dnssec      a DS at the parent has a key in the zone
//   caa         at each name of the order, the CA may issue to this account
//   challenge   the TXT value of each name goes into a zone of ours, or into one elsewhere whose
//               server takes our key (challenge_place.hpp, elsewhere_checks.hpp)
//
// Standards RFC 8659 section 3 (the climb), RFC 4034 appendix B (key tags), RFC 1982 (serials),
//           RFC 4035 section 4.3 (bogus).
// Threads   Values and pure functions; a ZoneTable is a snapshot.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "acme/caa.hpp"
#include "acme/dns_answer.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "zones/name.hpp"
#include "zones/zone.hpp"

namespace hairpin::acme {

enum class PreflightOutcome : std::uint8_t { Good, Unknown, Problem };
/// "ok", "unknown", "problem".
[[nodiscard]] std::string_view to_string(PreflightOutcome outcome) noexcept;

struct PreflightCheck {
    std::string what;  // "delegation", "caa nur1.pl-acme.example.net".
    PreflightOutcome outcome = PreflightOutcome::Good;
    std::string text;  // A sentence without a full stop.
    friend bool operator==(const PreflightCheck&, const PreflightCheck&) = default;
};

struct PreflightReport {
    zones::Name zone;
    WallTime at{};  // When servers and resolvers were asked.
    std::vector<PreflightCheck> checks;

    /// The worst of all.
    [[nodiscard]] PreflightOutcome outcome() const noexcept;
    /// The sentences of that outcome, one after the other; empty where all is good.
    [[nodiscard]] std::string sentence() const;
};

/// A server that must answer for the zone.
struct PreflightServer {
    std::string what;  // "listener 192.0.2.53:53"
    std::uint32_t serial = 0;
    /// A server that follows may need a while: what is wrong with it is not certain yet.
    bool may_be_behind = false;
};
[[nodiscard]] PreflightCheck judge_server(const zones::Name& apex, const PreflightServer& server,
                                          const Result<DnsAnswer>& soa);

/// What a resolver said. `unchecked` is the same question with validation off, asked after
/// SERVFAIL.
struct DelegationSeen {
    Result<DnsAnswer> ns = DnsAnswer();
    std::optional<Result<DnsAnswer>> unchecked;
    Result<DnsAnswer> ds = DnsAnswer();  // With validation off: the parent's answer.
};
[[nodiscard]] PreflightCheck judge_delegation(const zones::Name& apex,
                                              const std::vector<zones::Name>& our_servers,
                                              const DelegationSeen& seen);
/// @param dnskeys  RDATA at our apex; none: the zone is not signed.
[[nodiscard]] PreflightCheck judge_ds(const zones::Name& apex, const std::vector<Octets>& dnskeys,
                                      const Result<DnsAnswer>& ds);
/// RFC 4034 appendix B.
[[nodiscard]] std::uint16_t key_tag(OctetView dnskey_rdata) noexcept;

/// The relevant RRset of a name (RFC 8659 section 3).
struct CaaFound {
    zones::Name at;
    std::vector<Octets> rdatas;
};
struct CaaElsewhere {  // None in our zones: to be asked for from this name upwards.
    zones::Name from;
};
struct CaaNone {};  // None at all.
struct CaaUnclear {
    std::string why;
};
using CaaPlace = std::variant<CaaFound, CaaElsewhere, CaaNone, CaaUnclear>;
/// The climb from `name`, as far as our zones go.
[[nodiscard]] CaaPlace find_caa(const zones::ZoneTable& table, const zones::Name& name);
/// What a resolver's answer about `at` is for the climb; nullopt: it goes on at the parent.
[[nodiscard]] std::optional<CaaPlace> caa_of_answer(const zones::Name& at,
                                                    const Result<DnsAnswer>& answer);
/// @param above  What was found from CaaElsewhere::from upwards; CaaElsewhere: nobody was asked.
[[nodiscard]] PreflightCheck judge_caa_of(const zones::ZoneTable& table, const zones::Name& name,
                                          const CaaPlace& above, const CaaWanted& wanted);

}  // namespace hairpin::acme
