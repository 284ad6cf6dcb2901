// acme/coupling.hpp - what an operator chooses about orders and DNS: options, and nothing else.
//
// Standards RFC 8659 and 8657 (CAA), draft-ietf-acme-dns-persist.
// Threads   Values; `zones` is called on the thread "acme".

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "acme/elsewhere.hpp"
#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "zones/zone.hpp"

namespace hairpin::acme {

enum class PreflightMode : std::uint8_t {
    On,    // A definite finding holds the order.
    Warn,  // It is logged, and the order goes on.
    Off,
};
enum class CaaMode : std::uint8_t {
    Off,
    Manage,  // CAA records of the zones in which orders are placed follow our accounts.
};
/// The format of the TXT record of dns-persist-01; Off: that challenge is never chosen.
enum class DnsPersist : std::uint8_t { Off, Draft01, Draft02 };

struct CouplingOptions {
    /// All that we answer from; empty: nothing is known of zones, so nothing is looked at.
    std::function<std::shared_ptr<const zones::ZoneTable>()> zones;
    PreflightMode preflight = PreflightMode::On;
    /// Asked for what stands above our zones, one after the other; none: nobody is asked.
    std::vector<Endpoint> resolvers;
    Milliseconds preflight_age{300'000};  // So long what servers and resolvers said is believed.

    CaaMode caa = CaaMode::Off;
    Milliseconds caa_wait{8LL * 3600 * 1000};  // From a CAA record to its use, at least.
    std::string caa_iodef;                     // "mailto:ops@example.net"; empty: none.

    DnsPersist dns_persist = DnsPersist::Off;

    /// Where values may be put that belong into no zone of ours; each apex once.
    std::vector<ElsewhereZone> elsewhere;
};

}  // namespace hairpin::acme
