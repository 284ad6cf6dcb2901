// acme/challenge_place.hpp - where a TXT value for a CA goes: CNAMEs are followed among our zones.
//
// A CA follows a CNAME at `_acme-challenge.<name>`, so the value has to stand where the chain ends.
// Where that is not in a zone of ours it goes into the zone elsewhere that the operator named
// (elsewhere.hpp); without one there is nothing that we could write, and the error says what to do.
// A CNAME that a wildcard makes is not followed: the value takes its place.
//
// Standards RFC 8555 section 8.4, RFC 1034 section 3.6.2, RFC 4592 section 3.
// Threads   Pure; a ZoneTable is a snapshot.

#pragma once

#include <span>

#include "acme/elsewhere.hpp"
#include "core/result.hpp"
#include "zones/name.hpp"
#include "zones/zone.hpp"

namespace hairpin::acme {

struct ChallengePlace {
    zones::Name owner;
    zones::Name apex;  // Of the zone that it is in.
    /// Where that is not ours; null: it is.
    const ElsewhereZone* elsewhere = nullptr;
    friend bool operator==(const ChallengePlace&, const ChallengePlace&) = default;
};

/// @param elsewhere  Looked at where a CNAME leads out of our zones, or below a delegation in them.
///                   The place points into it.
/// @param challenge  `_acme-challenge.<name>`, or another name that a CA asks for.
/// Errors: Invalid: a loop, a chain that is too long, one that leads out of our zones to where
/// nothing may be written, or a name that is delegated away or below a DNAME. The cause says what
/// to do.
[[nodiscard]] Result<ChallengePlace> find_challenge_place(const zones::ZoneTable& table,
                                                          std::span<const ElsewhereZone> elsewhere,
                                                          const zones::Name& challenge);

}  // namespace hairpin::acme
