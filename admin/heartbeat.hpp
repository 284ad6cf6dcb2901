// admin/heartbeat.hpp - what a report changes: a pure decision over values (DESIGN section 7).
//
// Takes the report, the server's row, its zone and the moment; gives the edits, the row's next
// report and the addresses that were refused. No store, no clock, no JSON: every rule is a table in
// the test.
//
// Addresses. An omitted member keeps what is published. A list is the whole statement for its name:
// it replaces both families, [] removes all. "auto" is the observed address and speaks for its own
// family only; the other family is kept. An address that breaks invariant 4 is refused by name and
// the rest is taken; where everything given for a family was refused, that family is kept, so that
// nothing vanishes because of a mistake. What is no address at all counts for both families.
//
// Machines. The first machine that reports is the agreed one. A report from another machine is held
// back while the agreed one was heard within the window, unless its credential is newer than that:
// then it is a replacement. If the agreed machine reports again while a rival was heard within the
// window, two machines share the identity: the server is frozen at what is published, until an
// operator decides. A rival that the agreed machine does not contradict takes over after the
// window.
//
// Standards DESIGN section 7 and invariant 4.
// Threads   Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "admin/names.hpp"
#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/ip_address.hpp"
#include "store/records.hpp"
#include "zones/address_rules.hpp"
#include "zones/change.hpp"
#include "zones/rrset.hpp"
#include "zones/zone.hpp"

namespace hairpin::admin {

inline constexpr std::size_t kMaxPrivateAddresses = 8;
inline constexpr std::size_t kMaxPublicAddresses = 8;
/// Longer lists are malformed, not merely refused.
inline constexpr std::size_t kMaxListedAddresses = 64;

struct Auto {
    friend bool operator==(Auto, Auto) = default;
};
/// A report as it came, its form checked and nothing more. Absent members keep what was.
struct Heartbeat {
    std::optional<std::vector<std::string>> private_addresses;
    std::optional<std::variant<Auto, std::vector<std::string>>> public_addresses;
    std::optional<std::uint16_t> port;
    std::optional<std::string> machine;
    std::optional<std::string> boot;
    std::optional<std::string> agent;
    std::optional<std::string> internal_name;
    std::optional<Sha256> certificate;
    friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

struct HeartbeatSituation {
    const zones::Zone& zone;  // As it is now.
    const TwinNames& names;
    const store::ServerRow& server;
    WallTime credential_created_at;
    IpAddress observed;
    WallTime now;
    const zones::AddressRules& rules;
    zones::Ttl ttl;
    Milliseconds window;               // Three intervals.
    std::optional<WallTime> rival_at;  // When another machine was last held back.
};

struct RefusedAddress {
    zones::Name name;
    std::string address;  // As given, cut to 64 octets.
    std::string reason;
    friend bool operator==(const RefusedAddress&, const RefusedAddress&) = default;
};

enum class MachineVerdict : std::uint8_t {
    Agreed,   // The one machine there is, or none is named.
    Adopted,  // It takes over from one that is silent, or with a newer credential.
    Held,     // Another was heard too recently: nothing of this report is taken.
    Frozen,   // Two machines share the identity: nothing of any report is taken.
};

struct HeartbeatDecision {
    MachineVerdict machine = MachineVerdict::Agreed;
    std::vector<zones::Edit> edits;  // Empty: DNS stays as it is.
    store::Report report;            // The row's next report.
    std::uint16_t port = 0;
    store::ServerState state = store::ServerState::Active;
    std::vector<RefusedAddress> refused;

    /// Whether rows change, beside last-seen.
    [[nodiscard]] bool changes_rows(const store::ServerRow& server) const {
        return report != server.report || port != server.port || state != server.state;
    }
};

[[nodiscard]] HeartbeatDecision decide(const HeartbeatSituation& situation,
                                       const Heartbeat& heartbeat);

/// The addresses at a name, IPv4 first.
[[nodiscard]] std::vector<IpAddress> published_at(const zones::Zone& zone, const zones::Name& name);
[[nodiscard]] std::vector<std::string> texts_of(const std::vector<IpAddress>& addresses);

}  // namespace hairpin::admin
