// acme/elsewhere.hpp - zones that are not ours, and into which we may put TXT values over UPDATE.
//
// The operator names each of them, with its primary and a key that is granted TXT records there;
// nothing is written anywhere else. Where a challenge's CNAMEs lead, the configuration decides and
// nobody is asked: the nearest zone above the name's is the one.
//
// Standards RFC 2136 (the zones' server), RFC 8945 (the key), RFC 8555 section 8.4.
// Threads   Values and pure functions.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "dnsd/key_ring.hpp"
#include "zones/name.hpp"
#include "zones/rrset.hpp"

namespace hairpin::acme {

inline constexpr std::size_t kMostElsewhere = 100;
inline constexpr std::size_t kMostSecondariesElsewhere = 16;
inline constexpr zones::Ttl kElsewhereTtl = 60;

struct ElsewhereZone {
    zones::Name apex;
    Endpoint server;       // Its primary.
    dnsd::TsigKeyRef key;  // Never null once an engine has it.
    zones::Ttl ttl = kElsewhereTtl;
    std::vector<Endpoint> secondaries;  // Asked for each value before the CA is told.
    Milliseconds settle{0};             // From the last answer to the CA: for those not named.
};

/// The nearest zone that `name` is in. Null: nothing may be written there.
[[nodiscard]] const ElsewhereZone* find_elsewhere(std::span<const ElsewhereZone> all,
                                                  const zones::Name& name);
/// The zone itself. Null: it is not configured (any more).
[[nodiscard]] const ElsewhereZone* elsewhere_zone(std::span<const ElsewhereZone> all,
                                                  const zones::Name& apex);
/// "the name server 192.0.2.53:53 of validation.example"
[[nodiscard]] std::string server_text(const ElsewhereZone& zone);
/// Of its key, without a final dot.
[[nodiscard]] std::string key_text(const ElsewhereZone& zone);

}  // namespace hairpin::acme
